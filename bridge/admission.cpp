#include "bridge/admission.hpp"

#include <string>

namespace chatbridge {

result<Admission::Place> Admission::admit(const Host& host) {
  const std::lock_guard lock(m_);
  if (limits_.all > 0 && all_ >= limits_.all)
    return Error{errc::too_many, "this server has all the connections it may have; try again later"};
  Count* of = nullptr;
  if (limits_.per_address > 0 && host) {
    const auto found = by_address_.try_emplace(*host, 0).first;
    if (found->second >= limits_.per_address)
      return Error{errc::too_many,
                   "your address has " + std::to_string(limits_.per_address) + " connections already; try again later"};
    ++found->second;
    of = &*found;
  }
  ++all_;
  return Place(*this, of);
}

void Admission::leave(Count* of) {
  const std::lock_guard lock(m_);
  --all_;
  if (of != nullptr && --of->second == 0) by_address_.erase(of->first);
}

}  // namespace chatbridge
