#include "bridge/room_api.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "bridge/place.hpp"
#include "bridge/protocol.hpp"
#include "core/command.hpp"
#include "core/room.hpp"
#include "core/shard.hpp"
#include "core/text.hpp"
#include "core/wire.hpp"

namespace chatbridge {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t limit_max = 1000;
constexpr std::size_t answer_bytes = 256 * 1024;  // of one answer, about: it is kept until it is read
constexpr auto nobody = "http";                   // who says what is posted without a nick

// A request that is answered later: all of it but the body.
HttpRequest without_body(const HttpRequest& request) { return HttpRequest(http::request_header<>(request.base())); }

// One page of the answer after the other, as the journal gives them.
class Reading : public std::enable_shared_from_this<Reading> {
 public:
  Reading(Hub& hub, const Asker& asker, HttpRequest asked, RoomName room, std::optional<Seq> after, std::size_t limit,
          Done done)
      : journal_(hub.journal()),
        replay_(hub.replay()),
        asker_(asker),
        pause_(
            asker.shard.wheel(), [](void* self) { static_cast<Reading*>(self)->read(); }, this),
        asked_(std::move(asked)),
        room_(std::move(room)),
        forward_(after.has_value()),
        limit_(limit),
        place_(after.value_or(Seq{UINT64_MAX})),
        done_(std::move(done)) {}

  void read() {
    const auto most = limit_ - messages_.size();
    const auto wait = replay_.ask(asker_.host, most, asker_.shard.wheel().now());
    if (wait > Duration{}) return pause_.arm(wait);
    auto got = [weak = weak_from_this(), most, &replay = replay_, asker = asker_](result<Page> page) {
      asker.shard.post([weak, most, &replay, host = asker.host, page = std::move(page)] {
        replay.settle(host, most, page ? page->messages.size() : 0);
        if (const auto self = weak.lock()) self->got(page);
      });
    };
    if (forward_) {
      journal_.read_after(room_, place_, most, std::move(got));
    } else {
      journal_.read_before(room_, place_, most, std::move(got));
    }
  }

 private:
  void got(const result<Page>& page) {
    if (!page) return done_(error_response(asked_, page.error()));
    const bool goes_on = forward_ ? take_forward(*page) : take_backward(*page);
    if (goes_on && more_ && !full()) return read();
    answer();
  }

  bool full() const { return messages_.size() >= limit_ || bytes_ >= answer_bytes; }

  // Counted as it is sent: a byte of text can be six of JSON.
  void take(const MessagePtr& m) {
    wire::append_message_json(messages_.emplace_back(), room_.str(), *m);
    bytes_ += messages_.back().size();
    place_ = m->seq;
  }

  // Whether another page may follow.
  bool take_forward(const Page& page) {
    if (place_ < page.floor) {
      // What went while this was read is told to whoever asks for the rest.
      if (!messages_.empty()) return more_ = true, false;
      gap_ = {place_, page.floor};
      place_ = page.floor;
    }
    more_ = page.more;
    for (const auto& m : page.messages) {
      if (full()) return more_ = true, false;
      take(m);
    }
    return !page.messages.empty();
  }

  bool take_backward(const Page& page) {
    more_ = page.more;
    for (auto m = page.messages.rbegin(); m != page.messages.rend(); ++m) {
      if (full()) return more_ = true, false;
      take(*m);
    }
    return !page.messages.empty();
  }

  void answer() {
    if (!forward_) std::ranges::reverse(messages_);
    std::string out = R"({"epoch":")" + journal_.epoch().name + R"(","messages":[)";
    out.reserve(bytes_ + messages_.size() + 128);
    for (const auto& m : messages_) {
      if (&m != &messages_.front()) out += ',';
      out += m;
    }
    out += R"(],"more":)";
    out += more_ ? "true" : "false";
    if (gap_) {
      out += R"(,"gap":{)";
      wire::append_gap_members(out, gap_->first, gap_->second);
      out += '}';
    }
    out += "}\n";
    done_(json_response(asked_, 200, std::move(out)));
  }

  Journal& journal_;
  ReplayLimit& replay_;
  const Asker asker_;
  Timer pause_;
  const HttpRequest asked_;
  const RoomName room_;
  const bool forward_;  // from a place on, else back from the end
  const std::size_t limit_;
  Seq place_;  // of the message that was taken last
  const Done done_;
  std::vector<std::string> messages_;  // as they were taken, ready to be sent
  std::size_t bytes_ = 0;
  bool more_ = false;
  std::optional<std::pair<Seq, Seq>> gap_;
};

// One message on its way into the journal. It keeps its room open.
class Posting final : public Speaker, public std::enable_shared_from_this<Posting> {
 public:
  Posting(Hub& hub, Shard& shard, HttpRequest asked, Done done)
      : hub_(hub), shard_(shard), asked_(std::move(asked)), done_(std::move(done)) {}

  void settled(Room& room, const std::string&, std::size_t, const result<Appended>& outcome) override {
    // Posted also from this thread: the room is in the middle of its batch.
    shard_.post([self = shared_from_this(), name = room.name(), outcome] { self->settled_here(name, outcome); });
  }
  Shard& shard() override { return shard_; }

 private:
  void settled_here(const RoomName& room, const result<Appended>& outcome) {
    hub_.close(room);
    if (!outcome) return done_(error_response(asked_, outcome.error()));
    // The address is the same for all; the message is known by its number.
    done_(json_response(asked_, outcome->repeated ? 200 : 201,
                        R"({"seq":)" + std::to_string(number(outcome->message->seq)) + "}\n"));
  }

  Hub& hub_;
  Shard& shard_;
  const HttpRequest asked_;
  const Done done_;
};

bool is_json(std::string_view content_type) {
  constexpr std::string_view json = "application/json";
  const auto type = content_type.substr(0, content_type.find(';'));
  const auto last = type.find_last_not_of(" \t");
  return boost::beast::iequals(beast_view(type.substr(0, last + 1)), beast_view(json));
}

// What the body says, as the message it becomes.
result<Message> message_of(const Hub& hub, std::string_view body) {
  const auto post = v1::parse_post(body);
  if (!post) return post.error();
  const auto nick = post->nick ? Nick::parse(*post->nick) : Nick::given(nobody);
  if (!nick) return nick.error();
  if (post->nick && hub.nick_in_use(*nick))
    return Error{errc::nick_taken, "somebody who is connected has the nick " + nick->str()};
  if (command::may_hold_secret(post->text)) return Error{errc::bad_request, command::secret};
  const auto text = Text::parse(post->text, hub.options().text);
  if (!text) return text.error();
  Message m;
  m.at = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  m.nick = nick->str();
  m.via = Via::http;
  m.action = post->action;
  m.text = text->str();
  m.id = post->id;
  // Nobody's session: those have no '/'.
  if (!m.id.empty()) m.session = "http/" + nick->key();
  return m;
}

}  // namespace

std::shared_ptr<void> read_messages(Hub& hub, const Asker& asker, const HttpRequest& request, const RoomName& room,
                                    Done done) {
  const auto query = Query::parse(request);
  if (!query) return done(error_response(request, query.error())), nullptr;
  const auto after = query->number("after"), limit = query->number("limit");
  if (!after) return done(error_response(request, after.error())), nullptr;
  if (!limit) return done(error_response(request, limit.error())), nullptr;
  std::optional<Seq> from;
  // 0 is before everything, in every epoch.
  if (*after && (**after == 0 || is_place(hub.journal(), room, query->string("epoch"), Seq{**after})))
    from = Seq{**after};
  const auto most = std::clamp<std::uint64_t>(limit->value_or(newest_messages), 1, limit_max);
  auto reading = std::make_shared<Reading>(hub, asker, without_body(request), room, from, most, std::move(done));
  reading->read();
  return reading;
}

void post_message(Hub& hub, const Asker& asker, const HttpRequest& request, const RoomName& room, Done done) {
  // A page of another site can have its visitors post some types without asking first, this one it can't.
  if (request.count(http::field::origin) > 0 && !is_json(view(request[http::field::content_type])))
    return done(error_response(request, 415, {errc::bad_request, "from a page, a POST is application/json"}));
  auto message = message_of(hub, request.body());
  if (!message) return done(error_response(request, message.error()));
  const auto opened = hub.open(room, asker.host);
  if (!opened) return done(error_response(request, opened.error()));
  (*opened)->append(*std::move(message),
                    std::make_shared<Posting>(hub, asker.shard, without_body(request), std::move(done)));
}

Outcome listen(const Journal& journal, const HttpRequest& request, const RoomName& room) {
  auto head = respond(request, 200, "text/event-stream", {});
  head.erase(http::field::content_length);
  head.keep_alive(false);  // its end is the connection's
  head.set(http::field::cache_control, "no-store");
  head.set("X-Accel-Buffering", "no");  // nginx would keep events until it has a buffer full
  if (request.method() == http::verb::head) return head;
  const auto id = view(request["Last-Event-ID"]);
  if (id.empty()) return Listen{room, {}, std::move(head)};
  const auto dash = id.rfind('-');
  const auto seq = dash == std::string_view::npos ? std::nullopt : whole_number(id.substr(dash + 1));
  From from{From::What::last, seq_zero, newest_messages};
  if (seq && is_place(journal, room, std::string(id.substr(0, dash)), Seq{*seq}))
    from = {From::What::after, Seq{*seq}, 0};
  return Listen{room, from, std::move(head)};
}

}  // namespace chatbridge
