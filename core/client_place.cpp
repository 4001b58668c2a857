// Where a client that has a token stands, for when it comes back.
#include "core/client.hpp"

namespace chatbridge {

// Who has the token has all that was sent before it: the stream is in order.
void Client::keep_place() {
  if (keeps_place_) return;
  place_ = std::make_unique<Place>(
      shard_.wheel(), [](void* self) { static_cast<Client*>(self)->save_place(); }, this);
  place_->seq = first()->seq();
  const auto waiting = transport_->unacknowledged();
  place_->sent = waiting == SIZE_MAX ? 0 : waiting;
  keeps_place_ = true;
  unready();  // what it is sent is counted
}

void Client::place_from(Seq seq) {
  place_->marks.clear();
  place_->seq = seq;
  save_place_soon();
}

void Client::await_token(const SecretHash& token) {
  if (muted_) return;  // it was not told, so it can't arrive: the one before stays good
  place_->token = token;
  place_->token_end = place_->sent + private_bytes();
  place_->token_awaited = true;
  save_place_soon();
}

void Client::look_after_token() {
  if (transport_ != nullptr && place_ && place_->token_awaited) forget_acknowledged();
}

// Behind what waits in the private log, since that may be the rest of the last entry.
void Client::sent_some(std::size_t bytes) {
  constexpr std::size_t marks_max = 64;
  if (!keeps_place_) return;
  auto& marks = place_->marks;
  place_->sent += bytes;
  if (cursors_.empty()) return;
  const auto seq = first()->seq();
  const auto last = marks.empty() ? place_->seq : marks.back().seq;
  if (seq == last) return;
  marks.push_back({place_->sent + private_bytes(), seq});
  if (marks.size() > marks_max) {
    forget_acknowledged();
    // Fewer of them only mean that some is given twice.
    if (marks.size() > marks_max)
      for (std::size_t i = 0; i + 1 < marks.size(); ++i) marks.erase(marks.begin() + static_cast<std::ptrdiff_t>(i));
  }
  save_place_soon();
}

void Client::save_place_soon() {
  if (!place_->timer.armed()) place_->timer.arm(place_every);
}

void Client::forget_acknowledged() {
  auto& p = *place_;
  const auto acknowledged = p.sent - std::min<std::uint64_t>(p.sent, transport_->unacknowledged());
  while (!p.marks.empty() && p.marks.front().offset <= acknowledged) {
    p.seq = p.marks.front().seq;
    p.marks.pop_front();
  }
  if (p.token_awaited && acknowledged >= p.token_end) {
    p.token_awaited = false;
    hub_.confirm_token(*session_, p.token);
  }
}

void Client::save_place() {
  if (transport_ == nullptr || cursors_.empty()) return;
  forget_acknowledged();
  hub_.save_place(session_, first()->room().name(), place_->seq);
  // What is not acknowledged yet is looked for again.
  if (!place_->marks.empty() || place_->token_awaited) place_->timer.arm(place_every);
}

void Client::give_place_away() {
  if (transport_ == nullptr || !keeps_place_) return;
  save_place();
  keeps_place_ = false;
  gave_place_away_ = true;
  place_->timer.disarm();
  turn_away("resumed elsewhere", Error{errc::nick_taken, "resumed elsewhere, bye"});
}

}  // namespace chatbridge
