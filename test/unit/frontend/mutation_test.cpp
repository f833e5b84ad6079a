// Malformed input never crashes the frontend: texts damaged in many ways from a printed seed.
#include "support.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <random>

using namespace w2w::ptx;
using namespace w2w::ptx::test;

static const char *const kSeedText = R"(.version 9.0
.target sm_90
.address_size 64
.file 1 "x.cu"
.extern .shared .align 16 .b8 dyn[];
.global .u8 other;
.global .align 8 .u64 tab[4] = {0, generic(other)+8, 0xff(other), 4};
.const .f32 c[2][2] = {{1.5, 0f3F800000}, {2.0}};
.func (.param .b32 r) f(.param .b32 a, .param .align 8 .b8 s[16]);
.visible .entry k(.param .u64 .ptr .global .align 4 p, .param .u32 n) .maxntid 128, 1, 1
{
 .reg .pred %p<4>; .reg .b32 %r<20>; .reg .f32 %f<9>; .reg .b64 %rd<9>; .reg .v4 .f32 v;
 .loc 1 3 4
 ld.param.u64 %rd1, [p];
 mov.u32 %r1, %tid.x;
 mad.lo.s32 %r3, %r1, -4, %r2;
 setp.ge.and.s32 %p1|%p2, %r1, (3 + 4) * 2, !%p3;
 @!%p1 bra OUT;
 ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+16];
 shfl.sync.bfly.b32 %r4|%p2, %r3, 16, 31, -1;
 mov.b64 {%r5, %r6}, %rd1;
 { .param .b32 a0; .param .align 8 .b8 a1[16]; .param .b32 q; st.param.b32 [a0], %r1;
   call.uni (q), f, (a0, a1); ld.param.b32 %r2, [q]; }
 ts: .branchtargets OUT, L1;
 brx.idx %r1, ts;
L1: atom.global.add.u32 %r7, [%rd1], 1;
 bar.sync 0;
 vadd4.u32.u32.u32 %r1.b10, %r2.b3210, %r3.b7654, %r4;
OUT: ret;
}
.section .debug_str { s: .b8 1, 2 }
)";

TEST_CASE("the text that is damaged is right", "[mutation]") {
  CHECK(parse_text(kSeedText).messages() == "");
}

TEST_CASE("damaged texts", "[mutation]") {
  const char *from_environment = std::getenv("W2W_TEST_SEED");
  const unsigned seed = from_environment
                            ? static_cast<unsigned>(std::strtoul(from_environment, nullptr, 10))
                            : 20260923u;
  INFO("seed " << seed << " (set W2W_TEST_SEED to repeat)");
  std::mt19937 random(seed);
  const std::string good = kSeedText;
  static constexpr std::string_view kPieces[] = {"{",    "}",      "(",
                                                 ")",    "[",      "]",
                                                 ";",    ",",      "|",
                                                 "@",    "!",      "-",
                                                 ".",    ":",      "<",
                                                 ">",    "=",      "_",
                                                 "%r1",  ".u32",   "0x",
                                                 "0f",   "1e9",    "\"",
                                                 "/*",   "//",     "#",
                                                 "\0",   "\xff",   "<99999999>",
                                                 ".reg", ".entry", "99999999999999999999"};
  auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
  for (int round = 0; round < 20000; ++round) {
    std::string text = good;
    for (size_t edits = 1 + below(4); edits-- > 0;) {
      if (text.empty())
        text = good;
      const size_t at = below(text.size());
      switch (below(5)) {
      case 0:
        text.erase(at, 1 + below(20));
        break;
      case 1:
        text.insert(at, kPieces[below(std::size(kPieces))]);
        break;
      case 2:
        text[at] = static_cast<char>(below(256));
        break;
      case 3:
        text.resize(at + 1);
        break;
      case 4: { // move a piece elsewhere
        const std::string piece = text.substr(at, 1 + below(30));
        text.insert(below(text.size()), piece);
        break;
      }
      }
    }
    Parsed p = parse_text(text);
    print(p.module());
    if (!p.diags.list().empty())
      render(p.diags.list()[0], SourceText("t.ptx", *p.text));
  }
  SUCCEED();
}

TEST_CASE("deep nesting is refused, not followed", "[mutation]") {
  const std::string many(200000, '(');
  CHECK_FALSE(parse_kernel("mov.u32 %r1, " + many + "1;").messages().empty());
  CHECK_FALSE(parse_kernel("mov.u32 %r1, " + std::string(200000, '-') + "1;").messages().empty());
  CHECK_FALSE(parse_kernel("mov.u32 %r1, " + std::string(200000, '~') + "1;").messages().empty());
  CHECK_FALSE(parse_kernel("mov.b64 %rd1, " + std::string(200000, '{')).messages().empty());
  CHECK_FALSE(parse_kernel(std::string(200000, '{')).messages().empty());
  CHECK_FALSE(parse_kernel("mov.b64 %rd1, " + std::string(200000, '[')).messages().empty());
  CHECK_FALSE(parse_module(".global .u32 a[1] = " + std::string(200000, '{')).messages().empty());
  std::string deep = "mov.u32 %r1, 1";
  for (int i = 0; i < 100000; ++i)
    deep += " ? 1 : 1";
  parse_kernel(deep + ";");
  SUCCEED();
}
