// Whether a file that is there can be used, found out without changing it.
#pragma once
#include <string>

#include "server/journal/open.hpp"
#include "server/journal/sqlite_db.hpp"

namespace chatbridge::sqlite {

// `fd` is open on `path`, which is not empty. Throws JournalError when it is foreign, newer than this program,
// damaged or cannot be read. What takes longer than about two seconds to check is taken for sound.
void check_file(int fd, const std::string& path, const char* vfs);

// `why` for the operator, with what to do. Damaged is only what SQLite calls so, and what lacks our tables.
JournalError unusable(const std::string& path, const Failure& why);

}  // namespace chatbridge::sqlite
