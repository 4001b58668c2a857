// Waiting for what another thread brings about. The deadline only ever makes a test fail.
#pragma once
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

namespace chatbridge::test {

template <class Condition>
void until(Condition holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) FAIL("it never came to that");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace chatbridge::test
