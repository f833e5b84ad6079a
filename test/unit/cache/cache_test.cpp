#include "runtime/cache/cache.h"
#include "runtime/cache/disk_layer.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace w2w;
using namespace w2w::cache;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("w2w-cache-{}-{}", ::getpid(), ++count);
  Folder() { fs::remove_all(path); }
  ~Folder() { fs::remove_all(path); }
  static inline int count = 0;
};

Hash128 key(uint64_t n) {
  return Hasher().number(n).finish();
}

/// Contents that belong to a key and nothing else.
SharedBytes payload(uint64_t n, size_t size = 3000) {
  Bytes bytes(size);
  uint64_t state = n * 0x9e3779b97f4a7c15u + 1;
  for (auto &byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<uint8_t>(state >> 56);
  }
  return std::make_shared<const Bytes>(std::move(bytes));
}

void overwrite(const std::string &path, size_t offset, std::string_view bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

} // namespace

TEST_CASE("disk: what is stored is found, by kind and key") {
  Folder folder;
  DiskLayer layer(folder.path, 1 << 20);
  CHECK(layer.find(Kind::Kernel, key(1)) == nullptr);
  layer.store(Kind::Kernel, key(1), payload(1));
  layer.store(Kind::Summary, key(1), payload(2));
  REQUIRE(layer.find(Kind::Kernel, key(1)));
  CHECK(*layer.find(Kind::Kernel, key(1)) == *payload(1));
  CHECK(*layer.find(Kind::Summary, key(1)) == *payload(2));
  CHECK(layer.find(Kind::Kernel, key(2)) == nullptr);
  // Another process sees the same.
  DiskLayer again(folder.path, 1 << 20);
  CHECK(*again.find(Kind::Kernel, key(1)) == *payload(1));
  CHECK(again.contents().files == 2);
  layer.store(Kind::Kernel, key(3), std::make_shared<const Bytes>());
  REQUIRE(layer.find(Kind::Kernel, key(3)));
  CHECK(layer.find(Kind::Kernel, key(3))->empty());
}

TEST_CASE("disk: a damaged entry is a miss, is deleted, and can be stored anew") {
  Folder folder;
  DiskLayer layer(folder.path, 1 << 20);
  std::string path = layer.file_of(Kind::Kernel, key(7));
  auto damage = [&](auto how) {
    layer.store(Kind::Kernel, key(7), payload(7));
    REQUIRE(layer.find(Kind::Kernel, key(7)));
    how();
    CHECK(layer.find(Kind::Kernel, key(7)) == nullptr);
    CHECK_FALSE(fs::exists(path));
  };
  damage([&] { overwrite(path, 0, "X"); });             // magic
  damage([&] { overwrite(path, 4, "\x09"); });          // format version
  damage([&] { overwrite(path, 8, "\x01"); });          // kind
  damage([&] { overwrite(path, 40, "XXXXXXXX"); });     // key
  damage([&] { overwrite(path, 48 + 1500, "torn?"); }); // payload
  damage([&] { fs::resize_file(path, 48 + 1500); });    // torn write
  damage([&] { fs::resize_file(path, 10); });           // torn header
  damage([&] { fs::resize_file(path, 0); });
  damage([&] { fs::resize_file(path, fs::file_size(path) + 4096); });
  // An entry under another entry's name.
  layer.store(Kind::Kernel, key(8), payload(8));
  layer.store(Kind::Kernel, key(7), payload(7));
  fs::copy_file(layer.file_of(Kind::Kernel, key(8)), path, fs::copy_options::overwrite_existing);
  CHECK(layer.find(Kind::Kernel, key(7)) == nullptr);
}

TEST_CASE("disk: many processes at once, while entries are pruned") {
  Folder folder;
  constexpr int kProcesses = 6, kKeys = 40;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      // Small enough that pruning goes on all the time.
      DiskLayer layer(folder.path, 60000);
      int wrong = 0;
      for (int round = 0; round < 60; ++round) {
        auto n = static_cast<uint64_t>((round * 7 + p * 13) % kKeys);
        SharedBytes found = layer.find(Kind::Kernel, key(n));
        if (found && *found != *payload(n))
          ++wrong;
        layer.store(Kind::Kernel, key(n), payload(n));
      }
      ::_exit(wrong == 0 ? 0 : 1);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  DiskLayer layer(folder.path, 60000);
  for (uint64_t n = 0; n < kKeys; ++n)
    if (SharedBytes found = layer.find(Kind::Kernel, key(n)))
      CHECK(*found == *payload(n));
  // Each process counts for itself between prunings, so the limit is kept up to what they add
  // meanwhile.
  CHECK(layer.contents().bytes < 60000 * 3);
}

TEST_CASE("disk: the least recently used entries go first") {
  Folder folder;
  DiskLayer layer(folder.path, 1 << 20);
  for (uint64_t n = 0; n < 10; ++n) {
    layer.store(Kind::Kernel, key(n), payload(n, 1000));
    // Older the smaller n is.
    fs::last_write_time(layer.file_of(Kind::Kernel, key(n)),
                        fs::file_time_type::clock::now() - std::chrono::hours(100 - n));
  }
  REQUIRE(layer.find(Kind::Kernel, key(0))); // used: now the newest
  std::string leftover = layer.file_of(Kind::Kernel, key(1)) + ".AbCdEf";
  std::ofstream(leftover) << "interrupted";
  fs::last_write_time(leftover, fs::file_time_type::clock::now() - std::chrono::hours(2));
  auto left = layer.prune(3 * 1048);
  REQUIRE(left);
  CHECK(left->files == 3);
  CHECK(layer.find(Kind::Kernel, key(0)));
  CHECK(layer.find(Kind::Kernel, key(9)));
  CHECK(layer.find(Kind::Kernel, key(8)));
  CHECK_FALSE(layer.find(Kind::Kernel, key(1)));
  CHECK_FALSE(fs::exists(leftover));
}

TEST_CASE("disk: storing beyond the limit prunes; a folder that cannot be written is no error") {
  Folder folder;
  DiskLayer layer(folder.path, 20000);
  for (uint64_t n = 0; n < 30; ++n)
    layer.store(Kind::Kernel, key(n), payload(n, 1000));
  CHECK(layer.contents().bytes <= 20000);
  layer.store(Kind::Kernel, key(100), payload(100, 30000)); // larger than everything
  CHECK_FALSE(layer.find(Kind::Kernel, key(100)));
  DiskLayer nowhere("/proc/nowhere", 20000);
  nowhere.store(Kind::Kernel, key(1), payload(1));
  CHECK_FALSE(nowhere.find(Kind::Kernel, key(1)));
}

TEST_CASE("memory: least recently used, by bytes") {
  MemoryLayer layer(2500);
  layer.store(Kind::Kernel, key(1), payload(1, 1000));
  layer.store(Kind::Kernel, key(2), payload(2, 1000));
  CHECK(layer.find(Kind::Kernel, key(1)));
  layer.store(Kind::Kernel, key(3), payload(3, 1000));
  CHECK(layer.find(Kind::Kernel, key(1)));
  CHECK_FALSE(layer.find(Kind::Kernel, key(2)));
  CHECK(layer.bytes_held() == 2000);
  layer.store(Kind::Kernel, key(1), payload(4, 500)); // replaces
  CHECK(layer.bytes_held() == 1500);
  layer.store(Kind::Kernel, key(5), payload(5, 5000));
  CHECK_FALSE(layer.find(Kind::Kernel, key(5)));
}

TEST_CASE("layers: a hit fills the faster ones") {
  Folder folder;
  DiskLayer(folder.path, 1 << 20).store(Kind::Kernel, key(1), payload(1));
  auto memory = std::make_unique<MemoryLayer>(1 << 20);
  MemoryLayer *first = memory.get();
  std::vector<std::unique_ptr<Layer>> layers;
  layers.push_back(std::move(memory));
  layers.push_back(std::make_unique<DiskLayer>(folder.path, 1 << 20));
  Cache cache(std::move(layers));
  CHECK_FALSE(cache.find(Kind::Kernel, key(2)));
  REQUIRE(cache.find(Kind::Kernel, key(1)));
  CHECK(first->find(Kind::Kernel, key(1)));
  REQUIRE(cache.find(Kind::Kernel, key(1)));
  Statistics s = cache.statistics();
  CHECK(s.misses == 1);
  CHECK(s.disk_hits == 1);
  CHECK(s.memory_hits == 1);
}

TEST_CASE("CUDA's cache variables") {
  ::setenv("CUDA_CACHE_PATH", "/tmp/elsewhere", 1);
  CHECK(default_cache_folder() == "/tmp/elsewhere/warp2wave");
  ::unsetenv("CUDA_CACHE_PATH");
  ::setenv("XDG_CACHE_HOME", "/x", 1);
  CHECK(default_cache_folder() == "/x/warp2wave");
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("HOME", "/h", 1);
  CHECK(default_cache_folder() == "/h/.cache/warp2wave");
  ::setenv("CUDA_CACHE_MAXSIZE", "12345", 1);
  CHECK(cache_size_limit() == 12345);
  ::setenv("CUDA_CACHE_MAXSIZE", "many", 1);
  CHECK(cache_size_limit() == uint64_t{1} << 30);
  ::unsetenv("CUDA_CACHE_MAXSIZE");
  CHECK(cache_size_limit() == uint64_t{1} << 30);
}
