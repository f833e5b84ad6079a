// Solo mode, one warp a wave, on a device of 64-lane waves: which launches get it, and that nothing
// of the doubled workgroup shows.
//   solo_mode        the choice by block size (W2W_CONFIG unset)
//   solo_mode forced W2W_CONFIG=warp-mode=solo
//   solo_mode checked the same, with W2W_CHECK=memory: reports of the emulator's checker
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"
#include "test/unit/cuda/log_file.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

namespace {

/// `warps_part`: the warps of a block come to different barriers. Each thread writes what it knows
/// of itself. `places`: the same without barriers.
const char kKernels[] = R"(
.version 7.0
.target sm_70
.address_size 64
.visible .entry warps_part(.param .u64 out)
{
  .reg .pred %p;
  .reg .b32 %t, %w, %v;
  .reg .b64 %o;
  mov.u32 %t, %tid.x;
  shr.u32 %w, %t, 5;
  and.b32 %v, %w, 1;
  setp.eq.u32 %p, %v, 0;
  @%p bra EVEN;
  bar.sync 0;
  bar.sync 0;
  bra MEET;
EVEN:
  bar.sync 0;
  add.u32 %w, %w, 100;
  bar.sync 0;
MEET:
  ld.param.u64 %o, [out];
  mad.wide.u32 %o, %t, 4, %o;
  st.global.u32 [%o], %w;
  ret;
}
.visible .entry places(.param .u64 out)
{
  .reg .b32 %x, %y, %z, %nx, %ny, %i, %lane, %warp, %warps, %votes;
  .reg .b64 %o;
  mov.u32 %x, %tid.x;
  mov.u32 %y, %tid.y;
  mov.u32 %z, %tid.z;
  mov.u32 %nx, %ntid.x;
  mov.u32 %ny, %ntid.y;
  mad.lo.u32 %i, %z, %ny, %y;
  mad.lo.u32 %i, %i, %nx, %x;
  shl.b32 %y, %y, 10;
  shl.b32 %z, %z, 20;
  or.b32 %x, %x, %y;
  or.b32 %x, %x, %z;
  mov.u32 %lane, %laneid;
  mov.u32 %warp, %warpid;
  mov.u32 %warps, %nwarpid;
  shl.b32 %warp, %warp, 8;
  shl.b32 %warps, %warps, 16;
  or.b32 %lane, %lane, %warp;
  or.b32 %lane, %lane, %warps;
  activemask.b32 %votes;
  bar.sync 0;
  ld.param.u64 %o, [out];
  mad.wide.u32 %o, %i, 12, %o;
  st.global.u32 [%o], %x;
  st.global.u32 [%o+4], %lane;
  st.global.u32 [%o+8], %votes;
  ret;
}
.visible .entry traps_at(.param .u32 thread)
{
  .reg .pred %p;
  .reg .b32 %y, %n;
  ld.param.u32 %n, [thread];
  mov.u32 %y, %tid.y;
  setp.eq.u32 %p, %y, %n;
  @%p trap;
  ret;
}
.visible .entry writes_past(.param .u64 out, .param .u32 thread)
{
  .reg .pred %p;
  .reg .b32 %y, %n;
  .reg .b64 %o;
  ld.param.u64 %o, [out];
  ld.param.u32 %n, [thread];
  mov.u32 %y, %tid.y;
  setp.eq.u32 %p, %y, %n;
  @%p st.global.u32 [%o+64], %y;
  ret;
}
.visible .entry needs_1024() .reqntid 1024
{
  bar.sync 0;
  ret;
}
)";

const LogFile log_file("solo_mode", "info");

CUmodule module = nullptr;
CUfunction kernel(const char *name) {
  CUfunction function = nullptr;
  CHECK_CU(cuModuleGetFunction(&function, module, name));
  return function;
}

/// What the kernel has written to its one array.
std::vector<uint32_t> results(const char *name, unsigned x, unsigned y, unsigned z, size_t words) {
  std::vector<uint32_t> got(words, ~0u);
  CUdeviceptr out = 0;
  CHECK_CU(cuMemAlloc_v2(&out, 4 * words));
  void *parameters[] = {&out};
  CHECK_CU(cuLaunchKernel(kernel(name), 1, 1, 1, x, y, z, 0, nullptr, parameters, nullptr));
  CHECK_CU(cuCtxSynchronize());
  CHECK_CU(cuMemcpyDtoH_v2(got.data(), out, 4 * words));
  CHECK_CU(cuMemFree_v2(out));
  return got;
}

void warps_part(unsigned threads) {
  std::vector<uint32_t> got = results("warps_part", threads, 1, 1, threads);
  for (unsigned t = 0; t < threads; ++t)
    CHECK(got[t] == t / 32 + (t / 32 % 2 ? 0 : 100));
}

void places(unsigned x, unsigned y, unsigned z) {
  const unsigned threads = x * y * z, warps = (threads + 31) / 32;
  std::vector<uint32_t> got = results("places", x, y, z, 3 * threads);
  for (unsigned t = 0; t < threads; ++t) {
    CHECK(got[3 * t] == (t % x | t / x % y << 10 | t / x / y << 20));
    CHECK(got[3 * t + 1] == (t % 32 | t / 32 << 8 | warps << 16));
    // A partial last warp has the threads that there are.
    unsigned lanes = t / 32 + 1 == warps && threads % 32 ? threads % 32 : 32;
    CHECK(got[3 * t + 2] == (lanes == 32 ? ~0u : (1u << lanes) - 1));
  }
}

int blocks_at_once(const char *name, int threads) {
  int blocks = -1;
  CHECK_CU(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel(name), threads, 0));
  return blocks;
}
int most_threads(const char *name) {
  int most = 0;
  CHECK_CU(cuFuncGetAttribute(&most, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, kernel(name)));
  return most;
}

void chosen() {
  warps_part(256);
  CHECK(log_file.count("mode solo: the warps of a wave may come to different barriers") == 1);
  warps_part(512); // the same code
  CHECK(log_file.count("compiled warps_part") == 1);
  CHECK(log_file.count("mode scheduled") == 0);
  warps_part(544);
  CHECK(log_file.count("mode scheduled: the warps of a wave may come to different barriers") == 1);
  CHECK(log_file.count("solo in blocks of at most 512 threads") == 1);
  warps_part(1024);
  warps_part(250);
  CHECK(log_file.count("compiled warps_part") == 2);
  CHECK(most_threads("warps_part") == 1024);
  // Who gains nothing by small blocks is compiled once.
  places(1024, 1, 1);
  places(96, 1, 1);
  CHECK(log_file.count("compiled places") == 1);
  // Twice the work-items count: as many blocks of 256 threads as of 512 of another kernel.
  CHECK(blocks_at_once("warps_part", 256) == blocks_at_once("places", 512));
  CHECK(blocks_at_once("warps_part", 256) > 0);
}

void forced() {
  for (auto [x, y, z] : {std::tuple{32u, 1u, 1u},
                         {1u, 1u, 1u},
                         {33u, 1u, 1u},
                         {500u, 1u, 1u},
                         {512u, 1u, 1u},
                         {5u, 7u, 1u},
                         {3u, 5u, 7u},
                         {8u, 8u, 8u},
                         {4u, 4u, 32u}})
    places(x, y, z);
  CHECK(log_file.count("mode solo: asked for") == 2); // for warps that are rows, and for others
  CHECK(most_threads("places") == 512);
  CHECK(blocks_at_once("places", 512) > 0);
  CHECK(blocks_at_once("places", 513) == 0);
  CHECK(blocks_at_once("places", 64) == 2 * blocks_at_once("places", 128));
  // Blocks that are too large, at run time and at compile time.
  CUdeviceptr out = 0;
  void *parameters[] = {&out};
  CHECK(cuLaunchKernel(kernel("places"), 1, 1, 1, 513, 1, 1, 0, nullptr, parameters, nullptr) ==
        CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  CHECK(log_file.count(
            "places: 513 threads a block, but W2W_CONFIG=warp-mode=solo serves at most 512") == 1);
  CHECK(cuFuncLoad(kernel("needs_1024")) != CUDA_SUCCESS);
  CHECK(log_file.count("blocks of 1024 threads (.reqntid) are not possible in warp mode 'solo'") >=
        1);
  // A cooperative grid fits by its workgroups.
  int units = 0, blocks = blocks_at_once("places", 128);
  CHECK_CU(cuDeviceGetAttribute(&units, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0));
  CHECK_CU(cuMemAlloc_v2(&out, 12 * 128));
  CHECK_CU(cuLaunchCooperativeKernel(kernel("places"), static_cast<unsigned>(blocks * units), 1, 1,
                                     128, 1, 1, 0, nullptr, parameters));
  CHECK(cuLaunchCooperativeKernel(kernel("places"), static_cast<unsigned>(blocks * units + 1), 1, 1,
                                  128, 1, 1, 0, nullptr,
                                  parameters) == CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
  CHECK_CU(cuCtxSynchronize());
  // Errors name the program's threads, not AMD's work-items.
  uint32_t row = 6;
  void *trap_parameters[] = {&row};
  CHECK_CU(
      cuLaunchKernel(kernel("traps_at"), 1, 1, 1, 1, 7, 7, 0, nullptr, trap_parameters, nullptr));
  CHECK(cuCtxSynchronize() == CUDA_ERROR_LAUNCH_FAILED);
  CHECK(log_file.count("block (0,0,0), thread (0,6,") == 1);
}

void checked() {
  CUdeviceptr out = 0;
  CHECK_CU(cuMemAlloc_v2(&out, 64));
  uint32_t row = 40;
  void *parameters[] = {&out, &row};
  CHECK_CU(
      cuLaunchKernel(kernel("writes_past"), 1, 1, 1, 1, 50, 1, 0, nullptr, parameters, nullptr));
  CHECK(cuCtxSynchronize() == CUDA_ERROR_ILLEGAL_ADDRESS);
  CHECK(log_file.count("kernel 'writes_past', block (0,0,0), thread (0,40,0)") == 1);
}

} // namespace

int main(int argc, char **argv) {
  ::setenv("CUDA_CACHE_DISABLE", "1", 1); // what is compiled is counted
  CUcontext context = nullptr;
  CHECK_CU(cuInit(0));
  CHECK_CU(cuCtxCreate_v2(&context, 0, 0));
  CHECK_CU(cuModuleLoadData(&module, kKernels));
  if (argc > 1 && std::strcmp(argv[1], "forced") == 0)
    forced();
  else if (argc > 1 && std::strcmp(argv[1], "checked") == 0)
    checked();
  else
    chosen();
  std::printf("solo mode: %d failed checks\n", failed_checks);
  return failed_checks != 0;
}
