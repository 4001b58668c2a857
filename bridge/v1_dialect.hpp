// How chatbridge.v1 clients are talked with: requests applied to the hub, answers as JSON.
#pragma once
#include <string_view>

#include "bridge/protocol.hpp"
#include "core/client.hpp"

namespace chatbridge {

class V1Dialect {
 public:
  explicit V1Dialect(Client& client) : client_(client) {}

  // One frame's text: one or more objects separated by newlines. Returns how much of it was taken: all, unless the
  // client became congested; the rest is given again when it is not.
  std::size_t input(std::string_view text);

 private:
  void object(std::string_view text);
  void apply(const v1::Hello& r);
  void apply(const v1::Join& r);
  void apply(const v1::Leave& r);
  void apply(const v1::Say& r);
  void apply(const v1::History& r);
  void apply(const v1::SetNick& r);
  void apply(const v1::Who& r);
  void apply(const v1::Direct& r);
  void apply(const v1::Typing& r);
  void apply(const v1::Ping& r);
  // Whether the text may go out; else the client was told why not.
  bool harmless(const std::string& text, std::string_view id, std::string_view room = {});

  Cursor* joined(const std::string& name, std::string_view id = {});

  Client& client_;
};

}  // namespace chatbridge
