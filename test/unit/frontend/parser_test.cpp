#include "support.h"

#include <catch2/catch.hpp>

using namespace w2w::ptx;
using namespace w2w::ptx::test;

TEST_CASE("a kernel: parameters, registers, labels, guards", "[parser]") {
  const Parsed p = parse_module(R"(
.visible .entry add(.param .u64 .ptr .global .align 8 out, .param .u32 n, .param .align 16 .b8 s[20], .param .u8 c)
.maxntid 128, 2
.minnctapersm 3
{
  .reg .pred %p<2>;
  .reg .b32 %r<3>;
  mov.u32 %r1, %tid.x;
  ld.param.u32 %r2, [n];
  setp.ge.u32 %p1, %r1, %r2;
  @!%p1 bra OUT;
  ret;
OUT:
  exit;
})");
  CHECK(p.messages() == "");
  const Function &f = p.function("add");
  CHECK(f.is_entry);
  CHECK(f.linkage == Linkage::Visible);
  CHECK(f.performance.maxntid[0] == 128);
  CHECK(f.performance.maxntid[1] == 2);
  CHECK(f.performance.maxntid[2] == 1);
  CHECK(f.performance.minnctapersm == 3);
  REQUIRE(f.params.size() == 4);
  CHECK(f.params[0]->is_pointer);
  CHECK(f.params[0]->pointee_space == StateSpace::Global);
  CHECK(f.params[0]->pointee_align == 8);
  CHECK(f.params[1]->param_offset == 8);
  CHECK(f.params[2]->param_offset == 16);
  CHECK(f.params[2]->size == 20);
  CHECK(f.params[2]->align == 16);
  CHECK(f.params[3]->param_offset == 36);
  CHECK(f.registers.size() == 3); // only those used
  CHECK(f.labels.size() == 1);
  const Instruction &bra = p.instruction("add", 3);
  CHECK(bra.guard.negated);
  CHECK(bra.guard.reg->name == "%p1");
  CHECK(bra.operand(0).label == f.labels[0]);
  CHECK(print(p.instruction("add", 0)) == "mov.u32 %r1, %tid.x");
}

TEST_CASE("modifiers in any order, white space in mnemonics", "[parser]") {
  const Parsed p =
      parse_kernel("ld.u32.global %r1, [%rd1];\n setp.u32.lt %p1, %r1, %r2;\n fma.f32.rn %f1, %f2, "
                   "%f3, 2.0;\n ld .global .v2 .u32 {%r1, %r2}, [%rd1 + 8];\n"
                   "cvt.f32.f64.ftz.rz %f1, %fd1;");
  CHECK(p.messages() == "");
  CHECK(print(p.instruction("k", 0)) == "ld.global.u32 %r1, [%rd1]");
  CHECK(print(p.instruction("k", 1)) == "setp.lt.u32 %p1, %r1, %r2");
  CHECK(print(p.instruction("k", 2)) == "fma.rn.f32 %f1, %f2, %f3, 0f40000000");
  CHECK(print(p.instruction("k", 3)) == "ld.global.v2.u32 {%r1, %r2}, [%rd1+8]");
  const Instruction &cvt = p.instruction("k", 4);
  CHECK(cvt.type(0) == Type::F32);
  CHECK(cvt.type(1) == Type::F64);
  CHECK(cvt.has(isa::Mod::rz));
}

TEST_CASE("operands", "[parser]") {
  const Parsed p = parse_kernel(R"(
  mov.b64 {%r1, _}, %rd1;
  mov.b32 %r1, {%h1, %h2};
  setp.eq.and.s32 %p1|%p2, %r1, -(3 + 4) * 2, !%p3;
  ld.global.u32 %r1, [gv+-4];
  ld.local.u32 %r1, [64];
  ld.global.u32 %r1, [%rd1].unified;
  mov.u64 %rd1, gv + 8;
  mov.u32 %r1, WARP_SZ;
  mov.u32 %r1, 0xFFFFFFFF;
  mov.s32 %r1, 0xFFFFFFFF;
  mov.f32 %f1, 0d3FF8000000000000;
  shfl.sync.bfly.b32 %r1|%p1, %r2, 16, 0x1f, -1;
  prmt.b32 %r1, %r2, 0, 0x3210;
  vadd.s32.s32.s32.sat %r1, %r2.b0, %r3.h1;
  vmad.s32.s32.s32 %r1, -%r2.h0, %r3, %r4;
  vadd4.u32.u32.u32 %r1.b10, %r2.b3210, %r3.b7654, %r4;
)");
  CHECK(p.messages() == "");
  auto text = [&](size_t i) { return print(p.instruction("k", i)); };
  CHECK(text(0) == "mov.b64 {%r1, _}, %rd1");
  CHECK(text(1) == "mov.b32 %r1, {%h1, %h2}");
  CHECK(text(2) == "setp.eq.and.s32 %p1|%p2, %r1, -14, !%p3");
  CHECK(text(3) == "ld.global.u32 %r1, [gv-4]");
  CHECK(text(4) == "ld.local.u32 %r1, [64]");
  CHECK(p.instruction("k", 5).has(isa::Mod::unified));
  CHECK(text(6) == "mov.u64 %rd1, gv+8");
  CHECK(text(7) == "mov.u32 %r1, 32");
  CHECK(p.instruction("k", 8).operand(1).imm == 0xFFFFFFFF);
  CHECK(p.instruction("k", 9).operand(1).imm == ~uint64_t{0});
  CHECK(text(10) == "mov.f32 %f1, 0f3FC00000");
  CHECK(text(11) == "shfl.sync.bfly.b32 %r1|%p1, %r2, 16, 31, 4294967295");
  CHECK(text(13) == "vadd.s32.s32.s32.sat %r1, %r2.b0, %r3.h1");
  CHECK(text(14) == "vmad.s32.s32.s32 %r1, -%r2.h0, %r3, %r4");
  CHECK(text(15) == "vadd4.u32.u32.u32 %r1.b10, %r2.b3210, %r3.b7654, %r4");
}

TEST_CASE("a vector of registers by name and by component", "[parser]") {
  const Parsed p =
      parse_kernel(".reg .v4 .f32 v;\n ld.global.v4.f32 v, [%rd1];\n add.f32 %f1, v.x, v.w;");
  CHECK(p.messages() == "");
  CHECK(print(p.instruction("k", 1)) == "add.f32 %f1, v.x, v.w");
}

TEST_CASE("scopes: names of registers and labels", "[parser]") {
  const Parsed p = parse_kernel(R"(
  .reg .u32 a;
  mov.u32 a, 1;
  bra L;
  { .reg .u64 a; L: mov.u64 a, 2; bra L; bra END; }
  mov.u32 a, 3;
L: bra L;
  { bra L; }
END: ret;)");
  CHECK(p.messages() == "");
  const Function &f = p.function("k");
  REQUIRE(f.labels.size() == 3);
  CHECK(f.labels[0]->name == "L");
  CHECK(p.instruction("k", 1).operand(0).label == f.labels[1]); // the outer L, declared later
  CHECK(p.instruction("k", 3).operand(0).label == f.labels[0]);
  CHECK(p.instruction("k", 4).operand(0).label == f.labels[2]);
  CHECK(p.instruction("k", 7).operand(0).label == f.labels[1]);
  CHECK(p.instruction("k", 2).operand(0).reg->type == Type::U64);
  CHECK(p.instruction("k", 5).operand(0).reg->type == Type::U32);
  CHECK(p.instruction("k", 5).operand(0).reg == p.instruction("k", 0).operand(0).reg);
}

TEST_CASE("a register of a range first used in an inner scope is the same outside", "[parser]") {
  const Parsed p =
      parse_kernel("{ mov.u32 %r5, 1; } mov.u32 %r5, 2; { .reg .u32 %r<9>; mov.u32 %r5, 3; }");
  CHECK(p.messages() == "");
  CHECK(p.instruction("k", 0).operand(0).reg == p.instruction("k", 1).operand(0).reg);
  CHECK(p.instruction("k", 2).operand(0).reg != p.instruction("k", 1).operand(0).reg);
}

TEST_CASE("branch targets", "[parser]") {
  const Parsed p = parse_kernel(
      "ts: .branchtargets A, B, N<2>;\n brx.idx %r1, ts;\nA: ret; B: ret; N0: ret; N1: ret;");
  CHECK(p.messages() == "");
  CHECK(print(p.instruction("k", 0)) == "brx.idx %r1, ts<A B N0 N1>");
}

TEST_CASE("calls: direct, indirect, predicated, variadic", "[parser]") {
  const Parsed p = parse_module(R"(
.extern .func (.param .b32 r) vprintf(.param .b64 f, .param .b64 a);
.func (.param .b32 r) f(.param .b32 a, .param .align 8 .b8 s[16]);
.func g();
.func v(.param .b32 n, .param .align 8 .b8 rest[]);
.func (.reg .u32 out) h(.reg .u32 in) { add.u32 out, in, 1; ret; }
.entry k() {
  .reg .b32 %r<4>; .reg .b64 %d<4>; .reg .pred %p<2>;
  { .param .b32 p0; .param .align 8 .b8 p1[16]; .param .b32 q;
    st.param.b32 [p0], %r1;
    call.uni (q), f, (p0, p1);
    ld.param.b32 %r2, [q]; }
  @%p1 call g;
  call g, ();
  call (%r1), h, (%r2);
  call v, (%r1);
  mov.u64 %d1, f;
  proto: .callprototype (.param .b32 _) _ (.param .b32 _, .param .align 8 .b8 _[16]);
  { .param .b32 p0; .param .align 8 .b8 p1[16]; .param .b32 q;
    call (q), %d1, (p0, p1), proto; }
  ts: .calltargets g;
  call %d2, ts;
})");
  CHECK(p.messages() == "");
  CHECK(print(p.instruction("k", 1)) == "call.uni (q), f, (p0, p1)");
  CHECK(print(p.instruction("k", 3)) == "@%p1 call (), g, ()");
  CHECK(p.instruction("k", 3).guard.reg != nullptr);
  CHECK(print(p.instruction("k", 5)) == "call (%r1), h, (%r2)");
  CHECK(p.function("v").variadic);
  CHECK(p.instruction("k", 7).operand(1).function == &p.function("f"));
  CHECK(print(p.instruction("k", 8)) == "call (q), %d1, (p0, p1), proto");
  CHECK(print(p.instruction("k", 9)) == "call (), %d2, (), ts<g>");
  CHECK(p.function("h").return_registers[0] != nullptr);
  CHECK(p.function("h").registers.size() == 2);
}

TEST_CASE("a declaration and its definition are one function", "[parser]") {
  const Parsed p = parse_module(".func f(.param .b32 a);\n.entry k() { .param .b32 x; call f, (x); "
                                "ret; }\n.func f(.param .b32 b) { ret; }");
  CHECK(p.messages() == "");
  CHECK(p.module().functions.size() == 2);
  CHECK(p.instruction("k", 0).operand(1).function->has_body);
  CHECK(p.function("f").params[0]->name == "b");
}

TEST_CASE("debug locations", "[parser]") {
  const Parsed p = parse_module(R"(.file 1 "a.cu"
.entry k() {
.loc 1 10 3
ret;
.loc 1 5 2, function_name $s0, inlined_at 1 10 3
exit;
trap;
}
.section .debug_str {
$s0: .b8 102, 111
.b8 111, 0
})");
  CHECK(p.messages() == "");
  CHECK(p.module().debug_files[0].path == "a.cu");
  CHECK(p.instruction("k", 0).debug_loc == 1);
  const uint32_t inlined = p.instruction("k", 1).debug_loc;
  CHECK(p.module().debug_locations[inlined].inlined_at == 1);
  CHECK(p.module().debug_locations[inlined].function_name == "foo");
  CHECK(p.instruction("k", 2).debug_loc == inlined);
}

TEST_CASE("textures and surfaces", "[parser]") {
  const Parsed p = parse_module(R"(.global .texref t; .global .surfref u;
.entry k() { .reg .f32 %f<9>; .reg .s32 %i<9>; .reg .b32 %r<9>; .reg .b64 %d<9>; .reg .pred %p<2>;
tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [t, {%f5, %f6}];
tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}|%p1, [%d1, {%f5, %f6}];
tex.level.a2d.v4.s32.f32 {%i1, %i2, %i3, %i4}, [%d1, {%i5, %f5, %f6, %f6}], %f7;
txq.width.b32 %r1, [t];
suld.b.2d.v2.b32.trap {%r1, %r2}, [u, {%r3, %r4}];
sust.b.1d.b32.clamp [u, {%r3}], %r4;
})");
  CHECK(p.messages() == "");
  CHECK(print(p.instruction("k", 0)) ==
        "tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [[t], {%f5, %f6}]");
}
