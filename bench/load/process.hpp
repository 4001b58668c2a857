// What a process has used, from /proc.
#pragma once
#include <sys/types.h>

namespace chatbridge::bench {

struct Usage {
  double cpu = 0;       // seconds, of all threads that there are
  double user = 0;      // of it in user space, to a hundredth of a second
  double resident = 0;  // bytes
};
// Of the process and those it has started; 0 of one that is no more. `memory` takes a while with a large process.
Usage usage(pid_t pid, bool memory = false);

}  // namespace chatbridge::bench
