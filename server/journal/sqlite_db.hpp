// SQLite's handles as values. Nothing here knows what is stored.
#pragma once
#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace chatbridge::sqlite {

// A call of SQLite's failed. what() is the reason in a few words for the operator, without the file's name.
struct Failure : std::runtime_error {
  Failure(int result_code, std::string why) : std::runtime_error(std::move(why)), code(result_code) {}
  const int code;  // extended
};

// A connection. Used by one thread at a time. Outlives its statements.
class Db {
 public:
  // `vfs` may be null: the system's files. Throws Failure.
  Db(const std::string& path, int flags, const char* vfs);

  void exec(const char* sql);
  std::int64_t number(const char* sql);  // the first column of the first row; 0 without one
  std::string text(const char* sql);
  bool in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }
  std::int64_t changed() const { return sqlite3_changes64(db_.get()); }  // rows, by the last statement
  sqlite3* get() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

struct Blob {
  std::string_view bytes;
};

// The rows of a query; when it goes the statement is free again, and with it the snapshot it read from.
class Rows {
 public:
  explicit Rows(sqlite3_stmt* statement) : statement_(statement) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows() { sqlite3_reset(statement_); }

  bool next();  // false: no more
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  // Valid until the next row.
  std::string_view bytes(int column) const;

 private:
  sqlite3_stmt* const statement_;
};

// A prepared statement. What is bound is not copied: it lives until the rows are read.
class Statement {
 public:
  Statement(Db& db, std::string_view sql);

  template <class... Values>
  [[nodiscard]] Rows query(const Values&... values) {
    bind_all(values...);
    return Rows(statement_.get());
  }
  template <class... Values>
  void run(const Values&... values) {
    query(values...).next();
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  template <class... Values>
  void bind_all(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
  }
  void bind(int index, std::integral auto value) {
    check(sqlite3_bind_int64(statement_.get(), index, static_cast<std::int64_t>(value)));
  }
  void bind(int index, std::string_view text);
  void bind(int index, const Blob& blob);
  void bind(int index, const std::optional<Blob>& blob) {
    blob ? bind(index, *blob) : check(sqlite3_bind_null(statement_.get(), index));
  }
  void check(int code);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace chatbridge::sqlite
