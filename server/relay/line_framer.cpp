#include "server/relay/line_framer.hpp"

namespace chatbridge {

bool LineFramer::text(char c) {
  constexpr unsigned char se = 240, sb = 250, will = 251, dont = 254, iac = 255;  // RFC 854
  const auto b = static_cast<unsigned char>(c);
  switch (telnet_) {
    case Telnet::none:
      if (b != iac) return true;
      telnet_ = Telnet::iac;
      return false;
    case Telnet::iac:
      telnet_ = b == sb ? Telnet::sub : b >= will && b <= dont ? Telnet::option : Telnet::none;
      if (b == iac) return true;  // IAC IAC: the byte itself
      terminated_ = true;
      return false;
    case Telnet::option:
      telnet_ = Telnet::none;
      return false;
    case Telnet::sub:
      if (b == iac) telnet_ = Telnet::sub_iac;
      return false;
    case Telnet::sub_iac:
      telnet_ = b == se ? Telnet::none : Telnet::sub;
      return false;
  }
  return true;
}

}  // namespace chatbridge
