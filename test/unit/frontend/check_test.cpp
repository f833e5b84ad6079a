// What is accepted and what is refused: a sample by hand; test/ptxas compares thousands with ptxas.
#include "support.h"

#include <catch2/catch.hpp>

using namespace w2w::ptx;
using namespace w2w::ptx::test;

static std::string check(const std::string &instruction, const std::string &target = "sm_90",
                         const std::string &version = "9.0") {
  return parse_kernel(instruction, target, version).messages();
}

TEST_CASE("operand types", "[check]") {
  CHECK(check("add.u32 %r1, %r2, 5;") == "");
  CHECK(check("add.s64 %rd1, %rd2, -5;") == "");
  CHECK_THAT(check("add.u32 %rd1, %r2, 5;"), Catch::Contains("does not fit type .u32"));
  CHECK_THAT(check("add.u32 %f1, %r2, 5;"), Catch::Contains("does not fit type .u32"));
  CHECK_THAT(check("add.f32 %f1, %f2, 1;"), Catch::Contains("integer constant"));
  CHECK_THAT(check("add.u32 %r1, %r2, 1.0;"), Catch::Contains("floating-point constant"));
  CHECK_THAT(check("add.u32 %r1, %tid.x, 1;"), Catch::Contains("special register"));
  CHECK_THAT(check("add.u64 %rd1, gv, 1;"), Catch::Contains("the address of 'gv'"));
  CHECK_THAT(check("add.u32 %r1, %p1, 1;"), Catch::Contains("'%p1'"));
  CHECK_THAT(check("add.u32 1, %r1, 1;"), Catch::Contains("not a constant"));
  CHECK_THAT(check("add.u32 %r1, !%r1, 1;"), Catch::Contains("'!'"));
  CHECK_THAT(check("add.u32 %r1, %r1;"), Catch::Contains("2 operand(s) where 3"));
  CHECK_THAT(check("add.u32 %r1, %r1, 1, 2;"), Catch::Contains("4 operand(s) where 3"));
  CHECK(check("mul.wide.u32 %rd1, %r2, 5;") == "");
  CHECK_THAT(check("mul.wide.u32 %r1, %r2, 5;"), Catch::Contains("does not fit type .u64"));
}

TEST_CASE("wider registers in ld, st, cvt", "[check]") {
  CHECK(check("ld.global.u8 %r1, [%rd1];") == "");
  CHECK(check("ld.global.u8 %rd1, [%rd1];") == "");
  CHECK(check("st.global.u16 [%rd1], %r1;") == "");
  CHECK(check("cvt.u8.u32 %r1, %r2;") == "");
  CHECK_THAT(check("ld.global.u64 %r1, [%rd1];"), Catch::Contains("does not fit"));
}

TEST_CASE("addresses", "[check]") {
  CHECK(check("ld.global.u8 %r1, gv[3];") == "");
  CHECK_THAT(check("ld.global.u8 %r1, gv;"), Catch::Contains("address in brackets"));
  CHECK_THAT(check("ld.u32 %r1, [p1];"), Catch::Contains("name the state space"));
  CHECK(check("cvt.u64.u32 %rd1, %tid.x;") == "");
  CHECK(check("selp.u32 %r1, 1, 2, !%p1;") == "");
  CHECK_THAT(check("ld.global.u32 %r1, [sv];"), Catch::Contains("'sv' is a .shared variable"));
  CHECK_THAT(check("ld.global.u32 %r1, [%f1];"), Catch::Contains("cannot be an address"));
  CHECK_THAT(check("ld.global.u32 %r1, %rd1;"), Catch::Contains("address in brackets"));
  CHECK_THAT(check("cvta.global.u64 %rd1, sv;"), Catch::Contains(".shared variable"));
}

TEST_CASE("versions and targets", "[check]") {
  CHECK_THAT(check("redux.sync.add.u32 %r1, %r2, -1;", "sm_75"),
             Catch::Contains("requires PTX ISA 7.0 and sm_80"));
  CHECK(check("redux.sync.add.u32 %r1, %r2, -1;", "sm_80") == "");
  CHECK_THAT(check("redux.sync.add.u32 %r1, %r2, -1;", "sm_80", "6.5"),
             Catch::Contains("requires"));
  CHECK_THAT(check("wgmma.fence.sync.aligned;", "sm_90"), Catch::Contains("sm_90a"));
  CHECK(check("wgmma.fence.sync.aligned;", "sm_90a") == "");
  CHECK_THAT(check("shfl.up.b32 %r1, %r2, 1, 0;", "sm_70"), Catch::Contains("below sm_70"));
  CHECK(check("shfl.up.b32 %r1, %r2, 1, 0;", "sm_60") == "");
  CHECK_THAT(check("mov.u32 %r1, %cluster_ctarank;", "sm_80"), Catch::Contains("sm_90"));
}

TEST_CASE("ranges of constants", "[check]") {
  CHECK(check("lop3.b32 %r1, %r2, %r3, %r4, 255;") == "");
  CHECK_THAT(check("lop3.b32 %r1, %r2, %r3, %r4, 256;"), Catch::Contains("0 to 255"));
  CHECK_THAT(check("lop3.b32 %r1, %r2, %r3, %r4, %r5;"), Catch::Contains("integer constant"));
}

TEST_CASE("selectors of scales", "[check]") {
  auto scaled = [](const std::string &kind, const std::string &a, const std::string &b) {
    const std::string two = kind.find("mxf8") == std::string::npos ? "64" : "32";
    const std::string type = two == "64" ? "e2m1" : "e4m3";
    return check("mma.sync.aligned.m16n8k" + two + ".row.col.kind::" + kind + ".f32." + type + "." +
                     type + ".f32." + (kind.ends_with("4X") ? "ue4m3" : "ue8m0") +
                     " {%f1,%f2,%f3,%f4}, {%r1,%r2,%r3,%r4}, {%r5,%r6}, "
                     "{%f1,%f2,%f3,%f4}, %r7, {" +
                     a + "}, %r8, {" + b + "};",
                 "sm_120a");
  };
  CHECK(scaled("mxf4.block_scale", "2, 1", "0, 3") == "");
  CHECK(scaled("mxf4.block_scale", "%h1, 1", "0, %h2") == "");
  CHECK_THAT(scaled("mxf4.block_scale", "1, 1", "0, 3"), Catch::Contains("a multiple of 2"));
  CHECK_THAT(scaled("mxf4.block_scale", "2, 2", "0, 3"), Catch::Contains("in 0 to 1"));
  CHECK_THAT(scaled("mxf4.block_scale", "2, 1", "0, 4"), Catch::Contains("in 0 to 3"));
  CHECK_THAT(scaled("mxf4nvf4.block_scale.scale_vec::4X", "0, 1", "2, %h2"),
             Catch::Contains("a multiple of 4"));
  CHECK(scaled("mxf8f6f4.block_scale", "3, 1", "1, 3") == "");
}

TEST_CASE("lists with special registers", "[check]") {
  CHECK(check("mov.v4.u32 {%r1,%r2,_,%r4}, %tid;") == "");
  CHECK(check("mov.v2.f32 {%f1,%f2}, {%tid.x,%f1};") == "");
  CHECK(check("mov.b64 %rd1, {%tid.x,%r1};") == "");
  CHECK(check("st.global.v2.u64 [%rd1], {%clock64,%rd1};") == "");
  CHECK(check("@!%is_explicit_cluster mov.u32 %r1, 1;") == "");
  CHECK_THAT(check("@%laneid mov.u32 %r1, 1;"), Catch::Contains("type .pred"));
  CHECK_THAT(check("@%is_explicit_cluster mov.u32 %r1, 1;", "sm_80"), Catch::Contains("sm_90"));
  CHECK_THAT(check("mov.v2.u32 {%r1,%r2}, %tid;"), Catch::Contains("a list of 2"));
  CHECK_THAT(check("mov.v4.f32 {%f1,%f2,%f3,%f4}, %tid;"), Catch::Contains("does not fit"));
  CHECK_THAT(check("mov.v4.u32 %r1, %tid;"), Catch::Contains("a list of 4"));
  CHECK_THAT(check("mov.v2.u32 {%tid.x,%r2}, {%r1,%r2};"), Catch::Contains("special register"));
  CHECK_THAT(check("mov.b64 %rd1, %tid;"), Catch::Contains("name a component"));
  CHECK_THAT(check("mov.b64 %rd1, {%tid.x,%rd1};"), Catch::Contains("make up"));
  CHECK_THAT(check("st.global.v2.u32 [%rd1], {%tid,%r1};"), Catch::Contains("name a component"));
  CHECK_THAT(check("mov.b64 %rd1, {-%r1,%r2};"), Catch::Contains("cannot be used here"));
}

TEST_CASE("vectors", "[check]") {
  CHECK(check("st.global.v4.f32 [%rd1], {%f1, %f2, %f3, %f4};") == "");
  CHECK_THAT(check("st.global.v4.f32 [%rd1], {%f1, %f2};"),
             Catch::Contains("expected 4 elements, not 2"));
  CHECK_THAT(check("st.global.v4.f32 [%rd1], %f1;"), Catch::Contains("in braces"));
  CHECK_THAT(check("mov.b64 %rd1, {%r1, %h1};"), Catch::Contains("32 bits"));
}

TEST_CASE("matrix fragments", "[check]") {
  CHECK(check("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1,%f2,%f3,%f4}, "
              "{%r1,%r2,%r3,%r4}, {%r5,%r6}, {%f1,%f2,%f3,%f4};") == "");
  CHECK_THAT(check("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1,%f2,%f3,%f4}, "
                   "{%r1,%r2}, {%r5,%r6}, {%f1,%f2,%f3,%f4};"),
             Catch::Contains("4 elements"));
  CHECK_THAT(check("mma.sync.aligned.m16n8k16.col.col.f32.f16.f16.f32 {%f1,%f2,%f3,%f4}, "
                   "{%r1,%r2,%r3,%r4}, {%r5,%r6}, {%f1,%f2,%f3,%f4};"),
             Catch::Contains("combination"));
}

TEST_CASE("fragments of wmma: what ptxas does not take", "[check]") {
  const std::string f7 = "{%f1,%f2,%f3,%f4,%f5,%f6,%f7,", f8 = f7 + "%f8}";
  const std::string r7 = "{%r1,%r2,%r3,%r4,%r5,%r6,%r7,", r8 = r7 + "%r8}";
  CHECK(check("wmma.store.d.sync.aligned.row.m16n16k16.f32 [%rd1], " + f7 + "0f3FC00000};") == "");
  CHECK_THAT(check("wmma.store.d.sync.aligned.row.m16n16k16.f32 [%rd1], " + f7 + "1.5};"),
             Catch::Contains("write 0f..."));
  CHECK_THAT(check("wmma.store.d.sync.aligned.row.m16n16k16.s32 [%rd1], " + r7 + "%laneid};"),
             Catch::Contains("special registers"));
  // A constant in b, of this shape alone.
  const std::string s8 = "wmma.mma.sync.aligned.row.col.m16n16k16.s32.s8.s8.s32 " + r7 + "_}, ";
  CHECK(check(s8 + "{%r1,1}, {%r1,%r2}, " + r7 + "1};") == "");
  CHECK_THAT(check(s8 + "{%r1,%r2}, {%r1,1}, " + r8 + ";"), Catch::Contains("not a constant"));
  CHECK(check("wmma.mma.sync.aligned.row.col.m8n32k16.s32.s8.s8.s32 " + r8 +
              ", {%r1}, {%r1,%r2,%r3,1}, " + r8 + ";") == "");
  // `_` among the results of .tf32.
  const std::string tf32 = "wmma.mma.sync.aligned.row.col.m16n16k8.f32.tf32.tf32.f32 ";
  const std::string sources = ", {%r1,%r2,%r3,%r4}, {%r1,%r2,%r3,%r4}, " + f8 + ";";
  CHECK(check(tf32 + f8 + sources) == "");
  CHECK_THAT(check(tf32 + f7 + "_}" + sources), Catch::Contains("'_'"));
}

TEST_CASE("calls", "[check]") {
  const std::string f = ".func (.param .b32 r) f(.param .b64 a);\n.entry k() { .reg .b32 %r<3>; "
                        ".reg .b64 %d<3>; .param .b32 q; .param .b64 a;\n";
  CHECK(parse_module(f + "call (q), f, (a); }").messages() == "");
  CHECK_THAT(parse_module(f + "call f, (a); }").messages(), Catch::Contains("return value"));
  CHECK_THAT(parse_module(f + "call (q), f, (q); }").messages(), Catch::Contains("4 bytes"));
  CHECK_THAT(parse_module(f + "call (q), f, (a, a); }").messages(),
             Catch::Contains("2 argument(s)"));
  CHECK_THAT(parse_module(f + "call (q), k, (a); }").messages(), Catch::Contains("kernel"));
  CHECK_THAT(parse_module(f + "call (q), %d1, (a); }").messages(), Catch::Contains("prototype"));
  CHECK_THAT(parse_module(f + "call (q), g, (a); }").messages(), Catch::Contains("not declared"));
}
