// The models, the choice of devices, occupancy, properties.
#include "test/unit/emulator/support.h"

#include <cstring>

using namespace w2w::emu;
using namespace w2w::emu::test;

TEST_CASE("W2W_DEVICE chooses the devices") {
  auto chosen = [](const char *value) {
    std::string error, names;
    for (const Model *model : devices_from_environment(value, error))
      names += std::string(model->gfx) + " ";
    return names + (error.empty() ? "" : "!");
  };
  CHECK(chosen(nullptr) == "gfx942 ");
  CHECK(chosen("auto") == "gfx942 ");
  CHECK(chosen("emulator") == "gfx942 ");
  CHECK(chosen("emulator:gfx1100") == "gfx1100 ");
  CHECK(chosen("emulator:gfx942x3") == "gfx942 gfx942 gfx942 ");
  CHECK(chosen("emulator:gfx942x2+gfx1100") == "gfx942 gfx942 gfx1100 ");
  CHECK(chosen("emulator:gfx999") == "!");
  CHECK(chosen("emulator:gfx942x0") == "!");
  CHECK(chosen("emulator:gfx942x") == "!");
  CHECK(chosen("emulator:gfx942x99999") == "!");
  CHECK(chosen("emulator:") == "!");
}

TEST_CASE("occupancy") {
  const Model &mi300 = *find_model("gfx942");
  // 8 waves a SIMD, 4 SIMDs; a 256-thread group has 4 waves.
  CHECK(groups_per_multiprocessor(mi300, {256, 64, 32, 32, 0}) == 8);
  // 128 registers: 4 waves a SIMD.
  CHECK(groups_per_multiprocessor(mi300, {256, 64, 128, 32, 0}) == 4);
  // LDS: 3 x 20 KiB fit 64 KiB.
  CHECK(groups_per_multiprocessor(mi300, {256, 64, 32, 32, 20480}) == 3);
  // 102 SGPRs (112): 7 waves a SIMD.
  CHECK(groups_per_multiprocessor(mi300, {64, 64, 32, 102, 0}) == 28);
  // 16 waves of 512 registers do not fit: one a SIMD.
  CHECK(groups_per_multiprocessor(mi300, {1024, 64, 512, 32, 0}) == 0);
  const Model &navi = *find_model("gfx1100");
  CHECK(groups_per_multiprocessor(navi, {256, 32, 96, 32, 0}) == 8);
  CHECK(groups_per_multiprocessor(navi, {256, 32, 97, 32, 0}) == 6); // granule 24: 120 of 1536
}

TEST_CASE("both property layouts and the attributes agree") {
  for (const Target &target : kTargets) {
    hipDeviceProp_tR0600 now{};
    hipDeviceProp_tR0000 old{};
    HIP_OK(hipGetDevicePropertiesR0600(&now, target.device));
    HIP_OK(hipGetDeviceProperties(&old, target.device));
    INFO(target.gfx);
    CHECK(std::string(now.gcnArchName).starts_with(target.gfx));
    CHECK(std::string(old.gcnArchName) == now.gcnArchName);
    CHECK(old.totalGlobalMem == now.totalGlobalMem);
    CHECK(old.multiProcessorCount == now.multiProcessorCount);
    CHECK(now.warpSize == (target.device < 2 ? 64 : 32));
    CHECK(now.maxThreadsPerMultiProcessor == 2048);
    int value = 0;
    HIP_OK(hipDeviceGetAttribute(&value, hipDeviceAttributeWarpSize, target.device));
    CHECK(value == now.warpSize);
    HIP_OK(hipDeviceGetAttribute(&value, hipDeviceAttributeMaxSharedMemoryPerBlock, target.device));
    CHECK(value == 65536);
    char id[32];
    HIP_OK(hipDeviceGetPCIBusId(id, sizeof id, target.device));
    HIP_OK(hipDeviceGetByPCIBusId(&value, id));
    CHECK(value == target.device);
  }
  int value = 0;
  HIP_IS(hipDeviceGetAttribute(&value, static_cast<hipDeviceAttribute_t>(9998), 0),
         hipErrorInvalidValue);
  HIP_IS(hipDeviceGetAttribute(&value, hipDeviceAttributeWarpSize, 5), hipErrorInvalidDevice);
  HIP_IS(hipSetDevice(-1), hipErrorInvalidDevice);
  CHECK(hipGetLastError() == hipErrorInvalidDevice);
  CHECK(hipGetLastError() == hipSuccess);
}
