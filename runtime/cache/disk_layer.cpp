#include "runtime/cache/disk_layer.h"

#include "runtime/support/bytes.h"
#include "runtime/support/files.h"
#include "runtime/support/log.h"
#include "runtime/support/options.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace w2w::cache {
namespace {

constexpr uint32_t kMagic = 0x43573257; // "W2WC"
constexpr uint32_t kFormat = 1;
constexpr size_t kHeaderBytes = 48;

const char *suffix(Kind kind) {
  return kind == Kind::Summary ? "summary" : "kernel";
}

std::vector<uint8_t> with_header(Kind kind, const Hash128 &key, std::span<const uint8_t> payload) {
  ByteWriter w;
  w.u32(kMagic);
  w.u32(kFormat);
  w.u32(static_cast<uint32_t>(kind));
  w.u32(0);
  w.u64(payload.size());
  w.u64(checksum(payload));
  w.u64(key.high);
  w.u64(key.low);
  std::vector<uint8_t> bytes = w.take();
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

bool header_fits(Kind kind, const Hash128 &key, std::span<const uint8_t> file) {
  if (file.size() < kHeaderBytes)
    return false;
  ByteReader r(file.first(kHeaderBytes));
  std::span<const uint8_t> payload = file.subspan(kHeaderBytes);
  bool fits = r.u32() == kMagic && r.u32() == kFormat && r.u32() == static_cast<uint32_t>(kind) &&
              r.u32() == 0 && r.u64() == payload.size() && r.u64() == checksum(payload);
  return fits && r.u64() == key.high && r.u64() == key.low;
}

struct FileInfo {
  std::string path;
  uint64_t bytes = 0;
  timespec modified{};
  bool leftover = false; // of an interrupted write: <name>.<kind>.XXXXXX
};

/// All files of the cache. Files that vanish meanwhile (another process prunes) are left out.
std::vector<FileInfo> scan(const std::string &root) {
  std::vector<FileInfo> files;
  DIR *top = ::opendir(root.c_str());
  if (!top)
    return files;
  while (dirent *shard = ::readdir(top)) {
    if (std::strlen(shard->d_name) != 2 || shard->d_name[0] == '.')
      continue;
    std::string folder = root + "/" + shard->d_name;
    DIR *inner = ::opendir(folder.c_str());
    if (!inner)
      continue;
    while (dirent *entry = ::readdir(inner)) {
      if (entry->d_name[0] == '.')
        continue;
      FileInfo file;
      file.path = folder + "/" + entry->d_name;
      struct stat info{};
      if (::stat(file.path.c_str(), &info) != 0 || !S_ISREG(info.st_mode))
        continue;
      std::string_view name = entry->d_name;
      file.bytes = static_cast<uint64_t>(info.st_size);
      file.modified = info.st_mtim;
      file.leftover = !name.ends_with(".summary") && !name.ends_with(".kernel");
      files.push_back(std::move(file));
    }
    ::closedir(inner);
  }
  ::closedir(top);
  return files;
}

} // namespace

std::optional<std::string> default_cache_folder() {
  if (auto path = environment("CUDA_CACHE_PATH"))
    return *path + "/warp2wave";
  if (auto path = environment("XDG_CACHE_HOME"))
    return *path + "/warp2wave";
  if (auto path = environment("HOME"))
    return *path + "/.cache/warp2wave";
  return std::nullopt;
}

uint64_t cache_size_limit() {
  constexpr uint64_t kDefault = uint64_t{1} << 30, kMost = uint64_t{1} << 42;
  std::optional<std::string> text = environment("CUDA_CACHE_MAXSIZE");
  if (!text)
    return kDefault;
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) {
    log_warn("CUDA_CACHE_MAXSIZE={} is not a number of bytes, using {}", *text, kDefault);
    return kDefault;
  }
  return std::min(value, kMost);
}

DiskLayer::DiskLayer(std::string root, uint64_t limit_bytes)
    : root_(std::move(root) + "/v1"), limit_(limit_bytes) {}

std::string DiskLayer::file_of(Kind kind, const Hash128 &key) const {
  std::string hex = key.hex();
  return fmt::format("{}/{}/{}.{}", root_, hex.substr(0, 2), hex.substr(2), suffix(kind));
}

SharedBytes DiskLayer::find(Kind kind, const Hash128 &key) {
  std::string path = file_of(kind, key);
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0)
    return nullptr;
  Result<std::vector<uint8_t>> file = read_whole_file(path);
  if (!file)
    return nullptr;
  if (!header_fits(kind, key, *file)) {
    log_warn("deleting the damaged cache entry {}", path);
    ::unlink(path.c_str());
    return nullptr;
  }
  // Refreshing at most once a minute keeps hits from writing to the disk.
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec - info.st_mtim.tv_sec > 60)
    ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
  return std::make_shared<const Bytes>(file->begin() + kHeaderBytes, file->end());
}

void DiskLayer::store(Kind kind, const Hash128 &key, const SharedBytes &bytes) {
  if (!usable_ || bytes->size() + kHeaderBytes > limit_)
    return;
  std::string path = file_of(kind, key);
  std::vector<uint8_t> file = with_header(kind, key, *bytes);
  bool written = write_file_atomically(path, file);
  if (!written && errno == ENOENT)
    written = make_folders(path.substr(0, path.rfind('/'))) && write_file_atomically(path, file);
  if (!written) {
    if (usable_.exchange(false))
      log_warn("cannot write to the cache {} ({}): nothing more is stored there", root_,
               std::strerror(errno));
    return;
  }
  if (size_ < 0)
    size_ = static_cast<int64_t>(contents().bytes);
  else
    size_ += static_cast<int64_t>(file.size());
  if (static_cast<uint64_t>(size_.load()) > limit_)
    if (std::optional<Contents> left = prune(limit_ / 4 * 3))
      size_ = static_cast<int64_t>(left->bytes);
}

DiskLayer::Contents DiskLayer::contents() const {
  Contents total;
  for (const FileInfo &file : scan(root_))
    if (!file.leftover) {
      ++total.files;
      total.bytes += file.bytes;
    }
  return total;
}

std::optional<DiskLayer::Contents> DiskLayer::prune(uint64_t target_bytes) {
  Descriptor lock(::open((root_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return std::nullopt;
  std::vector<FileInfo> files = scan(root_);
  std::sort(files.begin(), files.end(), [](const FileInfo &a, const FileInfo &b) {
    return a.modified.tv_sec != b.modified.tv_sec ? a.modified.tv_sec < b.modified.tv_sec
                                                  : a.modified.tv_nsec < b.modified.tv_nsec;
  });
  Contents left;
  for (const FileInfo &file : files)
    if (!file.leftover) {
      ++left.files;
      left.bytes += file.bytes;
    }
  time_t now = ::time(nullptr);
  for (const FileInfo &file : files) {
    if (file.leftover) {
      if (now - file.modified.tv_sec > 3600)
        ::unlink(file.path.c_str());
    } else if (left.bytes > target_bytes && ::unlink(file.path.c_str()) == 0) {
      --left.files;
      left.bytes -= file.bytes;
    }
  }
  log_info("cache {}: pruned to {} entries, {} bytes", root_, left.files, left.bytes);
  return left;
}

} // namespace w2w::cache
