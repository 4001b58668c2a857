#include "core/client.hpp"

namespace chatbridge {

void Client::history(const RoomName& room, Seq before, std::size_t most, HistoryHandler answer) {
  if (history_ && history_->wait.armed()) reading(false);  // it is asked no more
  reading(true);
  history_ = std::make_unique<History>(
      room, before, most, std::move(answer), shard_.wheel(),
      [](void* self) { static_cast<Client*>(self)->read_history(); }, this);
  read_history();
}

void Client::read_history() {
  auto& h = *history_;
  const auto wait = hub_.replay().ask(host_, h.most, shard_.wheel().now());
  if (wait > Duration{}) return h.wait.arm(wait);
  hub_.journal().read_before(
      h.room, h.before, h.most,
      [self = shared_from_this(), most = h.most, answer = std::move(h.answer)](result<Page> page) {
        // Posted even on this thread: it may be in the middle of its input.
        self->shard_.post([self, most, answer, page = std::move(page)] {
          self->hub_.replay().settle(self->host_, most, page ? page->messages.size() : 0);
          self->reading(false);
          answer(page);
          self->shard_.flush_soon(*self);
        });
      });
}

}  // namespace chatbridge
