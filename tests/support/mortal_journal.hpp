// A journal that dies with its process, between any two calls: what was handed over before is stored, what comes after
// is not, and whoever waits is never answered. It knows what it stored, whatever the journal behind it forgets.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/journal.hpp"

namespace chatbridge::test {

class MortalJournal final : public Journal {
 public:
  // Outlives journals.
  class Ledger {
   public:
    // Everything that was ever given a number there, by it.
    std::map<std::uint64_t, std::string> said(const RoomName& room) const {
      const std::lock_guard lock(m_);
      const auto found = said_.find(room);
      return found == said_.end() ? std::map<std::uint64_t, std::string>{} : found->second;
    }
    // Whom somebody can come back as with this token after a restart.
    std::optional<SessionRecord> holder(const std::string& token) const {
      const auto hash = hash_secret(token);
      const std::lock_guard lock(m_);
      for (const auto& [id, record] : sessions_)
        if (record.tokens.newest == hash || record.tokens.earlier == hash) return record;
      return std::nullopt;
    }

   private:
    friend class MortalJournal;
    mutable std::mutex m_;
    std::map<RoomName, std::map<std::uint64_t, std::string>> said_;
    std::map<SecretHash, SessionRecord> sessions_;
  };

  MortalJournal(std::unique_ptr<Journal> inner, Ledger& ledger) : inner_(std::move(inner)), ledger_(ledger) {}

  void die() { dead_ = true; }
  void die_after(std::size_t calls) { left_ = calls; }
  void live_on() { left_ = SIZE_MAX; }
  bool dead() const { return dead_; }

  const Epoch& epoch() const override { return inner_->epoch(); }
  std::vector<RoomName> rooms() override { return inner_->rooms(); }
  Seq head(const RoomName& room) const override { return inner_->head(room); }
  Seq floor(const RoomName& room) const override { return inner_->floor(room); }
  bool immediate() const override { return inner_->immediate(); }
  void append(const RoomName& room, std::vector<Message> batch, AppendHandler done) override {
    if (dies()) return;
    inner_->append(room, std::move(batch),
                   [&ledger = ledger_, room, done = std::move(done)](result<std::vector<Appended>> outcome) {
                     if (outcome) {
                       const std::lock_guard lock(ledger.m_);
                       for (const auto& a : *outcome)
                         ledger.said_[room].emplace(number(a.message->seq), a.message->text);
                     }
                     done(std::move(outcome));
                   });
  }
  void read_after(const RoomName& room, Seq after, std::size_t max, ReadHandler done) override {
    if (!dead_) inner_->read_after(room, after, max, std::move(done));
  }
  void read_before(const RoomName& room, Seq before, std::size_t max, ReadHandler done) override {
    if (!dead_) inner_->read_before(room, before, max, std::move(done));
  }
  std::vector<SessionRecord> sessions() override { return inner_->sessions(); }
  void put_session(SessionRecord record, DoneHandler done) override {
    if (dies()) return;
    {
      const std::lock_guard lock(ledger_.m_);
      ledger_.sessions_[record.id] = record;
    }
    inner_->put_session(std::move(record), std::move(done));
  }
  void forget_session(const SecretHash& id) override {
    if (dies()) return;
    {
      const std::lock_guard lock(ledger_.m_);
      ledger_.sessions_.erase(id);
    }
    inner_->forget_session(id);
  }
  std::string trouble() const override { return inner_->trouble(); }
  // What the handlers of what is settled then ask for is still taken; nothing after.
  void close() override {
    inner_->close();
    dead_ = true;
  }

 private:
  bool dies() {
    if (left_ != SIZE_MAX && left_-- == 0) dead_ = true;
    return dead_;
  }

  const std::unique_ptr<Journal> inner_;
  Ledger& ledger_;
  std::atomic<bool> dead_{false};
  std::atomic<std::size_t> left_{SIZE_MAX};
};

}  // namespace chatbridge::test
