// What the lives of lives_model_test.cpp are told in: rooms, who said what, and what all of it was.
#pragma once
#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <string>

namespace chatbridge::lives {

inline const std::array<std::string, 2> rooms{"lobby", "attic"};

inline void must(bool good, const std::string& wrong) {
  if (!good) FAIL(wrong);
}

// Everybody's texts in a room are numbered from 1: "2l-17 xxx".
inline std::string speaker(std::size_t person, const std::string& room) { return std::to_string(person) + room[0]; }
struct Said {
  explicit Said(const std::string& text)
      : speaker(text.substr(0, text.find('-'))), n(std::stoul(text.substr(text.find('-') + 1))) {}
  const std::string speaker;
  const std::size_t n;
};

// Of a room, in the end.
struct Story {
  std::map<std::uint64_t, std::string> all;      // whatever was given a number
  std::map<std::string, std::uint64_t> numbers;  // the same by text
  std::uint64_t floor = 0;                       // up to here it is forgotten

  void note(std::uint64_t seq, const std::string& text) {
    const auto [known, fresh] = all.emplace(seq, text);
    must(fresh || known->second == text, "two texts of one number");
    if (fresh) must(numbers.emplace(text, seq).second, "one text twice");
  }
};

// How often what was to be seen was there to be seen.
struct Tally {
  std::size_t came_back = 0, from_killed = 0, took_over = 0;  // with a token
  // Tokens used up of which the next one never arrived: with the hub, with the connection.
  std::size_t lost_by_kill = 0, lost_by_line = 0;  // tokens used up, and the next one never arrived
  std::size_t repeated = 0;                        // at the seam
};

}  // namespace chatbridge::lives
