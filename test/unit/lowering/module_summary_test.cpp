// Bytes of the module summary: round trip, and every kind of damage.
#include "lowering/abi/module_summary.h"

#include <catch2/catch.hpp>

using namespace w2w::abi;

namespace {

ModuleSummary sample() {
  ModuleSummary s;
  KernelSummary k;
  k.name = "kernel";
  k.params = {{0, 8, 8}, {8, 4, 4}};
  k.param_bytes = 12;
  k.max_threads[0] = 256;
  k.req_threads[2] = 3;
  k.cluster[1] = 2;
  k.explicit_cluster = true;
  k.static_shared = 1024;
  k.const_bytes = 64;
  k.error = "a.ptx:1:2: error";
  s.kernels = {k, {}};
  s.variables = {{.name = "v", .offset = 256, .size = 4, .align = 4, .is_const = true}};
  s.arena_size = 4096;
  s.managed_begin = 2048;
  s.arena_align = 512;
  s.arena_image = {1, 2, 3};
  s.relocations = {{.offset = 8, .width = 1, .shift = 24, .addend = 77, .managed = true}};
  s.functions = {"f", "kernel"};
  s.ptx_version = 90;
  s.sm = 89;
  s.diagnostics = "text";
  s.fatal = true;
  return s;
}

} // namespace

TEST_CASE("A module summary survives the round trip") {
  ModuleSummary s = sample();
  auto bytes = serialise(s);
  auto r = deserialise_summary(bytes);
  REQUIRE(r);
  REQUIRE(r->kernels.size() == 2);
  CHECK(r->kernels[0].name == "kernel");
  REQUIRE(r->kernels[0].params.size() == 2);
  CHECK(r->kernels[0].params[1].offset == 8);
  CHECK(r->kernels[0].param_bytes == 12);
  CHECK(r->kernels[0].max_threads[0] == 256);
  CHECK(r->kernels[0].req_threads[2] == 3);
  CHECK(r->kernels[0].cluster[1] == 2);
  CHECK(r->kernels[0].explicit_cluster);
  CHECK(r->kernels[0].static_shared == 1024);
  CHECK(r->kernels[0].const_bytes == 64);
  CHECK(r->kernels[0].error == "a.ptx:1:2: error");
  REQUIRE(r->variables.size() == 1);
  CHECK(r->variables[0].offset == 256);
  CHECK(r->variables[0].is_const);
  CHECK_FALSE(r->variables[0].is_extern);
  CHECK(r->arena_size == 4096);
  CHECK(r->managed_begin == 2048);
  CHECK(r->arena_align == 512);
  CHECK(r->arena_image == std::vector<uint8_t>{1, 2, 3});
  REQUIRE(r->relocations.size() == 1);
  CHECK(r->relocations[0].width == 1);
  CHECK(r->relocations[0].shift == 24);
  CHECK(r->relocations[0].addend == 77);
  CHECK(r->functions == s.functions);
  CHECK(r->ptx_version == 90);
  CHECK(r->sm == 89);
  CHECK(r->diagnostics == "text");
  CHECK(r->fatal);
  CHECK(serialise(*r) == bytes);
}

TEST_CASE("Damaged summaries are refused") {
  auto bytes = serialise(sample());
  SECTION("any length cut off") {
    for (size_t n = 0; n < bytes.size(); ++n)
      CHECK_FALSE(deserialise_summary(std::span(bytes).first(n)));
  }
  SECTION("something appended") {
    bytes.push_back(0);
    CHECK_FALSE(deserialise_summary(bytes));
  }
  SECTION("any bit flipped") {
    for (size_t i = 0; i < bytes.size(); ++i) {
      auto damaged = bytes;
      damaged[i] ^= uint8_t(1u << (i % 8));
      CHECK_FALSE(deserialise_summary(damaged));
    }
  }
}

TEST_CASE("Function ids are never null and tell functions apart") {
  CHECK(function_id(0) != 0);
  CHECK(function_id(0) != function_id(1));
  CHECK((function_id(7) & kFunctionIdTag) == kFunctionIdTag);
}
