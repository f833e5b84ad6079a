// Invariants of the instruction table that the rest of the frontend relies on.
#include "frontend/isa/form.h"
#include "frontend/isa/list.h"
#include "frontend/sema/mnemonic.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace w2w::ptx;
using isa::Form;
using isa::OperandSpec;

TEST_CASE("forms are grouped by opcode and numbered", "[table]") {
  uint16_t index = 0;
  for (unsigned o = 0; o < isa::kOpcodeCount; ++o) {
    const auto opcode = static_cast<isa::Opcode>(o);
    CHECK_FALSE(isa::forms(opcode).empty());
    REQUIRE(isa::find_opcode(isa::spelling(opcode)));
    CHECK(*isa::find_opcode(isa::spelling(opcode)) == opcode);
    for (const Form &f : isa::forms(opcode)) {
      CHECK(f.opcode == opcode);
      CHECK(f.index == index++);
    }
  }
  CHECK(index == isa::forms().size());
  CHECK(isa::find_opcode("nonsense") == nullptr);
}

TEST_CASE("every row is sound", "[table]") {
  for (const Form &f : isa::forms()) {
    INFO(f.syntax);
    CHECK(f.section.starts_with("9.7."));
    CHECK(f.slots.size() <= 64); // the matcher's bit set
    std::set<isa::Mod> seen;
    unsigned type_slots = 0;
    for (const isa::Slot &s : f.slots) {
      CHECK(s.is_type == s.mods.empty());
      CHECK(s.is_type != s.types.empty());
      type_slots += s.is_type;
      for (const isa::Mod m : s.mods) // one enumerator never fills two slots
        CHECK(seen.insert(m).second);
    }
    for (const OperandSpec &o : f.operands) {
      if (o.type.kind == isa::TypeRef::Kind::Slot || o.type.kind == isa::TypeRef::Kind::SlotWide)
        CHECK(o.type.index < type_slots);
      CHECK(o.low <= o.high);
      if (o.condition != isa::kNoMod)
        CHECK(seen.contains(o.condition));
    }
    for (const isa::ConditionalRequirement &r : f.needs)
      CHECK_FALSE(r.when.empty());
    for (const isa::Rule &r : f.rules) {
      CHECK_FALSE(r.when.empty());
      CHECK_FALSE(r.what.empty());
    }
    CHECK(f.requirement.ptx <= 90);
  }
}

TEST_CASE("no row is written twice", "[table]") {
  std::set<std::string_view> seen;
  for (const Form &f : isa::forms()) {
    INFO(f.syntax);
    CHECK(seen.insert(f.syntax).second);
  }
}

TEST_CASE("every form can be written down and found again", "[table]") {
  Arena arena;
  MnemonicTable table(arena);
  table.set_target(90, 90, 0);
  for (const Form &f : isa::forms()) {
    // The last spelling everywhere, or the shortest mnemonic: rules may forbid one of them.
    bool found = false;
    for (const bool shortest : {false, true}) {
      std::string suffixes;
      for (const isa::Slot &s : f.slots) {
        if (shortest && s.optional)
          continue;
        if (s.is_type)
          suffixes += "." + std::string(info(shortest ? s.types[0] : s.types.back()).spelling);
        else
          suffixes += "." + std::string(isa::spelling(shortest ? s.mods[0] : s.mods.back()));
      }
      const Mnemonic &m = table.find(isa::spelling(f.opcode), arena.copy(suffixes));
      for (const Candidate &c : m.candidates)
        found |= c.form == &f;
    }
    INFO(f.syntax);
    CHECK(found);
  }
}

TEST_CASE("special registers", "[table]") {
  for (const char *name : {"%tid", "%ntid", "%ctaid", "%nctaid", "%laneid", "%warpid", "%nwarpid",
                           "%smid", "%gridid", "%clock64", "%lanemask_lt", "%envreg31", "%pm7_64",
                           "%globaltimer", "%dynamic_smem_size", "%cluster_ctarank"}) {
    INFO(name);
    CHECK(isa::find_special_register(name));
  }
  CHECK(isa::info(isa::SpecialRegister::tid).vector_width == 4);
  CHECK(isa::spelling(isa::SpecialRegister::clock64) == "%clock64");
  CHECK_FALSE(isa::find_special_register("%envreg32"));
}

TEST_CASE("requirements", "[table]") {
  isa::Requirement r;
  r.ptx = 86;
  r.arch[0] = {100, 'f'};
  CHECK(isa::satisfies(r, 88, 100, 'f'));
  CHECK(isa::satisfies(r, 88, 103, 'a'));
  CHECK(isa::satisfies(r, 86, 100, 'a'));
  CHECK_FALSE(isa::satisfies(r, 86, 100, 'f')); // family targets came with 8.8
  CHECK_FALSE(isa::satisfies(r, 90, 100, 0));
  CHECK_FALSE(isa::satisfies(r, 90, 120, 'a'));
  CHECK_FALSE(isa::satisfies(r, 85, 100, 'a'));
}

TEST_CASE("listing", "[table]") {
  const auto add_only = [](const Form &f) { return f.opcode == isa::Opcode::add; };
  const std::string text = isa::list_isa_text(add_only);
  CHECK_THAT(text, Catch::Contains("yes  9.7.1.1    add.sat.s32 =T, T, T\n"));
  CHECK_THAT(text, Catch::Contains("no   9.7.3.6    fma."));
  const std::string json = isa::list_isa_json(add_only);
  CHECK_THAT(json, Catch::Contains("{\"opcode\": \"add\", \"syntax\": \"add.sat.s32 =T, T, T\""));
  for (const Form &f : isa::forms()) // nothing to escape
    for (const char c : f.syntax)
      CHECK((c != '"' && c != '\\' && c >= ' '));
}
