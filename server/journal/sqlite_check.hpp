// Whether a file that is there can be used, found out without changing it.
#pragma once
#include <string>

namespace chatbridge::sqlite {

// `fd` is open on `path`, which is not empty. Throws JournalError when it is foreign, newer than this program or
// damaged. What takes longer than about two seconds to check is taken for sound.
void check_file(int fd, const std::string& path, const char* vfs);

}  // namespace chatbridge::sqlite
