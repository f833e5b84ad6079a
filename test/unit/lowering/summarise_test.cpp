// summarise(): arena layout, initial image, kernels and their parameters.
#include "frontend/parse/parse.h"
#include "lowering/arena_layout.h"
#include "lowering/compiler.h"

#include <catch2/catch.hpp>
#include <cstring>

using namespace w2w;

namespace {

struct Summary {
  explicit Summary(std::string_view body, const std::string &mode = "")
      : text(".version 8.0\n.target sm_80" + mode + "\n.address_size 64\n" + std::string(body)),
        parsed(ptx::parse("test.ptx", text, diags)), summary(summarise(parsed.module(), diags)) {}

  const abi::VariableSummary &variable(std::string_view name) const {
    for (const auto &v : summary.variables)
      if (v.name == name)
        return v;
    FAIL("no variable " << name);
    return summary.variables.front();
  }
  uint64_t word(uint64_t offset) const {
    uint64_t value = 0;
    for (unsigned i = 0; i < 8 && offset + i < summary.arena_image.size(); ++i)
      value |= uint64_t{summary.arena_image[offset + i]} << (8 * i);
    return value;
  }

  std::string text;
  ptx::Diagnostics diags;
  ptx::ParsedModule parsed;
  abi::ModuleSummary summary;
};

} // namespace

TEST_CASE("Variables are laid out in order, aligned") {
  Summary s(".visible .global .align 1 .b8 a[3];\n"
            ".visible .const .align 16 .b8 b[5] = {1, 2, 3};\n"
            ".visible .global .u64 c = 0x1122334455667788;\n"
            ".extern .global .u32 e;\n");
  REQUIRE_FALSE(s.diags.has_errors());
  CHECK(s.variable("a").offset == 0);
  CHECK(s.variable("b").offset == 16);
  CHECK(s.variable("b").is_const);
  CHECK(s.variable("c").offset == 24);
  CHECK(s.variable("e").is_extern);
  CHECK(s.summary.arena_size == 32);
  CHECK(s.summary.managed_begin == 32);
  CHECK(s.summary.arena_align >= 16);
  CHECK(s.word(16) == 0x030201u);
  CHECK(s.word(24) == 0x1122334455667788u);
}

TEST_CASE("Managed variables lie behind all others, in a part of their own") {
  Summary s(".visible .global .attribute(.managed) .u32 shared[3];\n"
            ".visible .global .align 512 .u32 own;\n"
            ".visible .global .u64 to_shared = shared;\n"
            ".visible .global .attribute(.managed) .u64 to_own = own;\n");
  REQUIRE_FALSE(s.diags.has_errors());
  CHECK(s.variable("own").offset == 0);
  CHECK(s.variable("to_shared").offset == 8);
  CHECK(s.summary.managed_begin == 512);
  CHECK(s.variable("shared").offset == 512);
  CHECK(s.variable("shared").is_managed);
  CHECK(s.variable("to_own").offset == 528);
  CHECK(s.summary.arena_size == 536);
  REQUIRE(s.summary.relocations.size() == 2);
  CHECK(s.summary.relocations[0].offset == 8);
  CHECK(s.summary.relocations[0].managed);
  CHECK(s.summary.relocations[1].offset == 528);
  CHECK_FALSE(s.summary.relocations[1].managed);
}

TEST_CASE("Textures, samplers and surfaces are unbound descriptors in the arena") {
  Summary s(".global .u32 before;\n.global .texref tex;\n.global .surfref surf;\n");
  REQUIRE_FALSE(s.diags.has_errors());
  CHECK(s.variable("tex").opaque == uint8_t(abi::OpaqueKind::Texref));
  CHECK(s.variable("tex").offset == 64);
  CHECK(s.variable("tex").size == sizeof(abi::ImageDescriptor));
  CHECK(s.variable("surf").opaque == uint8_t(abi::OpaqueKind::Surfref));
  CHECK(s.variable("surf").offset == 64 + sizeof(abi::ImageDescriptor));
  CHECK(s.variable("before").opaque == uint8_t(abi::OpaqueKind::None));
  CHECK(uint32_t(s.word(64)) == uint32_t(abi::DescriptorKind::Texture));
  CHECK(uint32_t(s.word(s.variable("surf").offset)) == uint32_t(abi::DescriptorKind::Surface));
  CHECK_FALSE(s.summary.independent_textures);
}

TEST_CASE("Samplers have their initial values in the arena; refused ones are no handles") {
  Summary s(
      ".global .samplerref given = { filter_mode = linear, addr_mode_0 = wrap,\n"
      "  addr_mode_1 = mirror, addr_mode_2 = clamp_to_border, force_unnormalized_coords = 1 };\n"
      ".global .samplerref edge = { addr_mode_0 = clamp_to_edge }, plain;\n"
      ".global .samplerref refused = { addr_mode_0 = linear };\n"
      ".global .samplerref three[3] = { addr_mode_0 = clamp_ogl, {}, { filter_mode = wrap } };\n"
      ".global .texref image = { width = 4 };\n",
      ", texmode_independent");
  REQUIRE_FALSE(s.diags.has_errors());
  auto sampler = [&](const char *name, unsigned element = 0) {
    abi::SamplerDescriptor d{};
    memcpy(&d, s.summary.arena_image.data() + s.variable(name).offset + element * sizeof d,
           sizeof d);
    return d;
  };
  const abi::SamplerDescriptor given = sampler("given");
  CHECK(given.kind == uint32_t(abi::DescriptorKind::Sampler));
  CHECK(given.sampler.filter_mode == uint32_t(abi::FilterMode::Linear));
  CHECK(given.sampler.address_mode[0] == uint32_t(abi::AddressMode::Wrap));
  CHECK(given.sampler.address_mode[1] == uint32_t(abi::AddressMode::Mirror));
  CHECK(given.sampler.address_mode[2] == uint32_t(abi::AddressMode::Border));
  CHECK(given.sampler.force_unnormalized == 1);
  const abi::SamplerDescriptor edge = sampler("edge"), plain = sampler("plain");
  CHECK(memcmp(&edge, &plain, sizeof edge) == 0); // the default
  CHECK(plain.kind == uint32_t(abi::DescriptorKind::Sampler));
  CHECK(plain.sampler.address_mode[2] == uint32_t(abi::AddressMode::Clamp));
  CHECK(plain.sampler.filter_mode == uint32_t(abi::FilterMode::Point));
  CHECK(sampler("refused").kind == 0);
  CHECK(s.variable("three").size == 3 * sizeof plain);
  const abi::SamplerDescriptor first = sampler("three"), second = sampler("three", 1);
  CHECK(first.sampler.address_mode[0] == uint32_t(abi::AddressMode::HalfBorder));
  CHECK(first.sampler.address_mode[1] == uint32_t(abi::AddressMode::Clamp));
  CHECK(memcmp(&second, &plain, sizeof plain) == 0);
  CHECK(sampler("three", 2).kind == 0);
  // Fields of a texture say nothing.
  CHECK(uint32_t(s.word(s.variable("image").offset)) == uint32_t(abi::DescriptorKind::Texture));
  CHECK(s.summary.independent_textures);
}

TEST_CASE("Addresses and function ids in initialisers") {
  Summary s(".visible .global .u32 target[4];\n"
            ".func f() { ret; }\n"
            ".visible .global .u64 pointers[3] = {generic(target), target+8, f};\n");
  REQUIRE_FALSE(s.diags.has_errors());
  uint64_t at = s.variable("pointers").offset, base = s.variable("target").offset;
  REQUIRE(s.summary.relocations.size() == 2);
  CHECK(s.summary.relocations[0].offset == at);
  CHECK(s.summary.relocations[0].width == 8);
  CHECK(s.summary.relocations[0].addend == base);
  CHECK(s.summary.relocations[1].offset == at + 8);
  CHECK(s.summary.relocations[1].addend == base + 8);
  uint64_t id = s.word(at + 16);
  bool found = false;
  for (size_t i = 0; i < s.summary.functions.size(); ++i)
    found |= s.summary.functions[i] == "f" && id == abi::function_id(uint32_t(i));
  CHECK(found);
}

TEST_CASE("Kernels: parameters, bounds, shared memory, errors") {
  Summary s(".shared .align 4 .b8 outer[100];\n"
            ".func helper() { .shared .align 8 .b8 inner[16]; .reg .b32 %r;\n"
            "  ld.shared.u32 %r, [inner]; ret; }\n"
            ".visible .entry good(.param .u8 a, .param .u64 b, .param .align 16 .b8 c[20], .param "
            ".u32 d)\n"
            ".maxntid 128, 2, 1\n"
            "{ .reg .b32 %r; ld.shared.u32 %r, [outer]; call helper; ret; }\n"
            ".visible .entry bad() { frobnicate.u32 %r1; ret; }\n");
  REQUIRE(s.summary.kernels.size() == 2);
  const abi::KernelSummary &good = s.summary.kernels[0], &bad = s.summary.kernels[1];
  REQUIRE(good.params.size() == 4);
  CHECK(good.params[0].offset == 0);
  CHECK(good.params[1].offset == 8);
  CHECK(good.params[2].offset == 16);
  CHECK(good.params[2].size == 20);
  CHECK(good.params[3].offset == 36);
  CHECK(good.param_bytes == 40);
  CHECK(good.max_threads[0] == 128);
  CHECK(good.max_threads[1] == 2);
  CHECK(good.static_shared == 120);
  CHECK(good.error.empty());
  CHECK(bad.error.find("frobnicate") != std::string::npos);
  CHECK_FALSE(s.summary.fatal);
}

TEST_CASE("The summary is a pure function of the text") {
  const char *text = ".global .u32 a; .global .u64 b = a;\n.visible .entry k() { ret; }\n";
  CHECK(abi::serialise(Summary(text).summary) == abi::serialise(Summary(text).summary));
}
