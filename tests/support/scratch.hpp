// A directory for a test's files, removed at the end.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>

namespace chatbridge::test {

class Scratch {
 public:
  Scratch() : path_((std::filesystem::temp_directory_path() / "chatbridge-XXXXXX").string()) {
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
