#include "runtime/hip/loader.h"
#include "runtime/support/bytes.h"
#include "runtime/support/files.h"
#include "runtime/support/hash.h"
#include "runtime/support/options.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

using namespace w2w;

// Read once per process, so set before anything asks.
static const bool configured = [] {
  ::setenv("W2W_CONFIG", "cc=9.0,contract,jobs=3,compile-timeout=soon,nonsense,opt", 1);
  return true;
}();

TEST_CASE("W2W_CONFIG is a list of options") {
  REQUIRE(configured);
  CHECK(option("cc") == "9.0");
  CHECK(option_set("contract"));
  CHECK_FALSE(option_set("inprocess"));
  CHECK_FALSE(option_set("nonsense")); // unknown: named in a warning, ignored
  CHECK_FALSE(option_set("opt"));      // needs a value
  CHECK(option_number("jobs", 8, 1, 256) == 3);
  CHECK(option_number("jobs", 8, 4, 256) == 8);                 // out of range
  CHECK(option_number("compile-timeout", 300, 1, 1000) == 300); // not a number
  CHECK(option_number("compile-memory", 7, 1, 10) == 7);        // absent
}

TEST_CASE("W2W_DEVICE") {
  using hip::Backend;
  CHECK(hip::parse_device_choice("auto")->backend == Backend::Auto);
  CHECK(hip::parse_device_choice("")->backend == Backend::Auto);
  CHECK(hip::parse_device_choice("hip")->backend == Backend::Hip);
  CHECK(hip::parse_device_choice("emulator")->backend == Backend::Emulator);
  CHECK(hip::parse_device_choice("emulator:gfx1100")->model == "gfx1100");
  CHECK_FALSE(hip::parse_device_choice("emulator:"));
  CHECK_FALSE(hip::parse_device_choice("gfx942"));
  auto nvidia = hip::parse_device_choice("nvidia");
  REQUIRE_FALSE(nvidia);
  CHECK(nvidia.error().find("nvidia") != std::string::npos);
}

TEST_CASE("a library that is not HIP is refused by what it lacks") {
  auto missing = hip::open_library("/nonexistent/libamdhip64.so", false);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().find("/nonexistent/libamdhip64.so") != std::string::npos);
  auto other = hip::open_library("libm.so.6", false);
  REQUIRE_FALSE(other);
  CHECK(other.error().find("hipMalloc") != std::string::npos);
}

TEST_CASE("the byte reader survives any input") {
  ByteWriter w;
  w.u32(7);
  w.text("abc");
  w.u64(1);
  std::vector<uint8_t> bytes = w.take();
  ByteReader whole(bytes);
  CHECK(whole.u32() == 7);
  CHECK(whole.text() == "abc");
  CHECK(whole.u64() == 1);
  CHECK(whole.done());
  for (size_t length = 0; length < bytes.size(); ++length) {
    ByteReader cut(std::span(bytes).first(length));
    (void)cut.u32();
    (void)cut.text();
    (void)cut.u64();
    CHECK_FALSE(cut.ok());
  }
  std::vector<uint8_t> huge(16, 0xff); // a length far beyond the end
  ByteReader r(huge);
  CHECK(r.text().empty());
  CHECK_FALSE(r.ok());
}

TEST_CASE("hashes tell fields apart") {
  CHECK(Hasher().field("ab").field("c").finish() != Hasher().field("a").field("bc").finish());
  CHECK(Hasher().field("ab").finish() == Hasher().field("ab").finish());
  CHECK((Hash128{0x0123456789abcdef, 0xfedcba9876543210}.hex()) ==
        "0123456789abcdeffedcba9876543210");
}

TEST_CASE("files appear whole or not at all") {
  auto folder = std::filesystem::temp_directory_path() / fmt::format("w2w-files-{}", ::getpid());
  REQUIRE(make_folders((folder / "a/b").string()));
  std::string path = (folder / "a/b/file").string();
  std::vector<uint8_t> bytes(100000, 42);
  REQUIRE(write_file_atomically(path, bytes));
  CHECK(*read_whole_file(path) == bytes);
  CHECK_FALSE(write_file_atomically((folder / "absent/file").string(), bytes));
  CHECK_FALSE(read_whole_file((folder / "absent").string()));
  CHECK_FALSE(read_whole_file(folder.string()));
  size_t count = 0;
  for (const auto &entry : std::filesystem::directory_iterator(folder / "a/b"))
    count += entry.exists();
  CHECK(count == 1); // no temporary file is left
  std::filesystem::remove_all(folder);
}

TEST_CASE("build ids") {
  auto id = elf_build_id("/proc/self/exe");
  if (id)
    CHECK(id->size() >= 16);
  CHECK_FALSE(elf_build_id("/nonexistent"));
  CHECK_FALSE(elf_build_id("/etc/passwd"));
}
