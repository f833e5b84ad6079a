#include "runtime/fatbin/fatbin.h"
#include "runtime/jit/loaded_module.h"
#include "runtime/jit/program.h"

#include <catch2/catch.hpp>

#include <cstring>

using namespace w2w;
using namespace w2w::jit;

static uint64_t word(const std::vector<uint8_t> &bytes, size_t offset, size_t width = 8) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + offset, width);
  return value;
}

TEST_CASE("relocations write the arena's base plus their addend, whole or in part") {
  abi::ModuleSummary summary;
  summary.arena_size = 64;
  summary.arena_image = {1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0, 0, 0, 0, 0, 0, 0};
  // The second lies past the initial image; the others are a byte and the lower half of addresses.
  summary.relocations = {{8, 8, 0, 0x10}, {40, 8, 0, 0}, {5, 1, 8, 0x1fe}, {0, 4, 0, 0xfff}};
  std::vector<uint8_t> placed = place_arena(summary, 0x7f0000001000, 0x7e0000000000);
  CHECK(word(placed, 0) == 0x0807110500001fff);
  CHECK(word(placed, 8) == 0x7f0000001010);
  REQUIRE(placed.size() >= 48);
  CHECK(word(placed, 40) == 0x7f0000001000);
  CHECK(word(placed, 16) == 0);
}

TEST_CASE("addresses of managed variables count from their own base, wherever they are written") {
  abi::ModuleSummary summary;
  summary.arena_size = 32;
  summary.managed_begin = 16;
  // The end of the device's part is not the begin of the managed one.
  summary.relocations = {{0, 8, 0, 20, true}, {8, 8, 0, 16, false}, {16, 8, 0, 4, false}};
  std::vector<uint8_t> placed = place_arena(summary, 0x7f0000001000, 0x7e0000000000);
  REQUIRE(placed.size() >= 24);
  CHECK(word(placed, 0) == 0x7e0000000004);
  CHECK(word(placed, 8) == 0x7f0000001010);
  CHECK(word(placed, 16) == 0x7f0000001004);
}

TEST_CASE("relocations outside the arena are ignored") {
  abi::ModuleSummary summary;
  summary.arena_size = 16;
  summary.relocations = {{12, 8, 0}, {UINT64_MAX - 3, 8, 0}, {0, 200, 0}};
  CHECK(place_arena(summary, 0x1000, 0x2000).size() <= 16);
}

TEST_CASE("images without usable PTX") {
  auto sass = fatbin::write_container(
      std::vector<fatbin::NewEntry>{{fatbin::Kind::Elf, 75, 0, 0, 0, 0, fatbin::Compression::None,
                                     "", "", std::vector<uint8_t>(64, 1)}});
  REQUIRE(sass);
  auto none = choose_ptx(sass->data(), 89);
  REQUIRE_FALSE(none);
  CHECK(none.failure().kind == FailureKind::NoCodeForDevice);
  CHECK(none.failure().message.find("sm_75") != std::string::npos);

  auto damaged = choose_ptx("\x01garbage", 89);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.failure().kind == FailureKind::DamagedImage);

  auto text = choose_ptx(".version 7.0\n.target sm_70\n.address_size 64\n", 89);
  REQUIRE(text);
  CHECK(text->text.starts_with(".version 7.0"));
  auto same = choose_ptx(".version 7.0\n.target sm_70\n.address_size 64\n", 89);
  CHECK(text->hash == same->hash);
}
