#include "bench/load/process.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace chatbridge::bench {
namespace {

namespace fs = std::filesystem;

// Nanoseconds on a core are the first number of schedstat; stat counts ticks of 10 ms.
double on_core(const fs::path& task) {
  double nanoseconds = 0;
  std::ifstream(task / "schedstat") >> nanoseconds;
  return nanoseconds / 1e9;
}

double in_user_space(const fs::path& process) {
  std::string text;
  std::getline(std::ifstream(process / "stat") >> std::ws, text);
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double ticks = 0;
  fields >> ticks;
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double resident(const fs::path& process) {
  std::ifstream in(process / "smaps_rollup");
  for (std::string word; in >> word;)
    if (word == "Rss:") {
      double kib = 0;
      in >> kib;
      return kib * 1024;
    }
  return 0;
}

}  // namespace

Usage usage(pid_t pid, bool memory) {
  Usage out;
  const auto process = fs::path("/proc") / std::to_string(pid);
  std::error_code gone;
  out.user = in_user_space(process);
  if (memory) out.resident = resident(process);
  for (const auto& task : fs::directory_iterator(process / "task", gone)) {
    out.cpu += on_core(task.path());
    std::ifstream children(task.path() / "children");
    for (pid_t child = 0; children >> child;) {
      const auto one = usage(child, memory);
      out.cpu += one.cpu;
      out.user += one.user;
      out.resident += one.resident;
    }
  }
  return out;
}

}  // namespace chatbridge::bench
