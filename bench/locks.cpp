// Counts what a program's threads do with locks, from inside: LD_PRELOAD=liblocks.so LOCKS_FILE=FILE PROGRAM. When it
// ends, FILE has one line of JSON: locks taken, how many had to be waited for, nanoseconds waited and held, sends and
// how many of them with a lock held, and a line for each place that takes locks, the address as `addr2line` wants it.
//
// Each thread counts for itself, so that counting makes nothing shared. It makes a lock dearer by two looks at the
// clock: figures of time are above what they are without it.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace {

std::uint64_t now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

template <class F>
F* real(const char* name, const char* version = nullptr) {
  return reinterpret_cast<F*>(version ? ::dlvsym(RTLD_NEXT, name, version) : ::dlsym(RTLD_NEXT, name));
}

struct Place {
  const void* at = nullptr;  // the caller
  std::uint64_t taken = 0, waited_for = 0, waited = 0, held = 0, held_longest = 0, sends = 0;
};
struct Held {
  const void* mutex;
  Place* place;
  std::uint64_t since;
};

constexpr std::size_t places_max = 256, held_max = 16, threads_max = 64;

struct Counts {
  Place places[places_max];  // by the caller's address, the next free one
  Held held[held_max];
  std::size_t holds = 0;
  std::uint64_t sends = 0, sends_with_lock = 0;

  Place& place(const void* caller) {
    auto i = (reinterpret_cast<std::uintptr_t>(caller) >> 2) % places_max;
    for (std::size_t tries = 0; tries < places_max && places[i].at != caller && places[i].at != nullptr; ++tries)
      i = (i + 1) % places_max;
    places[i].at = caller;
    return places[i];
  }
  void begin(const void* mutex, Place& at) {
    if (holds < held_max) held[holds++] = {mutex, &at, now()};
  }
  // The place that took it; null: it is not counted.
  Place* end(const void* mutex) {
    for (auto i = holds; i-- > 0;) {
      if (held[i].mutex != mutex) continue;
      const auto time = now() - held[i].since;
      auto* at = held[i].place;
      at->held += time;
      at->held_longest = std::max(at->held_longest, time);
      std::copy(held + i + 1, held + holds, held + i);
      --holds;
      return at;
    }
    return nullptr;
  }
};

std::atomic<Counts*> all[threads_max];
std::atomic<std::size_t> threads{0};

// Never freed: threads end before the figures are written.
Counts& mine() {
  static thread_local Counts* counts = nullptr;
  if (counts == nullptr) {
    counts = static_cast<Counts*>(std::calloc(1, sizeof(Counts)));
    const auto n = threads.fetch_add(1);
    if (n < threads_max) all[n] = counts;
  }
  return *counts;
}

int lock(pthread_mutex_t* mutex, const void* caller) {
  static const auto real_lock = real<int(pthread_mutex_t*)>("pthread_mutex_lock");
  static const auto real_try = real<int(pthread_mutex_t*)>("pthread_mutex_trylock");
  auto& counts = mine();
  auto& at = counts.place(caller);
  auto outcome = real_try(mutex);
  if (outcome != 0) {
    const auto began = now();
    outcome = real_lock(mutex);
    ++at.waited_for;
    at.waited += now() - began;
  }
  ++at.taken;
  if (outcome == 0) counts.begin(mutex, at);
  return outcome;
}

// Whoever waits for a condition does not hold the lock meanwhile.
template <class Wait>
int wait(pthread_mutex_t* mutex, Wait real_wait) {
  auto& counts = mine();
  auto* at = counts.end(mutex);
  const auto outcome = real_wait();
  if (at != nullptr) counts.begin(mutex, *at);
  return outcome;
}

void sending() {
  auto& counts = mine();
  ++counts.sends;
  counts.sends_with_lock += counts.holds > 0;
  for (std::size_t i = 0; i < counts.holds; ++i) ++counts.held[i].place->sends;
}

void write_place(std::FILE* file, const Place& p) {
  Dl_info where{};
  const bool known = ::dladdr(p.at, &where) != 0;
  const auto offset = static_cast<const char*>(p.at) - (known ? static_cast<const char*>(where.dli_fbase) : nullptr);
  std::fprintf(
      file,
      "{\"file\":\"%s\",\"address\":\"0x%zx\",\"taken\":%lu,\"waited_for\":%lu,\"waited_ns\":%lu,\"held_ns\":%lu,"
      "\"held_longest_ns\":%lu,\"sends\":%lu}\n",
      known ? where.dli_fname : "", static_cast<std::size_t>(offset), p.taken, p.waited_for, p.waited, p.held,
      p.held_longest, p.sends);
}

__attribute__((destructor)) void write_figures() {
  const char* name = std::getenv("LOCKS_FILE");
  std::FILE* file = name != nullptr ? std::fopen(name, "w") : nullptr;
  if (file == nullptr) return;
  static Counts sum;
  const auto n = std::min(threads.load(), threads_max);
  for (std::size_t t = 0; t < n; ++t) {
    const auto* counts = all[t].load();
    if (counts == nullptr) continue;
    sum.sends += counts->sends;
    sum.sends_with_lock += counts->sends_with_lock;
    for (const auto& p : counts->places) {
      if (p.at == nullptr) continue;
      auto& to = sum.place(p.at);
      to.taken += p.taken, to.waited_for += p.waited_for, to.waited += p.waited, to.held += p.held, to.sends += p.sends;
      to.held_longest = std::max(to.held_longest, p.held_longest);
    }
  }
  Place whole;
  for (const auto& p : sum.places)
    whole.taken += p.taken, whole.waited_for += p.waited_for, whole.waited += p.waited, whole.held += p.held;
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto ns = [](const timeval& t) {
    return static_cast<unsigned long>(t.tv_sec) * 1'000'000'000 + t.tv_usec * 1000UL;
  };
  std::fprintf(file, "{\"taken\":%lu,\"waited_for\":%lu,\"waited_ns\":%lu,\"held_ns\":%lu,\"cpu_ns\":%lu,", whole.taken,
               whole.waited_for, whole.waited, whole.held, ns(used.ru_utime) + ns(used.ru_stime));
  std::fprintf(file, "\"sends\":%lu,\"sends_with_lock\":%lu,\"sends_of_threads\":[", sum.sends, sum.sends_with_lock);
  const char* comma = "";
  for (std::size_t t = 0; t < n; ++t)
    if (all[t].load() != nullptr) std::fprintf(file, "%s%lu", std::exchange(comma, ","), all[t].load()->sends);
  std::fputs("]}\n", file);
  std::sort(sum.places, sum.places + places_max, [](const Place& a, const Place& b) { return a.taken > b.taken; });
  for (const auto& p : sum.places)
    if (p.at != nullptr) write_place(file, p);
  std::fclose(file);
}

}  // namespace

extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) { return lock(mutex, __builtin_return_address(0)); }

int pthread_mutex_trylock(pthread_mutex_t* mutex) {
  static const auto real_try = real<int(pthread_mutex_t*)>("pthread_mutex_trylock");
  const auto outcome = real_try(mutex);
  auto& counts = mine();
  auto& at = counts.place(__builtin_return_address(0));
  if (outcome == 0) ++at.taken, counts.begin(mutex, at);
  return outcome;
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) {
  static const auto real_unlock = real<int(pthread_mutex_t*)>("pthread_mutex_unlock");
  mine().end(mutex);
  return real_unlock(mutex);
}

// Conditions have older versions with another layout, which dlsym may find first.
int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  static const auto real_wait = real<int(pthread_cond_t*, pthread_mutex_t*)>("pthread_cond_wait", "GLIBC_2.3.2");
  return wait(mutex, [&] { return real_wait(condition, mutex); });
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
  static const auto real_wait =
      real<int(pthread_cond_t*, pthread_mutex_t*, const timespec*)>("pthread_cond_timedwait", "GLIBC_2.3.2");
  return wait(mutex, [&] { return real_wait(condition, mutex, until); });
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  static const auto real_wait =
      real<int(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)>("pthread_cond_clockwait");
  return wait(mutex, [&] { return real_wait(condition, mutex, clock, until); });
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static const auto real_send = real<ssize_t(int, const void*, size_t, int)>("send");
  sending();
  return real_send(fd, bytes, size, flags);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto real_send = real<ssize_t(int, const msghdr*, int)>("sendmsg");
  sending();
  return real_send(fd, message, flags);
}

int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  static const auto real_send = real<int(int, mmsghdr*, unsigned, int)>("sendmmsg");
  sending();
  return real_send(fd, messages, count, flags);
}

}  // extern "C"
