// Waves and workgroups that wait for each other come to an end, on wave64 and wave32, with fewer
// and with more workgroups than the device holds at once. ctest runs this program with several
// schedules (W2W_CONFIG=emu-seed, emu-threads).
#include "test/unit/emulator/support.h"

#include <algorithm>
#include <cstring>
#include <numeric>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

/// Tests must choose the devices before the first call.
[[maybe_unused]] const int kDevices = setenv("W2W_DEVICE", "emulator:gfx942+gfx1201", 1);

struct Where {
  int device;
  const char *object;
  uint32_t resident; // workgroups with 64 KiB of LDS that the device holds at once
};
constexpr Where kWhere[] = {{0, "fairness-gfx942", 304}, {1, "fairness-gfx1201", 56}};
constexpr uint32_t kAllLds = 65536;

/// A number of workgroups that fits, and one that does not.
std::vector<uint32_t> sizes(const Where &where) {
  return {40, where.resident + 30};
}

} // namespace

TEST_CASE("the device holds as many workgroups as these tests believe") {
  for (const Where &where : kWhere) {
    Kernels kernels(where.device, where.object);
    int blocks = 0, units = 0;
    HIP_OK(
        hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernels["chain"], 64, kAllLds));
    HIP_OK(hipDeviceGetAttribute(&units, hipDeviceAttributeMultiprocessorCount, where.device));
    CHECK(static_cast<uint32_t>(blocks * units) == where.resident);
  }
}

TEST_CASE("a lock between workgroups") {
  for (const Where &where : kWhere)
    for (uint32_t groups : sizes(where)) {
      INFO(where.object << ", " << groups << " workgroups");
      Kernels kernels(where.device, where.object);
      Words mutex(1), value(1);
      uint32_t waves = where.device == 0 ? 2 : 4, rounds = 3;
      HIP_OK(launch(kernels["lock_between_blocks"], {groups, 1, 1}, {128, 1, 1}, kAllLds, nullptr,
                    mutex.pointer, value.pointer, rounds));
      CHECK(value.get()[0] == groups * waves * rounds);
    }
}

TEST_CASE("a lock between the waves of a workgroup") {
  for (const Where &where : kWhere) {
    INFO(where.object);
    Kernels kernels(where.device, where.object);
    Words out(5);
    uint32_t waves = where.device == 0 ? 16 : 32, rounds = 20;
    HIP_OK(launch(kernels["lock_between_waves"], {5, 1, 1}, {1024, 1, 1}, 0, nullptr, out.pointer,
                  rounds));
    CHECK(out.get() == std::vector<uint32_t>(5, rounds * waves * (waves + 1) / 2));
  }
}

TEST_CASE("decoupled look-back by the workgroup's index") {
  for (const Where &where : kWhere)
    for (uint32_t groups : sizes(where)) {
      INFO(where.object << ", " << groups << " workgroups");
      Kernels kernels(where.device, where.object);
      std::vector<uint32_t> in(groups * 64), want(groups * 64);
      for (uint32_t i = 0; i < in.size(); ++i)
        in[i] = i * 2654435761u >> 20;
      std::partial_sum(in.begin(), in.end(), want.begin());
      Words data(in), out(in.size()), state(groups), sums(groups), prefixes(groups);
      HIP_OK(launch(kernels["look_back"], {groups, 1, 1}, {64, 1, 1}, kAllLds - 1024, nullptr,
                    data.pointer, out.pointer, state.pointer, sums.pointer, prefixes.pointer));
      CHECK(out.get() == want);
    }
}

TEST_CASE("a barrier of a cooperative grid that fills the device, and not of a larger one") {
  for (const Where &where : kWhere) {
    INFO(where.object);
    Kernels kernels(where.device, where.object);
    uint32_t groups = where.resident, rounds = 5;
    Words arrived(1), sense(1), cells(2 * groups);
    void *args[] = {&arrived.pointer, &sense.pointer, &cells.pointer, &rounds};
    HIP_OK(hipModuleLaunchCooperativeKernel(kernels["grid_barrier"], groups, 1, 1, 64, 1, 1,
                                            kAllLds, nullptr, args));
    std::vector<uint32_t> seen = cells.get();
    seen.erase(seen.begin(), seen.begin() + groups); // the last round wrote the second half
    CHECK(seen == std::vector<uint32_t>(groups, rounds));
    HIP_IS(hipModuleLaunchCooperativeKernel(kernels["grid_barrier"], groups + 1, 1, 1, 64, 1, 1,
                                            kAllLds, nullptr, args),
           hipErrorCooperativeLaunchTooLarge);
    (void)hipGetLastError();
  }
}

TEST_CASE("producers and consumers") {
  for (const Where &where : kWhere) {
    INFO(where.object);
    Kernels kernels(where.device, where.object);
    constexpr uint32_t kGroups = 20, kCount = 50;
    Words out(kGroups);
    HIP_OK(launch(kernels["producer_consumer"], {kGroups, 1, 1}, {256, 1, 1}, 0, nullptr,
                  out.pointer, kCount));
    CHECK(out.get() == std::vector<uint32_t>(kGroups, 3 * kCount * (kCount - 1) / 2));
    for (uint32_t groups : sizes(where)) {
      Words flags(groups);
      HIP_OK(launch(kernels["chain"], {groups, 1, 1}, {64, 1, 1}, kAllLds, nullptr, flags.pointer));
      std::vector<uint32_t> want(groups);
      std::iota(want.begin(), want.end(), 2u);
      CHECK(flags.get() == want);
    }
  }
}

TEST_CASE("every wave draws its tickets, whatever the order") {
  for (const Where &where : kWhere) {
    INFO(where.object);
    Kernels kernels(where.device, where.object);
    constexpr uint32_t kGroups = 30, kRounds = 4;
    uint32_t waves = where.device == 0 ? 4 : 8;
    Words next(1), out(kGroups * waves * kRounds);
    auto draw = [&] {
      HIP_OK(hipMemset(next.pointer, 0, 4));
      HIP_OK(launch(kernels["tickets"], {kGroups, 1, 1}, {256, 1, 1}, 0, nullptr, next.pointer,
                    out.pointer, kRounds));
      return out.get();
    };
    std::vector<uint32_t> first = draw(), second = draw();
    if (getenv("W2W_CONFIG") && strstr(getenv("W2W_CONFIG"), "emu-seed"))
      CHECK(first == second); // repeatable
    std::sort(first.begin(), first.end());
    for (uint32_t i = 0; i < first.size(); ++i)
      REQUIRE(first[i] == i / kRounds);
  }
}
