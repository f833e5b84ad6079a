#include "support.h"

#include <catch2/catch.hpp>

using namespace w2w::ptx;
using namespace w2w::ptx::test;

static const Variable &variable(const Parsed &p, std::string_view name) {
  for (const Variable *v : p.module().variables)
    if (v->name == name)
      return *v;
  throw std::runtime_error("no variable");
}

TEST_CASE("module header", "[declaration]") {
  const Parsed p = parse_text(".version 8.7\n.target sm_100a, texmode_independent\n.address_size "
                              "64\n.pragma \"nounroll\";");
  CHECK(p.messages() == "");
  CHECK(p.module().version == 87);
  CHECK(p.module().sm == 100);
  CHECK(p.module().sm_suffix == 'a');
  CHECK(p.module().texmode_independent);
  CHECK(p.module().pragmas.size() == 1);
}

TEST_CASE("variables: sizes, alignment, linkage", "[declaration]") {
  const Parsed p = parse_module(R"(
.visible .global .align 4 .f32 a[10];
.extern .shared .align 16 .b8 dyn[];
.const .v4 .f32 c;
.global .b16 m[2][3][4];
.weak .global .u8 w;
.common .global .u64 cm;
.global .attribute(.managed) .s32 man;
.global .u32 x<3>;
.extern .global .u32 later;
.visible .global .u32 later = 7;
.global .texref t;
)");
  CHECK(p.messages() == "");
  CHECK(variable(p, "a").size == 40);
  CHECK(variable(p, "a").linkage == Linkage::Visible);
  CHECK(variable(p, "dyn").unsized);
  CHECK(variable(p, "dyn").size == 0);
  CHECK(variable(p, "dyn").align == 16);
  CHECK(variable(p, "c").size == 16);
  CHECK(variable(p, "c").align == 16);
  CHECK(variable(p, "m").size == 48);
  CHECK(variable(p, "m").dimensions.size() == 3);
  CHECK(variable(p, "w").linkage == Linkage::Weak);
  CHECK(variable(p, "cm").linkage == Linkage::Common);
  CHECK(variable(parse_text(".version 2.1\n.target sm_20\n.extern .const[3] .u32 bank[];"), "bank")
            .const_bank == 3);
  CHECK(variable(p, "man").managed);
  CHECK(variable(p, "x2").size == 4);
  CHECK(variable(p, "later").linkage == Linkage::Visible);
  CHECK(variable(p, "later").initialiser.size() == 1);
  CHECK(variable(p, "t").align == 8);
  for (uint32_t i = 0; i < p.module().variables.size(); ++i)
    CHECK(p.module().variables[i]->index == i);
}

TEST_CASE("fields of samplers and textures", "[declaration]") {
  const Parsed p = parse_text(
      ".version 8.0\n.target sm_80, texmode_independent\n.address_size 64\n"
      ".global .samplerref s = { addr_mode_1 = clamp_ogl,\n"
      "  force_unnormalized_coords = 1 + 1, filter_mode = nearest }, none = {};\n"
      ".global .texref t = { width = 5 };\n"
      ".global .samplerref grid[2][2] = { { { addr_mode_0 = wrap }, addr_mode_1 = wrap },"
      "  { {}, { filter_mode = linear, addr_mode_2 = wrap } } },\n"
      "  open[] = { filter_mode = linear, {}, { filter_mode = nearest } }, one[2] = {};\n");
  CHECK(p.messages() ==
        "6:23 'width' of a .texref has no effect, as with ptxas: what the host binds says it\n");
  const auto s = variable(p, "s").initialiser;
  REQUIRE(s.size() == 3);
  CHECK(s[0].kind == InitialiserElement::Kind::Field);
  CHECK(s[0].field == OpaqueField::AddrMode1);
  CHECK(s[0].word == OpaqueWord::ClampOgl);
  CHECK(s[1].field == OpaqueField::ForceUnnormalizedCoords);
  CHECK(s[1].word == OpaqueWord::None);
  CHECK(s[1].bits == 2);
  CHECK(s[2].field == OpaqueField::FilterMode);
  CHECK(s[2].word == OpaqueWord::Nearest);
  CHECK(variable(p, "none").initialiser.empty());
  CHECK(variable(p, "t").initialiser[0].bits == 5);
  // Elements of an array are as far from another as their size says.
  const auto grid = variable(p, "grid").initialiser, open = variable(p, "open").initialiser;
  REQUIRE(grid.size() == 4);
  CHECK(grid[0].offset == 0);
  CHECK(grid[1].offset == 8);
  CHECK(grid[2].offset == 24);
  CHECK(grid[3].offset == 24);
  REQUIRE(open.size() == 2);
  CHECK(open[1].offset == 16);
  CHECK(variable(p, "open").size == 24);
  CHECK(variable(p, "one").size == 16);
  CHECK(print(p.module()).find("addr_mode_1=clamp_ogl, 0:force_unnormalized_coords=0x2") !=
        std::string::npos);
}

TEST_CASE("initialisers", "[declaration]") {
  const Parsed p = parse_module(R"(
.func f();
.global .u32 one = 0x10;
.global .s16 neg = -2;
.global .u32 list[] = {2, 3, 0, 7};
.global .s32 grid[3][2] = {{1, 2}, {3}};
.global .f32 fl[2] = {1.5, 0f40000000};
.global .f64 db = 0.5;
.const .v2 .u32 vec = {4, 5};
.global .u64 tab[4] = {0, list + 8, generic(list) + -4, f};
.global .u8 bytes[2] = {0xff(list), 0xff00(generic(list) + 1)};
.global .u32 e = (3 + 4) * 2 << 1 | 1;
.global .s64 cast = (.s64) 5 - 6;
.global .u32 cond = 1 ? 7 : 8;
)");
  CHECK(p.messages() == "");
  CHECK(variable(p, "one").initialiser[0].bits == 16);
  CHECK(variable(p, "neg").initialiser[0].bits == 0xfffe);
  CHECK(variable(p, "list").size == 16);
  CHECK(variable(p, "list").initialiser.size() == 3); // zeros are not stored
  CHECK(variable(p, "list").initialiser[2].offset == 12);
  const auto grid = variable(p, "grid").initialiser;
  REQUIRE(grid.size() == 3);
  CHECK(grid[1].offset == 4);
  CHECK(grid[2].offset == 8);
  CHECK(variable(p, "fl").initialiser[0].bits == 0x3fc00000);
  CHECK(variable(p, "fl").initialiser[1].bits == 0x40000000);
  CHECK(variable(p, "db").initialiser[0].bits == 0x3fe0000000000000);
  CHECK(variable(p, "vec").initialiser[1].offset == 4);
  const auto tab = variable(p, "tab").initialiser;
  REQUIRE(tab.size() == 3);
  CHECK(tab[0].kind == InitialiserElement::Kind::VariableAddress);
  CHECK(tab[0].addend == 8);
  CHECK(tab[1].kind == InitialiserElement::Kind::GenericAddress);
  CHECK(tab[1].addend == -4);
  CHECK(tab[2].kind == InitialiserElement::Kind::FunctionAddress);
  CHECK(tab[2].offset == 24);
  const auto bytes = variable(p, "bytes").initialiser;
  CHECK(bytes[0].mask == 0xff);
  CHECK(bytes[1].mask == 0xff00);
  CHECK(bytes[1].mask_shift == 8);
  CHECK(bytes[1].addend == 1);
  CHECK(variable(p, "e").initialiser[0].bits == 29);
  CHECK(variable(p, "cast").initialiser[0].bits == ~uint64_t{0});
  CHECK(variable(p, "cond").initialiser[0].bits == 7);
}

TEST_CASE("integer constant expressions have ptxas' values", "[declaration]") {
  // Where sections 4.5.5 and 4.5.6 contradict each other (the type of %, &, |, ^), or say nothing
  // (counts of shifts beyond 63), and where ptxas goes its own way (the type of ?:).
  static constexpr struct {
    std::string_view text;
    uint64_t value;
  } kCases[] = {{"1 << 64", 1},
                {"1 << -1", uint64_t{1} << 63},
                {"-8 >> 65", ~uint64_t{3}},
                {"7U >> 66", 1},
                {"(-1 & -1) >> 63", ~uint64_t{0}},
                {"(1 | -1) >> 63", ~uint64_t{0}},
                {"(1 ^ -1) >> 63", ~uint64_t{0}},
                {"(1 & 1U) - 2 < 0", 0},
                {"(-1 & 1U) >> 63", 0},
                {"(~0) >> 63", 1},
                {"(0x8000000000000000 % -1) >> 63", 1},
                {"(1 % 2) - 2 < 0", 0},
                {"-7 % 4", 1},
                {"-7 / 2", ~uint64_t{0} - 2},
                {"-7 / 2U", 0x7ffffffffffffffc},
                {"(1 ? -1 : 1U) >> 62", ~uint64_t{0}},
                {"(0 ? 1U : -1) / 2", 0},
                {"-9223372036854775808 >> 63", 1},
                {"-1 < 1U", 0},
                {"(.s64) -1 < (.s64) 1U", 1},
                {"!5 + !0", 1},
                {"1 < 2 == 2 > 1", 1},
                {"WARP_SZ * 2", 64},
                {"1.5 < 2.5", 1},
                {"0 || 2 && 3", 1}};
  for (const auto &c : kCases) {
    INFO(c.text);
    const Parsed p = parse_module(".global .b64 x = " + std::string(c.text) + ";");
    CHECK(p.messages() == "");
    const auto &init = variable(p, "x").initialiser;
    CHECK((init.empty() ? 0 : init[0].bits) == c.value);
  }
}

TEST_CASE("floating-point constants have ptxas' values", "[declaration]") {
  static constexpr struct {
    std::string_view type, text;
    uint64_t value;
  } kCases[] = {{"f32", "0f7F800001", 0x7f800001},
                {"f32", "1.1", 0x3f8ccccd},
                {"f32", "0d3FF8000000000001", 0x3fc00000},
                {"f32", "1e40", 0x7f800000},
                {"f32", "7e-46", 0},
                {"f32", "(1.0 + 2.0) * 0.1", 0x3e99999a},
                {"f64", "(1.0 + 2.0) * 0.1", 0x3fd3333333333334},
                // The bits of a single-precision literal are kept, whatever takes them.
                {"f64", "0f3F800000", 0x3f800000},
                {"b64", "0f3F800000", 0x3f800000},
                {"b32", "0f3F800000", 0x3f800000},
                {"b32", "1.5", 0x3fc00000},
                {"b64", "1.5", 0x3ff8000000000000}};
  for (const auto &c : kCases) {
    INFO(c.type << ' ' << c.text);
    const Parsed p =
        parse_module(".global ." + std::string(c.type) + " x = " + std::string(c.text) + ";");
    CHECK(p.messages() == "");
    const auto &init = variable(p, "x").initialiser;
    CHECK((init.empty() ? 0 : init[0].bits) == c.value);
  }
  CHECK_THAT(parse_module(".global .f32 x = 1.0 / 0.0;").messages(),
             Catch::Contains("division by zero"));
  CHECK_THAT(parse_module(".global .b16 x = 1.0;").messages(),
             Catch::Contains("a floating-point value cannot initialise"));
}

TEST_CASE("incomplete lists are packed, as by ptxas, and said to be", "[declaration]") {
  const Parsed p = parse_module(".global .b32 whole[3][2] = {{1, 2}, {3}};\n"
                                ".global .b16 short_row[3][2] = {{1}, {}, {2, 3}};\n"
                                ".global .b32 open[][2] = {{4}, {5}};\n");
  const auto row = variable(p, "short_row").initialiser;
  REQUIRE(row.size() == 3);
  CHECK(row[1].offset == 2);
  CHECK(row[2].offset == 4);
  CHECK(variable(p, "open").size == 16);
  CHECK(variable(p, "open").initialiser[1].offset == 4);
  REQUIRE(p.diags.list().size() == 2);
  for (const Diagnostic &d : p.diags.list()) {
    CHECK(d.severity == Severity::Warning);
    CHECK_THAT(d.message, Catch::Contains("follow them directly"));
  }
  CHECK_THAT(parse_module(".global .v4 .b8 x = {1, 2};").messages(),
             Catch::Contains("a .v4 vector takes 4 values"));
}

TEST_CASE("alias", "[declaration]") {
  const Parsed p =
      parse_module(".func a(.param .b32 x) { ret; }\n.func b(.param .b32 x);\n.alias b, a;\n");
  CHECK(p.messages() == "");
  CHECK(p.function("b").alias_of == &p.function("a"));
}

TEST_CASE("wrong declarations", "[declaration]") {
  auto message = [](const std::string &text) { return parse_module(text).messages(); };
  CHECK_THAT(message(".global .u32 a; .global .u32 a;"), Catch::Contains("already declared"));
  CHECK_THAT(message(".global .pred p;"), Catch::Contains(".pred"));
  CHECK_THAT(message(".global .u32 a[];"), Catch::Contains("neither a size"));
  CHECK_THAT(message(".shared .u32 a = 1;"), Catch::Contains("initialiser"));
  CHECK_THAT(message(".global .u32 a[2] = {1, 2, 3};"), Catch::Contains("too many values"));
  CHECK_THAT(message(".global .align 3 .u32 a;"), Catch::Contains("power of two"));
  CHECK_THAT(message(".global .u32 a = 1/0;"), Catch::Contains("division by zero"));
  CHECK_THAT(message(".global .u32 a[99999999999][99999999999];"), Catch::Contains("too large"));
  CHECK_THAT(message(".reg .u32 a;"), Catch::Contains("inside a function"));
  CHECK_THAT(message(".entry k(.reg .u32 a) { ret; }"), Catch::Contains(".param"));
  CHECK_THAT(message(".entry k() { ret; } .entry k() { ret; }"),
             Catch::Contains("already defined"));
  CHECK_THAT(message(".func f(.param .b32 a); .func f(.param .b64 a) { ret; }"),
             Catch::Contains("other parameters"));
  CHECK_THAT(message(".func f() .maxntid 3 { ret; }"), Catch::Contains("kernels"));
  CHECK_THAT(message(".global .v4 .f64 a;"), Catch::Contains("128 bits"));
  CHECK_THAT(parse_text(".target sm_50").messages(), Catch::Contains(".version"));
  CHECK_THAT(parse_text(".version 9.0\n.target sm_7").messages(),
             Catch::Contains("unknown target"));
  CHECK_THAT(parse_text(".version 99.0\n.target sm_70").messages(),
             Catch::Contains("not supported"));
  CHECK_THAT(parse_text(".version 9.0\n.target sm_70\n.address_size 32").messages(),
             Catch::Contains("32-bit"));
}

TEST_CASE("the innermost of a name and a range of registers counts", "[declaration]") {
  const Parsed p = parse_module(R"(
.global .b32 x1;
.entry range_hides_variable() { .reg .f32 x<2>; mov.f32 x1, 1.0; ret; }
.entry range_hides_register() {
  .reg .b32 x1;
  { .reg .f32 x<2>; mov.f32 x1, 1.0; }
  mov.b32 x1, 1;
  ret;
}
.entry register_hides_range() {
  .reg .f32 x<2>;
  mov.f32 x1, 1.0;
  { .reg .b32 x1; mov.b32 x1, 1; }
  mov.f32 x1, 2.0;
  ret;
}
)");
  CHECK(p.messages() == "");
  auto written = [&](std::string_view function, size_t index) {
    return p.instruction(function, index).operands[0].reg;
  };
  CHECK(written("range_hides_variable", 0)->type == Type::F32);
  CHECK(written("range_hides_register", 0)->type == Type::F32);
  CHECK(written("range_hides_register", 1)->type == Type::B32);
  CHECK(written("register_hides_range", 0) == written("register_hides_range", 2));
  CHECK(written("register_hides_range", 1)->type == Type::B32);
}
