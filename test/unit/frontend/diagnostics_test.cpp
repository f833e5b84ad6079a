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

TEST_CASE("JSON holds every field of every message, in a fixed order", "[diagnostics]") {
  const Parsed p = parse_text(".version 9.0\n.target sm_90\n.global .b32 x\n.entry k() { foo; }");
  CHECK(render_json(p.diags, SourceText("a.ptx", *p.text)) ==
        "[\n"
        R"(  {"file": "a.ptx", "line": 4, "column": 1, "severity": "error", )"
        R"("message": "expected ';' after the declaration; found '.entry'", "section": "4.3.1", )"
        R"("function": ""},)"
        "\n"
        R"(  {"file": "a.ptx", "line": 4, "column": 14, "severity": "error", )"
        R"("message": "unknown instruction 'foo'", "section": "9.7", "function": "k"})"
        "\n]\n");
}

// One cause, one message; and what stands around a broken line is judged as if the line were not
// there.
TEST_CASE("a broken statement neither hides nor invents errors", "[diagnostics]") {
  const char *const broken[] = {"foo;",
                                "foo {%r1, %r2}, %r3;",
                                "mov.b64 {%r1, %q9}, %rd1;",
                                "mov.b64 {%r1 %r2}, %rd1;",
                                "mov.b64 {%r1, ], %rd1;",
                                "add.u32 %r1, (%r2), 1;",
                                "ld.global.v2.u32 {%r1, %r2, [%rd1];",
                                "ld.global.u32 %r1, [%rd1;",
                                "@%p1 @%p2 ret;",
                                "@%r1 ret;",
                                "bra 1;",
                                "call (%r1, f;",
                                ".reg .b33 %x;",
                                ".reg .b32 %x<;",
                                ".local .b32 l[;",
                                ".loc 1 x 2",
                                ".pragma 1;",
                                ".foo 1;",
                                "T: .branchtargets 1;",
                                "P: .callprototype 1;",
                                "1.5;",
                                "$$$ $$$;",
                                "tex.2d {%r1}, [%rd1, {%f1, ;"};
  for (const char *line : broken) {
    INFO(line);
    const Parsed p =
        parse_text(std::string(".version 9.0\n.target sm_90\n.address_size 64\n"
                               ".entry k() {\n.reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .pred %p<9>; "
                               ".reg .f32 %f<9>;\nbar.sync 98;\n") +
                   line + "\nbar.sync 99;\n}\n.entry l() { bar.sync 97; }\n.entry m() { ret; }\n");
    CHECK(p.diags.error_count() == 4);
    CHECK_THAT(p.messages(), Catch::Contains("6:10 the constant must be"));
    CHECK_THAT(p.messages(), Catch::Contains("8:10 the constant must be"));
    CHECK_THAT(p.messages(), Catch::Contains("10:23 the constant must be"));
    CHECK_FALSE(p.function("m").poisoned);
  }
}

TEST_CASE("a broken declaration neither hides nor invents errors", "[diagnostics]") {
  const char *const broken[] = {".global .b32 x = ;",
                                ".global .b32 x[2] = {1, 2, 3};",
                                ".global .b32 x[2] = {1 2};",
                                ".global .b32 x[2] = 1;",
                                ".global .b32 x = {1};",
                                ".global .b33 x;",
                                ".global .b32 x[;",
                                ".global .b32 x y;",
                                ".wrong x;",
                                "nonsense here;",
                                ".func f(.param .b32 p = 1) { ret; }",
                                ".func f(.param .b33 p) { ret; }",
                                ".entry f() .maxntid x { ret; }",
                                ".entry f() .maxntid 1, 2, 3, 4 { ret; }",
                                ".entry f() .foo 7 { ret; }",
                                ".func 1() { ret; }",
                                ".func f() 1 { ret; }",
                                ".alias f g;",
                                ".pragma 1;",
                                ".file x \"a\";",
                                ".visible .visible .global .b32 x;",
                                ".global .u64 x = generic(y;"};
  for (const char *line : broken) {
    INFO(line);
    const Parsed p = parse_text(
        std::string(".version 9.0\n.target sm_90\n.address_size 64\n.global .b16 a = 1.5;\n") +
        line + "\n.global .b16 b = 1.5;\n.entry l() { bar.sync 97; }\n.entry m() { ret; }\n");
    CHECK(p.diags.error_count() == 4);
    CHECK_THAT(p.messages(), Catch::Contains("4:18 a floating-point value"));
    CHECK_THAT(p.messages(), Catch::Contains("6:18 a floating-point value"));
    CHECK_THAT(p.messages(), Catch::Contains("7:23 the constant must be"));
    CHECK_FALSE(p.function("m").poisoned);
  }
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
