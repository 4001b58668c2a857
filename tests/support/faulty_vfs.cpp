#include "support/faulty_vfs.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <new>
#include <utility>

namespace chatbridge::test {
namespace {

struct File {
  sqlite3_file base;
  std::string* path;  // empty: a temporary file
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File& of(sqlite3_file* f) { return *reinterpret_cast<File*>(f); }
sqlite3_file* real(sqlite3_file* f) { return of(f).real(); }
sqlite3_vfs* system_vfs() { return sqlite3_vfs_find("unix"); }

int x_close(sqlite3_file* f) {
  const int code = real(f)->pMethods == nullptr ? SQLITE_OK : real(f)->pMethods->xClose(real(f));
  delete of(f).path;
  return code;
}
int x_read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  faulty_disk().maybe_block_read();
  return real(f)->pMethods->xRead(real(f), to, n, at);
}
int x_write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  const bool works = faulty_disk().step();
  const int size = works ? n : n / 2;
  const int code = real(f)->pMethods->xWrite(real(f), from, size, at);
  faulty_disk().written(*of(f).path, at, size);
  return works ? code : SQLITE_IOERR_WRITE;
}
int x_truncate(sqlite3_file* f, sqlite3_int64 size) {
  if (!faulty_disk().step()) return SQLITE_IOERR_TRUNCATE;
  return real(f)->pMethods->xTruncate(real(f), size);
}
int x_sync(sqlite3_file* f, int flags) {
  faulty_disk().maybe_block();
  if (!faulty_disk().sync()) {
    faulty_disk().not_synced(*of(f).path);
    return SQLITE_IOERR_FSYNC;
  }
  const int code = real(f)->pMethods->xSync(real(f), flags);
  if (code == SQLITE_OK) faulty_disk().synced(*of(f).path, real(f));
  return code;
}
int x_size(sqlite3_file* f, sqlite3_int64* n) { return real(f)->pMethods->xFileSize(real(f), n); }
int x_lock(sqlite3_file* f, int n) { return real(f)->pMethods->xLock(real(f), n); }
int x_unlock(sqlite3_file* f, int n) { return real(f)->pMethods->xUnlock(real(f), n); }
int x_reserved(sqlite3_file* f, int* n) { return real(f)->pMethods->xCheckReservedLock(real(f), n); }
int x_control(sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); }
int x_sector(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
int x_device(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
int x_shm_map(sqlite3_file* f, int region, int size, int extend, void volatile** at) {
  return real(f)->pMethods->xShmMap(real(f), region, size, extend, at);
}
int x_shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}
void x_shm_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
int x_shm_unmap(sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }

const sqlite3_io_methods methods{2,          x_close,       x_read,      x_write,   x_truncate, x_sync,   x_size,
                                 x_lock,     x_unlock,      x_reserved,  x_control, x_sector,   x_device, x_shm_map,
                                 x_shm_lock, x_shm_barrier, x_shm_unmap, nullptr,   nullptr};

int x_open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out) {
  f->pMethods = nullptr;
  if (name != nullptr && !faulty_disk().step()) return SQLITE_CANTOPEN;
  real(f)->pMethods = nullptr;
  const int code = system_vfs()->xOpen(system_vfs(), name, real(f), flags, out);
  if (code != SQLITE_OK) return code;
  of(f).path = new std::string(name == nullptr ? "" : name);
  f->pMethods = &methods;
  faulty_disk().opened(*of(f).path, real(f));
  return SQLITE_OK;
}
int x_delete(sqlite3_vfs*, const char* name, int sync) {
  const int code = system_vfs()->xDelete(system_vfs(), name, sync);
  if (code == SQLITE_OK) faulty_disk().deleted(name);
  return code;
}

std::string content(sqlite3_file* real, sqlite3_int64 from, sqlite3_int64 size) {
  sqlite3_int64 all = 0;
  real->pMethods->xFileSize(real, &all);
  std::string out(static_cast<std::size_t>(std::max<sqlite3_int64>(0, std::min(size, all - from))), '\0');
  if (!out.empty()) real->pMethods->xRead(real, out.data(), static_cast<int>(out.size()), from);
  return out;
}

}  // namespace

FaultyDisk& faulty_disk() {
  // Never gone: a journal's thread that the disk did not let go may outlive main().
  static auto& disk = *new FaultyDisk;
  static const bool registered = [] {
    static sqlite3_vfs vfs = *system_vfs();
    vfs.zName = FaultyDisk::vfs;
    vfs.szOsFile += static_cast<int>(sizeof(File));
    vfs.xOpen = x_open;
    vfs.xDelete = x_delete;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
  }();
  if (!registered) std::abort();
  return disk;
}

void FaultyDisk::fail(std::uint64_t n, std::uint64_t times) {
  const std::lock_guard lock(m_);
  steps_ = 0;
  first_ = n;
  last_ = n + times;
  failed_ = false;
}
std::uint64_t FaultyDisk::steps() const {
  const std::lock_guard lock(m_);
  return steps_;
}
bool FaultyDisk::failed() const {
  const std::lock_guard lock(m_);
  return failed_;
}
bool FaultyDisk::step() {
  const std::lock_guard lock(m_);
  ++steps_;
  const bool fails = first_ > 0 && steps_ >= first_ && steps_ < last_;
  failed_ = failed_ || fails;
  return !fails;
}

void FaultyDisk::block_syncs() {
  const std::lock_guard lock(m_);
  blocking_ = true;
}
void FaultyDisk::block_reads() {
  const std::lock_guard lock(m_);
  blocking_reads_ = true;
}
void FaultyDisk::release() {
  const std::lock_guard lock(m_);
  blocking_ = blocking_reads_ = false;
  changed_.notify_all();
}
void FaultyDisk::maybe_block() {
  std::unique_lock lock(m_);
  block(lock, blocking_);
}
void FaultyDisk::maybe_block_read() {
  std::unique_lock lock(m_);
  block(lock, blocking_reads_);
}
void FaultyDisk::block(std::unique_lock<std::mutex>& lock, const bool& blocking) {
  if (!blocking) return;
  ++blocked_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !blocking; });
  --blocked_;
}
void FaultyDisk::wait_until_blocked() {
  std::unique_lock lock(m_);
  changed_.wait(lock, [this] { return blocked_ > 0; });
}

void FaultyDisk::listen() {
  const std::lock_guard lock(m_);
  listening_ = true;
  heard_.clear();
}
std::vector<std::string> FaultyDisk::heard() const {
  const std::lock_guard lock(m_);
  return heard_;
}
void FaultyDisk::hear(const std::string& what) {
  const std::lock_guard lock(m_);
  if (listening_) heard_.push_back(what);
}
void FaultyDisk::fail_from_next_sync() {
  const std::lock_guard lock(m_);
  sync_fails_ = true;
}
bool FaultyDisk::sync() {
  {
    const std::lock_guard lock(m_);
    if (std::exchange(sync_fails_, false)) {
      first_ = 1;
      last_ = UINT64_MAX;
    }
  }
  return step();
}

// What a file holds that was not seen before is taken for durable.
void FaultyDisk::opened(const std::string& path, sqlite3_file* real) {
  const std::lock_guard lock(m_);
  if (path.empty() || files_.contains(path)) return;
  files_[path].durable = content(real, 0, INT64_MAX);
}
void FaultyDisk::deleted(const std::string& path) {
  const std::lock_guard lock(m_);
  files_.erase(path);
}
void FaultyDisk::written(const std::string& path, sqlite3_int64 from, sqlite3_int64 size) {
  const std::lock_guard lock(m_);
  auto& dirty = files_[path].dirty[from];
  dirty = std::max(dirty, size);
}
void FaultyDisk::synced(const std::string& path, sqlite3_file* real) {
  const std::lock_guard lock(m_);
  auto& file = files_[path];
  sqlite3_int64 size = 0;
  real->pMethods->xFileSize(real, &size);
  file.durable.resize(static_cast<std::size_t>(size));
  for (const auto& [from, length] : file.dirty) {
    const auto bytes = content(real, from, length);
    if (!bytes.empty()) file.durable.replace(static_cast<std::size_t>(from), bytes.size(), bytes);
  }
  file.dirty.clear();
}
void FaultyDisk::not_synced(const std::string& path) {
  const std::lock_guard lock(m_);
  files_[path].dirty.clear();
}

void FaultyDisk::after_power_cut(const std::string& path, const std::string& copy) const {
  const std::lock_guard lock(m_);
  for (const auto* ending : {"", "-wal", "-journal"})
    if (const auto found = files_.find(path + ending); found != files_.end())
      std::ofstream(copy + ending, std::ios::binary) << found->second.durable;
}

}  // namespace chatbridge::test

// In place of the C library's: the linker takes a program's own first.
extern "C" int fsync(int fd) {
  std::error_code ec;
  const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), ec).string();
  auto& disk = chatbridge::test::faulty_disk();
  if (std::filesystem::is_directory(path, ec) && disk.directory_fails()) {
    errno = EIO;
    return -1;
  }
  disk.hear("sync " + path);
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  chatbridge::test::faulty_disk().hear(std::string("rename ") + to);
  return ::renameat(AT_FDCWD, from, AT_FDCWD, to);
}
