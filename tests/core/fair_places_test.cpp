#include "core/fair_places.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "support/random.hpp"

namespace chatbridge {
namespace {

struct Item {
  int holder = 0;
  FairPlaces<int, Item, std::hash<int>>::Place place;
};

TEST_CASE("a newcomer takes the longest silent place of who holds most, and none from equals") {
  FairPlaces<int, Item, std::hash<int>> places;
  std::vector<std::unique_ptr<Item>> items;
  const auto add = [&](int holder) {
    auto& item = items.emplace_back(std::make_unique<Item>());
    item->holder = holder;
    item->place = places.add(holder, *item);
    return item.get();
  };
  CHECK(places.to_replace_for(1) == nullptr);
  auto *a = add(1), *b = add(1), *c = add(1);
  auto *d = add(2), *e = add(2);
  static_cast<void>(d);
  CHECK(places.to_replace_for(3) == a);
  CHECK(places.to_replace_for(2) == a);
  CHECK(places.to_replace_for(1) == nullptr);
  places.used(a->place);
  CHECK(places.to_replace_for(3) == b);
  places.remove(b->place);
  // Two each now: the longest silent of both.
  CHECK(places.to_replace_for(3) == c);
  places.used(c->place);
  CHECK(places.to_replace_for(3) == d);
  CHECK(places.to_replace_for(2) == nullptr);
  places.remove(d->place);
  places.remove(e->place);
  places.remove(a->place);
  places.remove(c->place);
  CHECK(places.to_replace_for(3) == nullptr);
}

TEST_CASE("places are as a plain list of them says, whatever happens") {
  for (std::uint64_t run = 0; run < 20; ++run) {
    RANDOM_RUN(run);
    test::Random random(run);
    FairPlaces<int, Item, std::hash<int>> places;
    std::vector<std::unique_ptr<Item>> by_use;  // longest silent first
    constexpr std::size_t limit = 40;
    for (int step = 0; step < 3000; ++step) {
      const int holder = static_cast<int>(random.one_in(2) ? 0 : random.below(30));
      std::map<int, std::size_t> held;
      for (const auto& i : by_use) ++held[i->holder];
      std::size_t most = 0;
      for (const auto& [h, n] : held) most = std::max(most, n);
      const auto expected = std::ranges::find_if(by_use, [&](const auto& i) { return held[i->holder] == most; });
      auto* const victim = places.to_replace_for(holder);
      REQUIRE(victim == (most > held[holder] ? expected->get() : nullptr));
      if (random.one_in(3) && !by_use.empty()) {
        const auto at = by_use.begin() + static_cast<long>(random.below(by_use.size()));
        places.used((*at)->place);
        std::rotate(at, at + 1, by_use.end());
        continue;
      }
      if (by_use.size() >= limit) {
        if (victim == nullptr) continue;
        places.remove(victim->place);
        std::erase_if(by_use, [&](const auto& i) { return i.get() == victim; });
      }
      by_use.push_back(std::make_unique<Item>());
      by_use.back()->holder = holder;
      by_use.back()->place = places.add(holder, *by_use.back());
    }
  }
}

TEST_CASE("one address that asks for every place leaves others theirs") {
  FairPlaces<int, Item, std::hash<int>> places;
  std::vector<std::unique_ptr<Item>> items;
  std::map<int, std::size_t> held;
  constexpr std::size_t limit = 1000;
  std::size_t taken = 0;
  const auto come = [&](int holder) {
    if (taken == limit) {
      auto* victim = places.to_replace_for(holder);
      if (victim == nullptr) return false;
      places.remove(victim->place);
      --held[victim->holder], --taken;
    }
    auto& item = items.emplace_back(std::make_unique<Item>());
    item->holder = holder;
    item->place = places.add(holder, *item);
    ++held[holder], ++taken;
    return true;
  };
  for (int i = 0; i < 100; ++i) come(1 + i % 10);
  for (int i = 0; i < 100'000; ++i) come(0);
  for (int holder = 1; holder <= 10; ++holder) CHECK(held[holder] == 10);
  CHECK(held[0] == 900);
  for (int i = 0; i < 100; ++i) CHECK(come(100 + i));
  CHECK(held[0] == 800);
}

}  // namespace
}  // namespace chatbridge
