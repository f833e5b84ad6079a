#include "frontend/parse/lexer.h"

#include <bit>
#include <catch2/catch.hpp>
#include <vector>

using namespace w2w::ptx;

static std::vector<Token> lex(std::string_view text) {
  Lexer lexer(text);
  std::vector<Token> out;
  do
    out.push_back(lexer.next());
  while (out.back().kind != Tok::End && out.back().kind != Tok::Bad);
  return out;
}

static Token one(std::string_view text) {
  const std::vector<Token> t = lex(text);
  REQUIRE(t.size() == 2);
  return t[0];
}

TEST_CASE("integers", "[lexer]") {
  CHECK(one("0").value == 0);
  CHECK(one("42").value == 42);
  CHECK(one("0x1F").value == 31);
  CHECK(one("0X1f").value == 31);
  CHECK(one("017").value == 15);
  CHECK(one("0b1011").value == 11);
  CHECK(one("42").type == Type::S64);
  CHECK(one("42U").type == Type::U64);
  CHECK(one("0xFFFFFFFFFFFFFFFF").value == ~uint64_t{0});
  CHECK(one("0xFFFFFFFFFFFFFFFF").type == Type::U64);
  CHECK(one("9223372036854775807").type == Type::S64);
}

TEST_CASE("malformed integers", "[lexer]") {
  for (const char *text :
       {"0x", "08", "0b2", "12ab", "18446744073709551616", "0xFFFFFFFFFFFFFFFFF", "1UU"})
    CHECK(lex(text)[0].kind == Tok::Bad);
}

TEST_CASE("floating point", "[lexer]") {
  CHECK(one("0f3F800000").type == Type::F32);
  CHECK(one("0f3F800000").value == 0x3f800000);
  CHECK(one("0d3FF0000000000000").value == 0x3ff0000000000000u);
  CHECK(one("0D3ff0000000000000").type == Type::F64);
  for (const char *text : {"1.5", "1.5e0", "15e-1", "0.15E1"}) {
    CHECK(one(text).type == Type::F64);
    CHECK(std::bit_cast<double>(one(text).value) == 1.5);
  }
  CHECK(std::bit_cast<double>(one(".5").value) == 0.5);
  CHECK(std::bit_cast<double>(one("3.").value) == 3.0);
  CHECK(lex("0f3F80000")[0].kind == Tok::Bad);   // seven digits
  CHECK(lex("0f3F8000000")[0].kind == Tok::Bad); // nine
  CHECK(lex("1e999")[0].kind == Tok::Bad);
}

TEST_CASE("names, directives, punctuation", "[lexer]") {
  const std::vector<Token> t = lex("$L__BB0_2: @!%p1 ld.shared::cta.b32 {%r1,_}, [a+-4];");
  CHECK(t[0].text == "$L__BB0_2");
  CHECK(t[1].kind == Tok::Colon);
  CHECK(t[2].kind == Tok::At);
  CHECK(t[3].kind == Tok::Not);
  CHECK(t[4].text == "%p1");
  CHECK(t[5].text == "ld");
  CHECK(t[6].kind == Tok::DotWord);
  CHECK(t[6].text == "shared::cta");
  CHECK(t[7].text == "b32");
  CHECK(t.back().kind == Tok::End);
  CHECK(lex(".1d")[0].kind == Tok::DotWord);
  CHECK(lex(".2d.v4")[1].text == "v4");
  CHECK(lex("<<")[0].kind == Tok::ShiftLeft);
  CHECK(lex("5 % 3")[1].kind == Tok::Percent);
}

TEST_CASE("suffixes of a mnemonic are taken at once", "[lexer]") {
  Lexer l("ld.global.nc.L2::128B.v4.f32 {");
  CHECK(l.next().text == "ld");
  CHECK(l.suffixes() == ".global.nc.L2::128B.v4.f32");
  CHECK(l.next().kind == Tok::LBrace);
  Lexer label("ret:");
  CHECK(label.next().text == "ret");
  CHECK(label.suffixes().empty());
  CHECK(label.next().kind == Tok::Colon);
}

TEST_CASE("comments, strings, line marks", "[lexer]") {
  CHECK(one("// x\n/* y\n*/ a").text == "a");
  CHECK(one("# 12 \"file.cu\"\na").text == "a");
  CHECK(one("\"a \\\" b\"").text == "a \\\" b");
  CHECK(lex("/* open")[0].kind == Tok::Bad);
  CHECK(lex("\"open\n\"")[0].kind == Tok::Bad);
  CHECK(lex("#define X 1")[0].kind == Tok::Bad);
  CHECK(lex("\x80")[0].kind == Tok::Bad);
  CHECK(lex("a /")[1].kind == Tok::Slash);
}
