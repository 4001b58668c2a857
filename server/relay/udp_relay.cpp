#include "server/relay/udp_relay.hpp"

#include <algorithm>

#include "core/guarded.hpp"

namespace chatbridge {
namespace {

constexpr std::uint16_t privileged_ports = 1024;
constexpr Duration report_every = std::chrono::seconds(10);

std::string_view without_line_end(std::string_view s) {
  if (s.ends_with('\n')) s.remove_suffix(1);
  if (s.ends_with('\r')) s.remove_suffix(1);
  return s;
}

}  // namespace

// One address that has sent something: a client like any other.
class UdpRelay::Peer final : public Transport, public Sink {
 public:
  Peer(UdpRelay& relay, UdpSocket& socket, const UdpAddress& address)
      : relay(relay),
        socket(&socket),
        address(address),
        client(Client::make(relay.hub_, relay.lane_.shard, *this, Via::udp,
                            relay.hub_.options().verbatim ? Wire::bytes : Wire::line, true)),
        dialect(*client) {
    client->come_from(limited_host_of(address.remote.address()));
  }

  void flush() override {
    while (!socket->blocked()) {
      auto entry = client->next_datagram();
      if (entry.bytes.empty()) return client->ready(*this);
      relay.queue(*socket, address, std::move(entry));
    }
  }

  std::size_t send_now(const Chunk& chunk) override {
    if (chunk.entry == nullptr || socket->blocked()) return 0;
    relay.queue(*socket, address, {{static_cast<const char*>(chunk.iov[0].iov_base), chunk.bytes}, chunk.entry});
    return chunk.bytes;
  }

  void turned_away(std::string_view reason) override { relay.forget_soon(*this, reason); }

  UdpRelay& relay;
  UdpSocket* socket;  // that it wrote to last, as is the address of ours
  UdpAddress address;
  const std::shared_ptr<Client> client;
  LineDialect dialect;
  TimePoint heard;
  std::list<Peer*>::iterator place;
  FairPlaces<NetworkBits, Peer, KeyedHash>::Place share;
  std::uint64_t datagrams = 0;
};

UdpRelay::UdpRelay(Lane& lane, Hub& hub, UdpOptions options)
    : lane_(lane),
      hub_(hub),
      options_(std::move(options)),
      idle_(
          lane.shard.wheel(), [](void* self) { static_cast<UdpRelay*>(self)->expire(); }, this),
      report_(
          lane.shard.wheel(), [](void* self) { static_cast<UdpRelay*>(self)->report_drops(); }, this) {}

UdpRelay::~UdpRelay() = default;

void UdpRelay::bind(const Udp::endpoint& at) { sockets_.push_back(std::make_unique<UdpSocket>(lane_.shard.io(), at)); }

std::vector<Udp::endpoint> UdpRelay::local() const {
  std::vector<Udp::endpoint> out;
  for (const auto& socket : sockets_) out.push_back(socket->local());
  return out;
}

void UdpRelay::start() {
  for (const auto& socket : sockets_)
    socket->read([this, s = socket.get()](const UdpAddress& from,
                                          std::string_view datagram) { guarded([&] { took(*s, from, datagram); }); },
                 weak_from_this());
}

// ---- in

bool UdpRelay::acceptable(const UdpAddress& from, std::string_view datagram) {
  if (from.remote.port() < privileged_ports) return drop(Drop::low_port), false;
  for (const auto& socket : sockets_)
    if (socket->own(from)) return drop(Drop::own_socket), false;
  if (!hub_.options().verbatim && datagram.starts_with("*** ")) return drop(Drop::server_line), false;
  return true;
}

void UdpRelay::took(UdpSocket& socket, const UdpAddress& from, std::string_view datagram) {
  if (stopped_ || !acceptable(from, datagram)) return;
  auto* peer = peer_of(from);
  if (peer == nullptr && (!admit(socket, from, datagram) || (peer = new_peer(socket, from)) == nullptr)) return;
  peer->socket = &socket;
  peer->address = from;
  peer->heard = lane_.shard.wheel().now();
  by_activity_.splice(by_activity_.end(), by_activity_, peer->place);
  places_.used(peer->share);
  ++peer->datagrams;
  if (peer->client->congested()) return drop(Drop::congested);
  if (verbatim(peer->client->wire())) {
    peer->dialect.relay(datagram, false);
    return;
  }
  if (options_.challenge && parse_hello(datagram)) {
    if (!peer->client->heard()) return drop(Drop::rate);
    // Never said to anybody. The greeting may have been lost, so all but the first, which it answers, get an answer.
    if (peer->datagrams > 1) peer->dialect.say_where();
    return;
  }
  if (!peer->dialect.input(without_line_end(datagram))) return drop(Drop::rate);
  if (!peer->dialect.quit()) return;
  peer->client->tell("*** bye");
  peer->flush();
  forget(*peer, "quit");
}

bool UdpRelay::admit(UdpSocket& socket, const UdpAddress& from, std::string_view datagram) {
  if (options_.trusted.contain(from.remote.address())) return true;
  if (!options_.challenge) return drop(Drop::untrusted), false;
  const auto now = lane_.shard.wheel().now();
  const auto answer = guard_.judge(from, datagram, now);
  if (answer.join) return true;
  if (answer.wrong) drop(Drop::wrong_cookie);
  // What a full socket does not take at once is not queued for strangers.
  if (!answer.challenge || socket.blocked()) return drop(Drop::over_limit), false;
  const auto text = guard_.challenge(from, now);
  const auto bytes = std::make_shared<Segment>(0, text.size());
  std::ranges::copy(text, bytes->bytes.get());
  queue(socket, from, {{bytes->bytes.get(), text.size()}, bytes});
  return drop(Drop::challenged), false;
}

UdpRelay::Peer* UdpRelay::peer_of(const UdpAddress& from) {
  const auto found = peers_.find(from.key());
  return found == peers_.end() ? nullptr : found->second.get();
}

UdpRelay::Peer* UdpRelay::new_peer(UdpSocket& socket, const UdpAddress& from) {
  const auto host = host_of(from.remote.address());
  if (options_.peers > 0 && peers_.size() >= options_.peers) {
    auto* other = places_.to_replace_for(host);
    if (other == nullptr) return drop(Drop::too_many), nullptr;
    forget(*other, "replaced");
  }
  const auto address = to_string(Tcp::endpoint(from.remote.address(), from.remote.port()));
  auto peer = std::make_shared<Peer>(*this, socket, from);
  peer->dialect.come(address);
  peer->dialect.enter();
  peer->place = by_activity_.insert(by_activity_.end(), peer.get());
  peer->share = places_.add(host, *peer);
  log::info("connect", {{"transport", "udp"}, {"peer", address}, {"client", peer->client->id()}});
  peer->dialect.greet();
  if (!idle_.armed()) idle_.arm(options_.idle);
  return peers_.emplace(from.key(), std::move(peer)).first->second.get();
}

void UdpRelay::forget(Peer& peer, std::string_view reason) {
  const auto kept = peers_.extract(peer.address.key());
  if (flush_next_ == peer.place) ++flush_next_;
  by_activity_.erase(peer.place);
  places_.remove(peer.share);
  peer.client->gone(Farewell::said);
  log::info("disconnect",
            {{"transport", "udp"}, {"client", peer.client->id()}, {"reason", reason}, {"datagrams", peer.datagrams}});
}

// What it was told goes out first.
void UdpRelay::forget_soon(Peer& peer, std::string_view reason) {
  lane_.shard.post([self = shared_from_this(), client = peer.client, key = peer.address.key(), reason] {
    const auto found = self->peers_.find(key);
    if (found == self->peers_.end() || found->second->client != client) return;
    found->second->flush();
    self->forget(*found->second, reason);
  });
}

void UdpRelay::expire() {
  const auto now = lane_.shard.wheel().now();
  while (!by_activity_.empty() && now - by_activity_.front()->heard >= options_.idle)
    forget(*by_activity_.front(), "idle");
  if (!by_activity_.empty()) idle_.arm(by_activity_.front()->heard + options_.idle - now);
}

// ---- out

void UdpRelay::queue(UdpSocket& socket, const UdpAddress& to, Cursor::Entry entry) {
  socket.queue(to, std::move(entry));
  if (socket.full()) return send_queued(socket);
  // The datagrams of all clients flushed in one walk leave together.
  if (std::exchange(send_due_, true)) return;
  lane_.shard.after_flush(
      [](void* self) {
        auto& relay = *static_cast<UdpRelay*>(self);
        relay.send_due_ = false;
        for (const auto& s : relay.sockets_) relay.send_queued(*s);
        relay.close_if_done();
      },
      this);
}

void UdpRelay::send_queued(UdpSocket& socket) {
  socket.send(
      [this, s = &socket] {
        send_queued(*s);
        flush_all();
        close_if_done();
      },
      weak_from_this());
}

// In turn, from where it stopped: what the kernel takes is for all of them.
void UdpRelay::flush_all() {
  const Shard::Flushing flushing(lane_.shard);
  const auto blocked = [this] { return std::ranges::all_of(sockets_, [](const auto& s) { return s->blocked(); }); };
  for (auto left = by_activity_.size(); left > 0 && !blocked(); --left) {
    if (flush_next_ == by_activity_.end()) flush_next_ = by_activity_.begin();
    auto* peer = *flush_next_++;
    guarded([peer] { peer->flush(); });
  }
}

// ---- the end

void UdpRelay::finish() {
  stopped_ = true;
  finishing_ = true;
  {
    const Shard::Flushing flushing(lane_.shard);
    for (auto* peer : by_activity_) {
      peer->flush();
      peer->client->tell("*** the server is going down, bye");
      peer->flush();
    }
  }
  close_if_done();
}

void UdpRelay::close_if_done() {
  if (!finishing_) return;
  for (const auto& socket : sockets_)
    if (socket->queued() > 0) return;
  for (auto* peer : by_activity_)
    if (!peer->client->drained()) return;
  abort();
}

void UdpRelay::abort() {
  finishing_ = false;
  stopped_ = true;
  idle_.disarm();
  if (report_.armed()) report_drops();
  report_.disarm();
  const auto kept = shared_from_this();
  for (const auto& socket : sockets_) socket->close();
  while (!by_activity_.empty()) forget(*by_activity_.front(), "shutdown");
  lane_.connections.remove(*this);
}

void UdpRelay::drop(Drop why) {
  ++drops_[static_cast<std::size_t>(why)];
  if (!report_.armed()) report_.arm(report_every);
}

void UdpRelay::report_drops() {
  const auto take = [&](Drop d) { return std::exchange(drops_[static_cast<std::size_t>(d)], 0); };
  log::info("udp_dropped", {{"low_port", take(Drop::low_port)},
                            {"own_socket", take(Drop::own_socket)},
                            {"server_line", take(Drop::server_line)},
                            {"untrusted", take(Drop::untrusted)},
                            {"challenged", take(Drop::challenged)},
                            {"wrong_cookie", take(Drop::wrong_cookie)},
                            {"rate", take(Drop::rate)},
                            {"over_limit", take(Drop::over_limit)},
                            {"too_many", take(Drop::too_many)},
                            {"congested", take(Drop::congested)}});
}

}  // namespace chatbridge
