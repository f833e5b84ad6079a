#include "support.h"

#include <catch2/catch.hpp>

using namespace w2w::ptx;
using namespace w2w::ptx::test;

TEST_CASE("all errors of a file in one run; only their functions are poisoned", "[diagnostics]") {
  const Parsed p = parse_module(R"(.entry a() { .reg .u32 %r<3>;
  ad.u32 %r1, %r2, 3;
  add.u33 %r1, %r2, 3;
  add.u32 %r1, %q2, 3;
  bra NOWHERE;
  add.u32 %r1, %r2, 3;
}
.entry good() { ret; }
.entry b() { ret }
.entry c() { ld.f32 ; ret; }
)");
  CHECK_THAT(p.messages(), Catch::Contains("5:3 unknown instruction 'ad'"));
  CHECK_THAT(p.messages(), Catch::Contains("'add' has no modifier or type '.u33'; possible are"));
  CHECK_THAT(p.messages(), Catch::Contains("'%q2' is not declared"));
  CHECK_THAT(p.messages(), Catch::Contains("label 'NOWHERE' is not defined in 'a'"));
  CHECK_THAT(p.messages(), Catch::Contains("12:18 expected ';' after the instruction; found '}'"));
  CHECK(p.diags.error_count() == 6);
  CHECK(p.function("a").poisoned);
  CHECK_FALSE(p.function("good").poisoned);
  CHECK(p.function("b").poisoned);
  CHECK(p.function("c").poisoned);
  for (const Diagnostic &d : p.diags.list())
    CHECK_FALSE(d.function.empty());
  // What could be understood is there.
  CHECK(print(p.instruction("a", 1)) == "add.u32 %r1, %r2, 3");
}

TEST_CASE("rendering with source line and caret", "[diagnostics]") {
  const Parsed p = parse_kernel("\tadd.u32\t%r1, %f2, 3;");
  REQUIRE(p.diags.error_count() == 1);
  CHECK(render(p.diags.list()[0], SourceText("dir/t.ptx", *p.text)) ==
        "dir/t.ptx:7:15: error: register '%f2' of type .f32 does not fit type .u32 in 'add.u32' "
        "[PTX ISA 9.7.1.1]\n"
        "\tadd.u32\t%r1, %f2, 3;\n"
        "\t       \t     ^\n");
}

TEST_CASE("a long line is cut around the place", "[diagnostics]") {
  std::string line(400, ' ');
  const Parsed p = parse_kernel(line + "bad;" + line);
  const std::string text = render(p.diags.list()[0], SourceText("t.ptx", *p.text));
  CHECK(text.size() < 500);
  const size_t caret = text.find("^\n");
  const size_t last_line = text.rfind('\n', caret);
  const size_t source_line = text.rfind('\n', last_line - 1) + 1;
  CHECK(text.substr(source_line + (caret - last_line - 1), 3) == "bad");
}

TEST_CASE("JSON", "[diagnostics]") {
  const Parsed p = parse_kernel("add.u32 %r1, \"x\", 3;");
  const std::string json = render_json(p.diags, SourceText("a\"b.ptx", *p.text));
  CHECK_THAT(json, Catch::Contains(R"("file": "a\"b.ptx", "line": 7)"));
  CHECK_THAT(json, Catch::Contains(R"("severity": "error")"));
  CHECK_THAT(json, Catch::Contains(R"("function": "k")"));
  CHECK(render_json(Diagnostics(), SourceText("x", "")) == "[]\n");
}

TEST_CASE("suggestions", "[diagnostics]") {
  CHECK_THAT(parse_kernel("mvo.u32 %r1, 1;").messages(), Catch::Contains("did you mean 'mov'?"));
  CHECK_THAT(parse_kernel("ld.global.u32 %r1, [gvv];").messages(),
             Catch::Contains("did you mean 'gv'?"));
  CHECK_THAT(parse_kernel("mul.u32 %r1, %r2, %r3;").messages(),
             Catch::Contains("lacks one of .hi, .lo"));
  CHECK_THAT(parse_kernel("add.sat.u32 %r1, %r2, %r3;").messages(),
             Catch::Contains("cannot be used in this combination"));
  CHECK_THAT(parse_kernel("ret.u32;").messages(),
             Catch::Contains("'ret' has no modifier or type '.u32'; possible are .uni"));
  CHECK_THAT(parse_kernel("trap.u32;").messages(), Catch::Contains("'trap' takes no modifiers"));
}

TEST_CASE("very many errors end in one note", "[diagnostics]") {
  std::string body;
  for (int i = 0; i < 3000; ++i)
    body += "bad;\n";
  const Parsed p = parse_kernel(body);
  CHECK(p.diags.error_count() == 1000);
  CHECK(p.diags.list().back().severity == Severity::Note);
}

TEST_CASE("recovery at module level", "[diagnostics]") {
  const Parsed p =
      parse_module("nonsense here;\n.global .u32 a = ;\n.wrong x;\n.entry k() { ret; }");
  CHECK(p.diags.error_count() == 3);
  CHECK_FALSE(p.function("k").poisoned);
}
