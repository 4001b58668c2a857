// For what is done for one client, timer or peer among several: what goes wrong with it, most likely for want of
// memory, is logged and costs the others nothing. What was begun with it may be left half done.
#pragma once
#include <exception>

#include "core/log.hpp"

namespace chatbridge {

template <class F>
void guarded(F&& f) noexcept {
  try {
    try {
      f();
    } catch (const std::exception& e) {
      log::error("exception", {{"what", e.what()}});
    }
  } catch (...) {  // not even memory for the line
  }
}

}  // namespace chatbridge
