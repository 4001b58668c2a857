// What is in the file, and how older files become today's.
#pragma once
#include "server/journal/sqlite_db.hpp"

namespace chatbridge::sqlite {

constexpr std::int64_t application_id = 0x63684272;  // "chBr"; sqlite.org/fileformat2.html section 1.3.14
constexpr std::int64_t schema_version = 2;

// Brings a file of an older version, or an empty one, to schema_version: one transaction a step. Throws Failure; then
// the file is at the version of the last step that went through.
void migrate(Db& db);

// meta, the file's own values.
std::int64_t meta_number(Db& db, std::string_view key);
std::string meta_text(Db& db, std::string_view key);
void set_meta(Db& db, std::string_view key, std::int64_t value);
void set_meta(Db& db, std::string_view key, std::string_view value);

}  // namespace chatbridge::sqlite
