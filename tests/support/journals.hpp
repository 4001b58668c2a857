// Journals for tests: one that answers at once, one that answers when told, one that fails when told.
#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/journal.hpp"

namespace chatbridge::test {

// Keeps the newest `keep` messages of a room; numbers are `stride` apart: not dense, as some journals' are.
class ListJournal final : public Journal {
 public:
  explicit ListJournal(std::size_t keep = SIZE_MAX, std::uint64_t stride = 1) : keep_(keep), stride_(stride) {}

  const Epoch& epoch() const override { return epoch_; }
  std::vector<RoomName> rooms() override { return {}; }
  Seq head(const RoomName& room) const override { return all(room).empty() ? seq_zero : all(room).back()->seq; }
  Seq floor(const RoomName& room) const override {
    const auto gone = gone_of(room);
    return gone == 0 ? seq_zero : all(room)[gone - 1]->seq;
  }
  bool immediate() const override { return true; }
  void append(const RoomName& room, std::vector<Message> batch, AppendHandler done) override {
    std::vector<Appended> out;
    for (auto& m : batch) out.push_back(add(rooms_[room], std::move(m)));
    done(std::move(out));
  }
  void read_after(const RoomName& room, Seq after, std::size_t max, ReadHandler done) override {
    const auto& list = all(room);
    auto from = gone_of(room);
    while (from < list.size() && list[from]->seq <= after) ++from;
    done(page(room, from, std::min(list.size(), from + std::min(max, page_max)), false));
  }
  void read_before(const RoomName& room, Seq before, std::size_t max, ReadHandler done) override {
    const auto& list = all(room);
    const auto gone = gone_of(room);
    auto to = list.size();
    while (to > gone && list[to - 1]->seq >= before) --to;
    done(page(room, to - std::min(to - gone, std::min(max, page_max)), to, true));
  }
  std::vector<SessionRecord> sessions() override {
    std::vector<SessionRecord> out;
    for (const auto& [id, record] : sessions_) out.push_back(record);
    return out;
  }
  void put_session(SessionRecord record, DoneHandler done) override {
    sessions_[record.id] = record;
    if (done) done({});
  }
  void forget_session(const SecretHash& id) override { sessions_.erase(id); }
  std::string trouble() const override { return {}; }
  void close() override {}

  // From now on no more of a room than this.
  void keep(std::size_t messages) { keep_ = messages; }
  // Everything the room was ever given, kept or not.
  const std::vector<MessagePtr>& all(const RoomName& room) const {
    static const std::vector<MessagePtr> none;
    const auto found = rooms_.find(room);
    return found == rooms_.end() ? none : found->second;
  }
  std::size_t page_max = SIZE_MAX;  // messages of one page, whatever was asked for

 private:
  std::size_t gone_of(const RoomName& room) const { return all(room).size() - std::min(keep_, all(room).size()); }
  Appended add(std::vector<MessagePtr>& list, Message m) {
    if (!m.id.empty())
      for (const auto& old : list)
        if (old->id == m.id && old->session == m.session) return {old, true};
    m.seq = Seq{(list.empty() ? 0 : number(list.back()->seq)) + stride_};
    list.push_back(std::make_shared<const Message>(std::move(m)));
    return {list.back(), false};
  }
  Page page(const RoomName& room, std::size_t from, std::size_t to, bool backwards) const {
    const auto& list = all(room);
    const auto gone = gone_of(room);
    Page out;
    out.messages.assign(list.begin() + static_cast<long>(from), list.begin() + static_cast<long>(to));
    out.start = from == 0 ? seq_zero : list[from - 1]->seq;
    out.floor = floor(room);
    if (gone > 0) out.floor_at = list[gone - 1]->at;
    out.more = backwards ? from > gone : to < list.size();
    return out;
  }

  std::size_t keep_;
  const std::uint64_t stride_;
  const Epoch epoch_{"test"};
  std::map<RoomName, std::vector<MessagePtr>> rooms_;
  std::map<SecretHash, SessionRecord> sessions_;
};

// Holds every answer until it is told. Reads see the journal as it is when they are asked for (`early`) or answered.
class DelayedJournal final : public Journal {
 public:
  explicit DelayedJournal(Journal& inner) : inner_(inner) {}

  bool hold_appends = true, hold_reads = false, early = false;
  // Asked when an answer is released.
  std::function<bool()> fail = [] { return false; }, fail_reads = [] { return false; };
  std::string wrong;        // trouble()
  bool at_once = true;      // immediate(): messages are handed over as they are said
  bool overlapped = false;  // a second append to a room before the first was done

  std::size_t held() const { return held_.size(); }
  void release(std::size_t i = 0) {
    auto run = std::move(held_.at(i));
    held_.erase(held_.begin() + static_cast<long>(i));
    run();
  }
  void release_all() {
    while (!held_.empty()) release();
  }

  const Epoch& epoch() const override { return inner_.epoch(); }
  std::vector<RoomName> rooms() override { return inner_.rooms(); }
  Seq head(const RoomName& room) const override { return inner_.head(room); }
  Seq floor(const RoomName& room) const override { return inner_.floor(room); }
  bool immediate() const override { return at_once; }
  void append(const RoomName& room, std::vector<Message> batch, AppendHandler done) override {
    overlapped = overlapped || !appending_.insert(room).second;
    answer(hold_appends, [this, room, batch = std::move(batch), done = std::move(done)] {
      appending_.erase(room);
      if (fail()) return done(Error{errc::overloaded, "the journal does not answer"});
      inner_.append(room, batch, done);
    });
  }
  void read_after(const RoomName& room, Seq after, std::size_t max, ReadHandler done) override {
    read([this, room, after, max](ReadHandler to) { inner_.read_after(room, after, max, std::move(to)); },
         std::move(done));
  }
  void read_before(const RoomName& room, Seq before, std::size_t max, ReadHandler done) override {
    read([this, room, before, max](ReadHandler to) { inner_.read_before(room, before, max, std::move(to)); },
         std::move(done));
  }
  std::vector<SessionRecord> sessions() override { return inner_.sessions(); }
  void put_session(SessionRecord record, DoneHandler done) override {
    answer(hold_appends, [this, record = std::move(record), done = std::move(done)] {
      if (!fail()) return inner_.put_session(record, done);
      if (done) done(Error{errc::overloaded, "the journal does not answer"});
    });
  }
  void forget_session(const SecretHash& id) override { inner_.forget_session(id); }
  std::string trouble() const override { return wrong; }
  void close() override {}

 private:
  void answer(bool hold, std::function<void()> run) {
    if (!hold) return run();
    held_.push_back(std::move(run));
  }
  void read(std::function<void(ReadHandler)> from, ReadHandler done) {
    std::optional<result<Page>> page;
    if (early) from([&](result<Page> p) { page = std::move(p); });
    answer(hold_reads, [this, from = std::move(from), page = std::move(page), done = std::move(done)] {
      if (fail_reads()) return done(Error{errc::overloaded, "the journal does not answer"});
      if (page) return done(*page);
      from(done);
    });
  }

  Journal& inner_;
  std::vector<std::function<void()>> held_;
  std::set<RoomName> appending_;
};

// Fails the n-th call of append and read, counted from 1; all others go through.
class FailingJournal final : public Journal {
 public:
  FailingJournal(Journal& inner, std::size_t n) : inner_(inner), n_(n) {}

  std::size_t calls() const { return calls_; }

  const Epoch& epoch() const override { return inner_.epoch(); }
  std::vector<RoomName> rooms() override { return inner_.rooms(); }
  Seq head(const RoomName& room) const override { return inner_.head(room); }
  Seq floor(const RoomName& room) const override { return inner_.floor(room); }
  bool immediate() const override { return inner_.immediate(); }
  void append(const RoomName& room, std::vector<Message> batch, AppendHandler done) override {
    if (++calls_ == n_) return done(Error{errc::overloaded, "the journal does not answer"});
    inner_.append(room, std::move(batch), std::move(done));
  }
  void read_after(const RoomName& room, Seq after, std::size_t max, ReadHandler done) override {
    if (++calls_ == n_) return done(Error{errc::overloaded, "the journal does not answer"});
    inner_.read_after(room, after, max, std::move(done));
  }
  void read_before(const RoomName& room, Seq before, std::size_t max, ReadHandler done) override {
    if (++calls_ == n_) return done(Error{errc::overloaded, "the journal does not answer"});
    inner_.read_before(room, before, max, std::move(done));
  }
  std::vector<SessionRecord> sessions() override { return inner_.sessions(); }
  void put_session(SessionRecord record, DoneHandler done) override {
    if (++calls_ != n_) return inner_.put_session(std::move(record), std::move(done));
    if (done) done(Error{errc::overloaded, "the journal does not answer"});
  }
  void forget_session(const SecretHash& id) override { inner_.forget_session(id); }
  std::string trouble() const override { return {}; }
  void close() override {}

 private:
  Journal& inner_;
  const std::size_t n_;
  std::size_t calls_ = 0;
};

}  // namespace chatbridge::test
