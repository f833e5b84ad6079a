// isspacep: in which windows of the generic address space addresses of every kind lie.
// PTX ISA 6.4.1.1, 9.7.9.19.
#include "test/unit/cuda/in_context.h"

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Address {
  const char *name;
  const char *code; // puts the address into %a
  bool is_const, is_global, is_shared, is_local, is_param;
};

constexpr Address kAddresses[] = {
    {"a constant", "cvta.const.u64 %a, first;", true, false, false, false, false},
    {"the last byte of a constant", "cvta.const.u64 %a, second+39;", true, false, false, false,
     false},
    {"a variable", "cvta.global.u64 %a, variable;", false, true, false, false, false},
    {"the last byte of a variable", "cvta.global.u64 %a, variable+15;", false, true, false, false,
     false},
    {"memory of the host's", "ld.param.u64 %a, [out];", false, true, false, false, false},
    {"a parameter", "cvta.param.u64 %a, block;", false, true, false, false, true},
    {"the last byte of a parameter", "cvta.param.u64 %a, block+11;", false, true, false, false,
     true},
    {"shared memory", "cvta.shared.u64 %a, tile;", false, false, true, false, false},
    {"local memory", "cvta.local.u64 %a, stack;", false, false, false, true, false},
};
constexpr const char *kSpaces[] = {"const", "global", "shared", "local", "param"};

/// A kernel that stores for each address one word, with a bit for each space.
std::string kernel_text() {
  std::string text = R"(.version 8.0
.target sm_80
.address_size 64
.const .align 8 .b8 first[24] = {1, 2, 3};
.global .align 4 .b8 variable[16];
.const .align 4 .b8 second[40];
.visible .entry spaces(.param .u64 out, .param .align 4 .b8 block[12])
{
  .reg .b64 %a, %o;
  .reg .b32 %word, %bit;
  .reg .pred %p;
  .shared .align 4 .b8 tile[64];
  .local .align 4 .b8 stack[32];
  ld.param.u64 %o, [out];
)";
  for (const Address &address : kAddresses) {
    text += "  mov.b32 %word, 0;\n  " + std::string(address.code) + "\n";
    for (size_t k = 0; k < std::size(kSpaces); ++k)
      text += "  isspacep." + std::string(kSpaces[k]) + " %p, %a;\n  selp.b32 %bit, " +
              std::to_string(1 << k) + ", 0, %p;\n  or.b32 %word, %word, %bit;\n";
    text += "  st.global.b32 [%o], %word;\n  add.u64 %o, %o, 4;\n";
  }
  return text + "  ret;\n}\n";
}

void test_spaces() {
  CUmodule module = nullptr;
  CHECK_CU(cuModuleLoadData(&module, kernel_text().c_str()));
  CUfunction kernel = nullptr;
  CHECK_CU(cuModuleGetFunction(&kernel, module, "spaces"));
  std::vector<unsigned> words(std::size(kAddresses), ~0u);
  CUdeviceptr out = 0;
  CHECK_CU(cuMemAlloc_v2(&out, words.size() * 4));
  unsigned char block[12] = {};
  void *params[] = {&out, block};
  CHECK_CU(cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, nullptr, params, nullptr));
  CHECK_CU(cuMemcpyDtoH_v2(words.data(), out, words.size() * 4));
  for (size_t i = 0; i < words.size(); ++i) {
    const Address &a = kAddresses[i];
    const bool expected[] = {a.is_const, a.is_global, a.is_shared, a.is_local, a.is_param};
    for (size_t k = 0; k < std::size(kSpaces); ++k)
      if ((words[i] >> k & 1) != expected[k]) {
        std::fprintf(stderr, "%s: isspacep.%s is %u\n", a.name, kSpaces[k], words[i] >> k & 1);
        ++failed_checks;
      }
  }
  CHECK_CU(cuMemFree_v2(out));
  CHECK_CU(cuModuleUnload(module));
}

} // namespace

int main() {
  return run_in_context("address_spaces", test_spaces);
}
