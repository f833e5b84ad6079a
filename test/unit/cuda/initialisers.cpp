// Initial values of module variables as the device and the host see them: numbers of every type,
// nested arrays, vectors, addresses of variables and functions, whole and byte by byte (PTX ISA
// 5.4.4).
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

const std::string kModule = R"(
.version 9.0
.target sm_90
.address_size 64
.visible .global .s8 bytes[5] = {-1, 127, 0x80, 300};
.visible .global .b16 halves[] = {1, -2, 70000, 0b101};
.visible .const .u32 words[2][3] = {{1, 2, 3}, {4 << 28, WARP_SZ}};
.visible .global .s64 longs[3] = {-1, 0x8000000000000000, (3 - 5) * 7};
.visible .global .f32 floats[4] = {1.5, 0f7FC00001, 1e-45, -0.0};
.visible .global .f64 doubles[2] = {0.1, 0d7FF0000000000001};
.visible .global .v4 .f32 vectors[2] = {{1.0, 2.0, 3.0, 4.0}, {5.0, 6.0, 7.0, 8.0}};
.visible .global .align 16 .b128 wide[2] = {5, 6};
.visible .global .u32 targets[4] = {50, 60, 70, 80};
.visible .const .u32 constants[2] = {90, 91};
.visible .func (.param .b32 r) answer() { st.param.b32 [r], 42; ret; }
// Declared before, a variable may hold its own address.
.extern .global .u64 pointers[5];
.visible .global .u64 pointers[5] = {targets, generic(targets)+4, generic(constants) + 4, answer, pointers+8};
// A pointer at an odd place, as a packed structure has it.
.visible .global .align 1 .u8 packed[10] = {7, 0xff(generic(targets)+8), 0xff00(generic(targets)+8),
  0xff0000(generic(targets)+8), 0xff000000(generic(targets)+8), 0xff00000000(generic(targets)+8),
  0xff0000000000(generic(targets)+8), 0xff000000000000(generic(targets)+8),
  0xff00000000000000(generic(targets)+8), 0xff00(0x1234)};
// One byte, and the low half.
.visible .global .u8 piece = 0xff00(targets);
.visible .global .u32 low = generic(targets)+12;
.visible .global .align 8 .u8 code[8] = {0xff(answer), 0xff00(answer), 0xff0000(answer),
  0xff000000(answer), 0xff00000000(answer), 0xff0000000000(answer), 0xff000000000000(answer),
  0xff00000000000000(answer)};

.visible .entry follow(.param .u64 out)
{
  .reg .b64 %o, %a, %b;
  .reg .b32 %r, %s;
  .reg .b16 %h;
  ld.param.u64 %o, [out];
  ld.global.u64 %a, [pointers];
  ld.global.u32 %r, [%a];
  st.global.u32 [%o], %r;
  ld.global.u64 %a, [pointers+8];
  ld.u32 %r, [%a];
  st.global.u32 [%o+4], %r;
  ld.global.u64 %a, [pointers+16];
  ld.u32 %r, [%a];
  st.global.u32 [%o+8], %r;
  P: .callprototype (.param .b32 r) _ ();
  {
    .param .b32 r;
    ld.global.u64 %a, [pointers+24];
    call (r), %a, (), P;
    ld.param.b32 %r, [r];
  }
  st.global.u32 [%o+12], %r;
  ld.global.u64 %a, [pointers+32];
  ld.global.u64 %a, [%a];
  ld.u32 %r, [%a+4];
  st.global.u32 [%o+16], %r;
  // The packed pointer, put together from its bytes.
  mov.u64 %a, 0;
)" + [] {
  std::string text;
  for (int i = 7; i >= 0; --i)
    text += "  shl.b64 %a, %a, 8;\n  ld.global.u8 %h, [packed+" + std::to_string(1 + i) +
            "];\n  cvt.u64.u16 %b, %h;\n  or.b64 %a, %a, %b;\n";
  return text;
}() + R"(
  ld.u32 %r, [%a];
  st.global.u32 [%o+20], %r;
  {
    .param .b32 r;
    ld.global.u64 %a, [code];
    call (r), %a, (), P;
    ld.param.b32 %r, [r];
  }
  st.global.u32 [%o+24], %r;
  ld.const.u32 %r, [words+16];
  st.global.u32 [%o+28], %r;
  ret;
}
)";

CUmodule module_ = nullptr;

template <typename T> std::vector<T> values(const char *name) {
  CUdeviceptr address = 0;
  size_t bytes = 0;
  CHECK_CU(cuModuleGetGlobal_v2(&address, &bytes, module_, name));
  std::vector<T> out(bytes / sizeof(T));
  CHECK_CU(cuMemcpyDtoH_v2(out.data(), address, bytes));
  return out;
}
CUdeviceptr address_of(const char *name) {
  CUdeviceptr address = 0;
  CHECK_CU(cuModuleGetGlobal_v2(&address, nullptr, module_, name));
  return address;
}

template <typename T> void expect(const char *name, const std::vector<T> &want) {
  const std::vector<T> got = values<T>(name);
  if (got == want)
    return;
  ++failed_checks;
  std::fprintf(stderr, "%s:", name);
  for (T v : got)
    std::fprintf(stderr, " %llx", (unsigned long long)v);
  std::fprintf(stderr, "\n");
}

} // namespace

int main() {
  CUcontext context = nullptr;
  CHECK_CU(cuInit(0));
  CHECK_CU(cuCtxCreate_v2(&context, 0, 0));
  CHECK_CU(cuModuleLoadData(&module_, kModule.c_str()));
  expect<uint8_t>("bytes", {0xff, 127, 0x80, 300 - 256, 0});
  expect<uint16_t>("halves", {1, 0xfffe, 70000 - 65536, 5});
  expect<uint32_t>("words", {1, 2, 3, 4u << 28, 32, 0});
  expect<uint64_t>("longs", {~uint64_t{0}, uint64_t{1} << 63, uint64_t(-14)});
  expect<uint32_t>("floats", {0x3fc00000, 0x7fc00001, 1, 0x80000000});
  expect<uint64_t>("doubles", {std::bit_cast<uint64_t>(0.1), 0x7ff0000000000001});
  const std::vector<uint32_t> vectors = values<uint32_t>("vectors");
  CHECK(vectors.size() == 8);
  for (size_t i = 0; i < vectors.size(); ++i)
    CHECK(std::bit_cast<float>(vectors[i]) == float(i + 1));
  expect<uint64_t>("wide", {5, 0, 6, 0});

  const CUdeviceptr targets = address_of("targets");
  const std::vector<uint64_t> pointers = values<uint64_t>("pointers");
  CHECK(pointers.size() == 5 && pointers[0] == targets && pointers[1] == targets + 4);
  CHECK(pointers[2] == address_of("constants") + 4 && pointers[4] == address_of("pointers") + 8);
  CHECK(pointers[3] != 0);
  const std::vector<uint8_t> packed = values<uint8_t>("packed");
  uint64_t pointer = 0;
  std::memcpy(&pointer, packed.data() + 1, 8);
  CHECK(packed[0] == 7 && pointer == targets + 8 && packed[9] == 0x12);
  expect<uint8_t>("piece", {uint8_t(targets >> 8)});
  expect<uint32_t>("low", {uint32_t(targets + 12)});
  CHECK(values<uint64_t>("code")[0] == pointers[3]);

  CUfunction follow = nullptr;
  CUdeviceptr out = 0;
  std::vector<uint32_t> got(8);
  CHECK_CU(cuModuleGetFunction(&follow, module_, "follow"));
  CHECK_CU(cuMemAlloc_v2(&out, got.size() * 4));
  void *arguments[] = {&out};
  CHECK_CU(cuLaunchKernel(follow, 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, nullptr));
  CHECK_CU(cuMemcpyDtoH_v2(got.data(), out, got.size() * 4));
  CHECK(got == std::vector<uint32_t>({50, 60, 91, 42, 70, 70, 42, 32}));
  CHECK_CU(cuModuleUnload(module_));
  CHECK_CU(cuCtxDestroy_v2(context));
  if (!failed_checks)
    std::puts("PASS initialisers");
  return failed_checks != 0;
}
