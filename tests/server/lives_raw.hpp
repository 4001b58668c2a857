// A person on plain connections, who comes back with tokens; for lives_model_test.cpp.
//
// What must hold for what it hears:
// 1. Within a stay (one connection as one person in one room) the room's order, whole, from where the stay begins, less
//    what this connection said, less what a gap line announced and the journal has forgotten.
// 2. A stay that continues another begins above the last place that was known to have arrived, `safe`: what was sent
//    and acknowledged when that connection ended or was taken over; after a kill of the hub, the place in the journal.
//    So what was given there again is above `safe`, and nothing at all if all that was sent had been acknowledged.
// 3. Between what arrived last in the stay before and what comes first in this one nothing is missing, but perhaps what
//    the person said itself on earlier connections: those did not get it, and the place may be behind it.
// 4. A token works once: not again once the one that was given for it is used. It is lost to its person only if several
//    were asked for and it is not known which arrived.
#pragma once
#include <deque>
#include <memory>
#include <vector>

#include "core/resume.hpp"
#include "server/lives_line.hpp"
#include "server/lives_story.hpp"
#include "support/bench.hpp"
#include "support/mortal_journal.hpp"
#include "support/random.hpp"

namespace chatbridge::lives {

using test::Bench;
using test::MortalJournal;
using test::Random;
using test::Reader;

class RawPerson {
 public:
  RawPerson(std::size_t index, Random& random, Tally& tally) : index_(index), random_(random), tally_(tally) {}

  // A connection if it has none; on one it has, the next thing to come back or to be able to; perhaps by another one.
  void connect(Bench& bench) {
    take_in();
    if (line_ && line_->reader.fell > 0) disconnect();  // who asked for that was lost before it could tell
    if (!line_) {
      come(bench);
      if (!token_.empty() && !random_.one_in(3)) use_token(bench);
    } else if (token_.empty()) {
      ask();
    } else if (line_->stay != mine_) {
      use_token(bench);
    } else if (!asked_ && !before_) {
      before_ = std::move(line_);
      come(bench);
      use_token(bench);
      ++tally_.took_over;
    }
  }
  void ask() {
    auto* line = line_.get();
    if (before_ && random_.one_in(2)) line = before_.get();  // while another connection comes to take over
    if (line == nullptr || line->busy() || line->resuming || (!token_.empty() && line->stay != mine_)) return;
    asked_ = true;
    ++line->asks;
    offer_token(*line->reader);
  }
  void stall() {
    if (line_) line_->reader.stall();
    if (before_) before_->reader.stall();
  }
  void resume(std::size_t bytes = SIZE_MAX) {
    if (line_) line_->reader.resume(bytes);
    if (before_) before_->reader.resume(bytes);
  }
  void acknowledge() {
    if (line_) line_->acknowledge();
    if (before_) before_->acknowledge();
  }
  // Somebody who has one of its old tokens.
  void be_robbed(Bench& bench) {
    if (used_.empty()) return;
    refused(bench, random_.pick(used_));
  }
  void say(std::size_t life) {
    if (!line_ || line_->busy()) return;
    auto& cursor = *line_->reader->first();
    const auto& room = cursor.room().name().str();
    auto& said = said_[room];
    said.push_back({line_->number, life});
    const auto text = speaker(index_, room) + "-" + std::to_string(said.size()) + " " +
                      std::string(random_.between(1, random_.one_in(8) ? 1500 : 40), 'x');
    line_->reader->say(cursor, test::text(text), false, {});
  }
  // `all`: of its connections, as when the hub ends.
  void disconnect(bool all = true) {
    const auto farewell = Farewell::said;  // of a TCP connection's end no more is known
    const bool leaves = line_ && !all && line_->stay == mine_ && random_.one_in(4);
    if (leaves) line_->reader->goodbye();
    finish(line_, farewell);
    if (leaves) {
      // Whatever tokens it took with it.
      nick_kept_ = false;
      nick_lost_ = true;
    }
    // The one that was to be taken over may be what it goes on with.
    if (before_ && !all && before_->reader.fell == 0 && random_.one_in(2)) {
      line_ = std::move(before_);
    } else {
      finish(before_, farewell);
    }
  }
  void take_in() {
    if (before_) take_in(*before_);
    if (line_) take_in(*line_);
  }
  // Something it asked for is on its way.
  bool waits() {
    take_in();
    return line_ && (line_->asks > 0 || line_->resuming) && line_->reader.credit == SIZE_MAX && line_->reader.fell == 0;
  }
  // Another hub begins with what the journal has.
  void restarted(const MortalJournal::Ledger& ledger, bool killed) {
    if (token_.empty()) return;
    const auto kept = ledger.holder(token_);
    must(kept || asked_, "a token is lost that nobody used");
    if (!kept) return void(lost_by_kill_ = killed);
    asked_ = false;
    must(kept->room == room_, "a token of another room");
    if (killed) safe_ = number(kept->place), nick_ = kept->nick;
    killed_ = killed;
  }
  // Has everything, and is who it was.
  bool settled(Bench& bench, const Journal& journal) {
    take_in();
    if (!line_ || line_->reader.fell > 0 || (!token_.empty() && line_->stay != mine_ && !line_->resuming))
      connect(bench);
    if (line_->resuming) return false;
    auto& here = *line_->reader->first();
    return line_->reader->drained() && here.seq() >= journal.head(here.room().name());
  }

  void check(const std::map<std::string, Story>& stories, std::size_t life) const {
    for (const auto& [room, said] : said_) check_said(stories.at(room), speaker(index_, room), said, life);
    std::vector<Reach> reached;
    for (const auto& stay : stays_) {
      const auto reach = stay.continues == none ? Reach{stay.start, false} : reached.at(stay.continues);
      reached.push_back(check_heard(stories.at(stay.room), stay, reach));
    }
  }

 private:
  static constexpr std::size_t none = SIZE_MAX;
  struct Stay {
    std::size_t connection;
    std::string room;
    std::size_t continues;           // another one, or none
    std::uint64_t start;             // everything heard is above; if it continues none, everything above is heard
    std::vector<std::string> heard;  // texts; empty: a gap
  };
  struct Spoken {
    std::size_t connection, life;
  };
  struct Reach {
    std::uint64_t seq;
    bool gap;  // and more, which is forgotten
  };

  void come(Bench& bench) {
    line_ = std::make_unique<Line>(bench, random_, connections_++);
    line_->reader->become(bench.hub.new_session());
    line_->nick = line_->reader->nick();
    const auto& room = random_.pick(rooms);
    const auto start = number(line_->reader.enter(room).seq());
    line_->stay = stays_.size();
    stays_.push_back({line_->number, room, none, start, {}});
  }
  void use_token(Bench& bench) {
    if (line_->busy() || line_->resuming) return;
    line_->unsure = std::exchange(asked_, true);
    line_->resuming = true;
    shown_ = token_;
    chatbridge::resume(*line_->reader, token_);
    // Somebody else comes second; but not where it may have been third: behind one that was cut off in the middle.
    if (!line_->unsure && random_.one_in(4)) refused(bench, std::string(token_));
  }
  void refused(Bench& bench, const std::string& token) {
    Reader thief(bench, Wire::line, Via::tcp, random_.below(2));
    thief.enter(rooms[0]);
    bench.poll();
    thief.got.clear();
    chatbridge::resume(*thief, token);
    bench.poll();
    must(thief.got.starts_with("*** that token is not known"), "a token works twice");
  }

  void finish(std::unique_ptr<Line>& which, Farewell farewell) {
    if (!which) return;
    which->cut(farewell);
    take_in(*which);
    if (which->stay == mine_) safe_ = std::max(safe_, which->known());
    which.reset();
  }
  void take_in(Line& line) {
    line.each_line([&](const std::string& told) {
      if (told.starts_with("*** ")) return notice(line, told.substr(4));
      const bool old = told.starts_with('[');
      must(!old || !line.live, "something old after something new");
      line.live = !old;
      stays_[line.stay].heard.push_back(told.substr(told.find(": ") + 2));
    });
  }
  void notice(Line& line, const std::string& told) {
    const std::string offer = "to come back later, once and within 24 hours: /resume ";
    if (told.starts_with(offer)) return have(line, told.substr(offer.size()));
    if (told.starts_with("you are ")) return came_back(line, told);
    if (told.starts_with("that token is not known")) return begin_anew(line);
    if (told.starts_with("you missed messages from ")) return stays_[line.stay].heard.push_back({});
    if (told.starts_with("somebody else has your nick")) return must(!nick_kept_, "its nick was not kept");
    if (told.starts_with("resumed elsewhere")) return must(&line == before_.get() || asked_, "taken over by nobody");
    must(told.ends_with(" joined") || told.ends_with(" left"), "told: " + told);
  }
  void have(Line& line, const std::string& token) {
    // Of the connection that was taken over: the other one is given a newer one.
    if (&line == before_.get() && line_ && !line_->resuming) return;
    had_.push_back(token);
    token_ = token;
    if (line.asks > 0) --line.asks;
    if (&line == line_.get()) asked_ = line.asks > 0;
    if (std::exchange(mine_, line.stay) != line.stay) safe_ = stays_[line.stay].start;
    room_ = stays_[line.stay].room;
    nick_ = line.nick;
    nick_kept_ = !std::exchange(nick_lost_, false);
    killed_ = lost_by_kill_ = false;
  }
  void came_back(Line& line, const std::string& told) {
    must(std::exchange(line.resuming, false), "somebody else without asking");
    // Older ones than what it came back with are no more. Of the connection that was taken over it may have a newer one
    // by now.
    const auto shown = std::ranges::find(had_, shown_);
    used_.insert(used_.end(), had_.begin(), shown);
    had_.erase(had_.begin(), shown);
    finish(before_, Farewell::said);
    const auto in = told.find(" in ");
    line.nick = told.substr(8, in - 8);
    must(told.substr(in) == " in " + room_ + ", /help", "not where it was: " + told);
    must(line.nick == nick_ || !nick_kept_, "not who it was: " + told);
    line.live = false;
    stays_.push_back({line.number, room_, mine_, safe_, {}});
    line.stay = mine_ = stays_.size() - 1;
    ++tally_.came_back;
    if (killed_) ++tally_.from_killed;
  }
  void begin_anew(Line& line) {
    must(std::exchange(line.resuming, false) && line.unsure, "a token does not work that nobody used");
    ++(lost_by_kill_ ? tally_.lost_by_kill : tally_.lost_by_line);
    finish(before_, Farewell::said);
    token_.clear();
    had_.clear();
    mine_ = none;
    asked_ = lost_by_kill_ = killed_ = false;
  }

  // What was not acknowledged to it may be lost with the hub, but only the last of it.
  static void check_said(const Story& story, const std::string& who, const std::vector<Spoken>& said,
                         std::size_t life) {
    std::vector<bool> there(said.size());
    std::size_t before = 0;
    for (const auto& [seq, text] : story.all) {
      const Said s(text);
      if (s.speaker != who) continue;
      must(s.n > before && s.n <= said.size(), "a raw speaker's order is not the room's");
      for (auto lost = before + 1; lost < s.n; ++lost)
        must(said[lost - 1].life < said[s.n - 1].life, "a raw speaker is heard without what it said before");
      before = s.n;
    }
    must(before == said.size() || said[before].life < life, "something a raw speaker said is not there");
  }

  bool own(const std::string& text, std::size_t first, std::size_t last) const {
    const Said s(text);
    for (const auto& [room, said] : said_)
      if (s.speaker == speaker(index_, room)) {
        const auto on = said.at(s.n - 1).connection;
        return first <= on && on <= last;
      }
    return false;
  }

  Reach check_heard(const Story& story, const Stay& stay, const Reach& from) const {
    const bool last = line_ && &stay == &stays_[line_->stay];
    auto at = from.seq;
    bool gap = from.gap, first = stay.continues != none;
    const auto none_missing = [&](std::uint64_t to) {
      for (auto m = story.all.upper_bound(at); m != story.all.end() && m->first < to; ++m)
        must(own(m->second, first ? 0 : stay.connection, stay.connection) || (gap && m->first <= story.floor),
             "a raw client missed, and no gap told: " + m->second.substr(0, 9));
    };
    for (const auto& text : stay.heard) {
      if (text.empty()) {
        must((first ? stay.start : at) < story.floor, "a gap line over what is kept");
        gap = true;
        continue;
      }
      const auto found = story.numbers.find(text);
      must(found != story.numbers.end(), "heard, but never stored");
      must(!own(text, stay.connection, stay.connection), "a raw client's own line");
      const auto seq = found->second;
      must(seq > (first ? stay.start : at),
           first ? "given again although it was known to be there" : "twice, or out of order");
      none_missing(seq);
      if (first && seq <= from.seq) ++tally_.repeated;
      at = seq;
      gap = first = false;
    }
    if (last) none_missing(UINT64_MAX);
    return {std::max(at, from.seq), gap};
  }

  const std::size_t index_;
  Random& random_;
  Tally& tally_;
  std::unique_ptr<Line> line_, before_;  // before_: is being taken over
  std::size_t connections_ = 0;
  std::vector<Stay> stays_;
  std::map<std::string, std::vector<Spoken>> said_;  // by room
  std::string token_, room_, nick_;                  // of who it comes back as
  std::vector<std::string> had_, used_;
  std::string shown_;        // to the server, last
  std::size_t mine_ = none;  // the stay that the token continues
  std::uint64_t safe_ = 0;
  bool asked_ = false;  // another token may have taken the place of this one, and be lost
  bool nick_lost_ = false;
  bool nick_kept_ = true, killed_ = false, lost_by_kill_ = false;
};

}  // namespace chatbridge::lives
