#include "bridge/admission.hpp"

#include <algorithm>
#include <string>

namespace chatbridge {

namespace ip = boost::asio::ip;

result<Admission::Place> Admission::admit(const ip::address& from) {
  const auto v6 = from.is_v6() ? from.to_v6() : ip::make_address_v6(ip::v4_mapped, from.to_v4());
  const bool v4 = v6.is_v4_mapped();
  const bool loopback = v4 ? ip::make_address_v4(ip::v4_mapped, v6).is_loopback() : v6.is_loopback();
  auto key = v6.to_bytes();
  if (!v4) std::fill(key.begin() + 8, key.end(), static_cast<unsigned char>(0));

  const std::lock_guard lock(m_);
  if (limits_.all > 0 && all_ >= limits_.all)
    return Error{errc::too_many, "this server has all the connections it may have; try again later"};
  Count* of = nullptr;
  if (limits_.per_address > 0 && !loopback) {
    const auto found = by_address_.try_emplace(key, 0).first;
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
