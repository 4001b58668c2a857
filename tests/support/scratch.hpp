// A directory for a test's files, removed at the end.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace chatbridge::test {

class Scratch {
 public:
  // `quick`: where a sync costs nothing, if there is such a place.
  explicit Scratch(bool quick = false)
      : path_(quick && ::access("/dev/shm", W_OK) == 0
                  ? "/dev/shm/chatbridge-XXXXXX"
                  : (std::filesystem::temp_directory_path() / "chatbridge-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary directory");
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // Another directory in it every time; it is not made.
  std::string next() { return path_ + "/" + std::to_string(++count_); }

 private:
  std::string path_;
  int count_ = 0;
};

}  // namespace chatbridge::test
