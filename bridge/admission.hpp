// How many connections there may be, in all and of one address.
#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <utility>

#include "bridge/network.hpp"
#include "core/errc.hpp"

namespace chatbridge {

// Thread-safe; outlives its places.
class Admission {
  using Count = std::pair<const NetworkBits, std::size_t>;

 public:
  struct Limits {
    std::size_t all = 0, per_address = 0;  // 0: no limit
  };
  explicit Admission(Limits limits) : limits_(limits) {}

  // One connection's place, given back when it ends.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)), of_(std::exchange(other.of_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(admission_, other.admission_);
      std::swap(of_, other.of_);
      return *this;
    }
    ~Place() {
      if (admission_ != nullptr) admission_->leave(of_);
    }

   private:
    friend class Admission;
    Place(Admission& a, Count* of) : admission_(&a), of_(of) {}
    Admission* admission_ = nullptr;
    Count* of_ = nullptr;  // nullptr: not counted by address
  };

  // Fails with too_many.
  result<Place> admit(const Host& from);

 private:
  void leave(Count* of);

  const Limits limits_;
  std::mutex m_;
  std::size_t all_ = 0;
  std::map<NetworkBits, std::size_t> by_address_;
};

}  // namespace chatbridge
