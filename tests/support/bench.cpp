#include "support/bench.hpp"

#include <cstring>
#include <stdexcept>

namespace chatbridge::test {

void Bench::poll() {
  for (std::size_t ran = 1; ran > 0;) {
    ran = 0;
    for (const auto& shard : shards) {
      shard->io().restart();
      ran += shard->io().poll();
    }
  }
}

Reader::Reader(Bench& bench, Wire wire, Via via, std::size_t shard, bool datagrams)
    : bench_(bench),
      client_(Client::make(bench.hub, *bench.shards[shard], *this, via, wire, datagrams)),
      datagrams_(datagrams) {}

Cursor& Reader::attach(std::string_view name, From from) {
  if (client_->session() == nullptr) client_->become(bench_.hub.new_session());
  return *client_->attach(room(name), from).value();
}

Cursor& Reader::enter(std::string_view name, From from) {
  auto& cursor = attach(name, from);
  client_->join(cursor);
  return cursor;
}

void Reader::say(std::string_view what, std::string_view name, std::string id) {
  client_->say(*client_->find(name), text(what), false, std::move(id));
}

void Reader::leave_for_good(Farewell farewell) {
  if (!gone_) client_->gone(farewell);
  gone_ = true;
  // What the shard still holds of it must not outlive it.
  bench_.poll();
}

void Reader::flush() {
  ++flushes;
  if (gone_) return;
  if (on_flush) on_flush();
  if (datagrams_) {
    while (credit > 0) {
      const auto entry = client_->next_datagram();
      if (entry.bytes.empty()) return readies ? client_->ready(*this) : void();
      datagrams.emplace_back(entry.bytes);
      --credit;
    }
    return;
  }
  while (credit > 0) {
    auto& chunk = client_->gather();
    if (chunk.bytes == 0) return readies ? client_->ready(*this) : void();
    const auto n = take(chunk);
    client_->sent(chunk, n);
    on_sent(n);
  }
}

std::size_t Reader::take(const Chunk& chunk) {
  const auto n = std::min({credit, chunk.bytes, piece(chunk.bytes)});
  auto left = n;
  for (std::size_t i = 0; i < chunk.count && left > 0; ++i) {
    const auto size = std::min(left, chunk.iov[i].iov_len);
    got.append(static_cast<const char*>(chunk.iov[i].iov_base), size);
    left -= size;
  }
  if (credit != SIZE_MAX) credit -= n;
  if (!acknowledges) unacked += n;
  return n;
}

std::size_t Reader::send_now(const Chunk& chunk) {
  if (datagrams_) {
    if (chunk.entry == nullptr || credit == 0) return 0;
    datagrams.emplace_back(static_cast<const char*>(chunk.iov[0].iov_base), chunk.bytes);
    --credit;
    return ++walked, chunk.bytes;
  }
  ++walked;
  return take(chunk);
}

std::vector<std::string> Reader::lines() const { return split_lines(got); }
std::vector<std::string> Reader::payloads() const { return split_frames(got); }

std::vector<nlohmann::json> Reader::objects() const {
  std::vector<nlohmann::json> out;
  for (const auto& payload : payloads()) out.push_back(nlohmann::json::parse(payload));
  return out;
}

std::vector<nlohmann::json> Reader::objects(std::string_view type) const {
  std::vector<nlohmann::json> out;
  for (auto& o : objects())
    if (o.at("type") == type) out.push_back(std::move(o));
  return out;
}

std::vector<std::string> split_lines(std::string_view bytes) {
  std::vector<std::string> out;
  while (!bytes.empty()) {
    const auto lf = std::min(bytes.find('\n'), bytes.size());
    out.emplace_back(bytes.substr(0, lf));
    bytes.remove_prefix(std::min(lf + 1, bytes.size()));
  }
  return out;
}

std::vector<std::string> split_frames(std::string_view bytes) {
  std::vector<std::string> out;
  const auto take = [&](std::size_t n) {
    if (bytes.size() < n) throw std::runtime_error("half a frame");
    const auto taken = bytes.substr(0, n);
    bytes.remove_prefix(n);
    return taken;
  };
  while (!bytes.empty()) {
    const auto head = take(2);
    if (head[0] != '\x81') throw std::runtime_error("not a whole text frame");
    std::uint64_t size = static_cast<unsigned char>(head[1]);
    if (size > 127) throw std::runtime_error("masked");
    if (size >= 126) {
      const auto wide = take(size == 126 ? 2 : 8);
      size = 0;
      for (const unsigned char c : wide) size = size << 8 | c;
    }
    out.emplace_back(take(size));
  }
  return out;
}

}  // namespace chatbridge::test
