#include "server/journal/sqlite_db.hpp"

#include <cstring>

namespace chatbridge::sqlite {
namespace {

// What to tell an operator: what the system said, where it said something.
std::string reason(sqlite3* db, int code) {
  if ((code & 0xff) == SQLITE_FULL) return "disk full";
  if ((code & 0xff) == SQLITE_READONLY) return "read-only";
  if ((code & 0xff) == SQLITE_BUSY) return "locked by another program";
  if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB) return "damaged";
  const int number = db == nullptr ? 0 : sqlite3_system_errno(db);
  if (((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) && number != 0) return std::strerror(number);
  return db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db);
}

[[noreturn]] void fail(sqlite3* db, int code) {
  // The extended code is the connection's: open and prepare do not return it.
  const int extended = db == nullptr ? code : sqlite3_extended_errcode(db);
  throw Failure((extended & 0xff) == (code & 0xff) ? extended : code, reason(db, code));
}

}  // namespace

Db::Db(const std::string& path, int flags, const char* vfs) {
  sqlite3* db = nullptr;
  // Not shared between threads at the same time, so no mutex.
  const int code = sqlite3_open_v2(path.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
  db_.reset(db);
  if (code != SQLITE_OK) fail(db, code);
}

void Db::exec(const char* sql) {
  const int code = sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(db_.get(), code);
}

std::int64_t Db::number(const char* sql) {
  Statement statement(*this, sql);
  auto rows = statement.query();
  return rows.next() ? rows.integer(0) : 0;
}

std::string Db::text(const char* sql) {
  Statement statement(*this, sql);
  auto rows = statement.query();
  return rows.next() ? std::string(rows.bytes(0)) : std::string{};
}

bool Rows::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(sqlite3_db_handle(statement_), code);
}

std::string_view Rows::bytes(int column) const {
  // First the pointer, then the length: the order SQLite asks for.
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Statement::Statement(Db& db, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) fail(db.get(), code);
}

void Statement::bind(int index, std::string_view text) {
  check(sqlite3_bind_text(statement_.get(), index, text.empty() ? "" : text.data(), static_cast<int>(text.size()),
                          SQLITE_STATIC));
}

void Statement::bind(int index, const Blob& blob) {
  const auto& bytes = blob.bytes;
  check(sqlite3_bind_blob(statement_.get(), index, bytes.empty() ? "" : bytes.data(), static_cast<int>(bytes.size()),
                          SQLITE_STATIC));
}

void Statement::check(int code) {
  if (code != SQLITE_OK) fail(sqlite3_db_handle(statement_.get()), code);
}

}  // namespace chatbridge::sqlite
