// Where a client that has a token stands, for when it comes back.
#include "core/client.hpp"

namespace chatbridge {

// Who has the token has all that was sent before it: the stream is in order.
void Client::keep_place() {
  if (keeps_place_) return;
  place_ = first()->seq();
  marks_.clear();
  const auto waiting = transport_->unacknowledged();
  sent_ = waiting == SIZE_MAX ? 0 : waiting;
  keeps_place_ = true;
}

void Client::await_token(const SecretHash& token) {
  token_ = token;
  token_end_ = sent_ + private_bytes();
  token_awaited_ = true;
  save_place_soon();
}

void Client::look_after_token() {
  if (transport_ != nullptr && token_awaited_) forget_acknowledged();
}

// Behind what waits in the private log, since that may be the rest of the last entry.
void Client::sent_some(std::size_t bytes) {
  constexpr std::size_t marks_max = 64;
  if (!keeps_place_) return;
  sent_ += bytes;
  if (cursors_.empty()) return;
  const auto seq = first()->seq();
  const auto last = marks_.empty() ? place_ : marks_.back().seq;
  if (seq == last) return;
  marks_.push_back({sent_ + private_bytes(), seq});
  if (marks_.size() > marks_max) {
    forget_acknowledged();
    // Fewer of them only mean that some is given twice.
    if (marks_.size() > marks_max)
      for (std::size_t i = 0; i + 1 < marks_.size(); ++i) marks_.erase(marks_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  save_place_soon();
}

void Client::save_place_soon() {
  if (!place_timer_)
    place_timer_ = std::make_unique<Timer>(
        shard_.wheel(), [](void* self) { static_cast<Client*>(self)->save_place(); }, this);
  if (!place_timer_->armed()) place_timer_->arm(place_every);
}

void Client::forget_acknowledged() {
  const auto acknowledged = sent_ - std::min<std::uint64_t>(sent_, transport_->unacknowledged());
  while (!marks_.empty() && marks_.front().offset <= acknowledged) {
    place_ = marks_.front().seq;
    marks_.pop_front();
  }
  if (token_awaited_ && acknowledged >= token_end_) {
    token_awaited_ = false;
    hub_.confirm_token(*session_, token_);
  }
}

void Client::save_place() {
  if (transport_ == nullptr || cursors_.empty()) return;
  forget_acknowledged();
  hub_.save_place(*session_, first()->room().name(), place_);
  // What is not acknowledged yet is looked for again.
  if ((!marks_.empty() || token_awaited_) && place_timer_) place_timer_->arm(place_every);
}

void Client::give_place_away() {
  if (transport_ == nullptr || !keeps_place_) return;
  save_place();
  keeps_place_ = false;
  gave_place_away_ = true;
  if (place_timer_) place_timer_->disarm();
  turn_away("resumed elsewhere", Error{errc::nick_taken, "resumed elsewhere, bye"});
}

}  // namespace chatbridge
