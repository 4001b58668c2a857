// A bounded number of places shared by many holders: which one a newcomer may have when all are taken.
#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <unordered_map>
#include <utility>

namespace chatbridge {

// Keeps of every item who holds it and when it was last used. A newcomer may have the longest unused item of the holder
// with the most, if that holds more than the newcomer's: so nobody can take everything by asking often. Among equals it
// is the one with the longest unused item. All calls are O(log holders). It owns no items.
template <class Key, class Item, class Hash>
class FairPlaces {
  struct Holder;
  struct Use {
    Item* item;
    std::uint64_t used;
  };

 public:
  // Where an item is listed; good until remove().
  class Place {
    friend class FairPlaces;
    std::pair<const Key, Holder>* holder = nullptr;
    typename std::list<Use>::iterator use;
  };

  Place add(const Key& key, Item& item) {
    Place place;
    place.holder = &*holders_.try_emplace(key).first;
    auto& holder = place.holder->second;
    if (!holder.uses.empty()) ranks_.erase(rank(holder));
    place.use = holder.uses.insert(holder.uses.end(), {&item, ++clock_});
    ranks_.emplace(rank(holder), &holder);
    return place;
  }

  void used(const Place& place) {
    auto& holder = place.holder->second;
    const bool longest = place.use == holder.uses.begin();
    if (longest) ranks_.erase(rank(holder));
    place.use->used = ++clock_;
    holder.uses.splice(holder.uses.end(), holder.uses, place.use);
    if (longest) ranks_.emplace(rank(holder), &holder);
  }

  void remove(const Place& place) {
    auto& holder = place.holder->second;
    ranks_.erase(rank(holder));
    holder.uses.erase(place.use);
    if (holder.uses.empty()) {
      holders_.erase(holders_.find(place.holder->first));
    } else {
      ranks_.emplace(rank(holder), &holder);
    }
  }

  // The longest unused item of the holder with the most; nullptr: there is none.
  Item* of_most() const { return ranks_.empty() ? nullptr : ranks_.begin()->second->uses.front().item; }

  // Whose place a newcomer of this holder may have; nullptr: nobody's.
  Item* to_replace_for(const Key& key) const {
    const auto mine = holders_.find(key);
    const auto held = mine == holders_.end() ? 0 : mine->second.uses.size();
    if (ranks_.empty() || ranks_.begin()->second->uses.size() <= held) return nullptr;
    return ranks_.begin()->second->uses.front().item;
  }

 private:
  struct Holder {
    std::list<Use> uses;  // longest unused first
  };
  // Most first, then longest unused.
  using Rank = std::pair<std::uint64_t, std::uint64_t>;
  static Rank rank(const Holder& h) { return {UINT64_MAX - h.uses.size(), h.uses.front().used}; }

  std::unordered_map<Key, Holder, Hash> holders_;
  std::map<Rank, Holder*> ranks_;  // `used` makes them unique
  std::uint64_t clock_ = 0;
};

}  // namespace chatbridge
