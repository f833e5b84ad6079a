// Launches that only spin are given up, and those that do something are not. ctest sets
// W2W_CONFIG=emu-hang=1 (a million instructions) and, for a second run, a seed.
#include "test/unit/emulator/support.h"

#include <cstdio>
#include <unistd.h>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

const std::string kLog = "/tmp/w2w-hang-test." + std::to_string(getpid());

/// Before the first call: devices, and where the reports go.
[[maybe_unused]] const int kSetup = (setenv("W2W_DEVICE", "emulator:gfx942+gfx1201", 1),
                                     setenv("W2W_LOG_FILE", kLog.c_str(), 1), unsetenv("W2W_LOG"));

std::string take_log() {
  std::ifstream file(kLog);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  (void)truncate(kLog.c_str(), 0);
  return text;
}

} // namespace

TEST_CASE("a launch that only spins is given up, with the places of its waves") {
  for (int device : {0, 1})
    for (uint32_t how = 0; how <= 5; ++how) {
      INFO("device " << device << ", spin " << how);
      Kernels kernels(device, device == 0 ? "fairness-gfx942" : "fairness-gfx1201");
      Words word(1);
      if (how == 5) { // a cooperative launch that misses one workgroup at its barrier
        void *args[] = {&word.pointer, &how};
        HIP_OK(hipModuleLaunchCooperativeKernel(kernels["spin"], 6, 1, 1, 128, 1, 1, 0, nullptr,
                                                args));
      } else {
        HIP_OK(launch(kernels["spin"], {6, 1, 1}, {128, 1, 1}, 0, nullptr, word.pointer, how));
      }
      HIP_IS(hipDeviceSynchronize(), hipErrorLaunchTimeOut);
      std::string log = take_log();
      INFO(log);
      CHECK(log.find("'spin': hangs") != std::string::npos);
      for (uint32_t group = how == 5; group < 6; ++group) {
        // Waves of one workgroup may stand at different places; each place is named.
        size_t found = log.find(" of workgroup (" + std::to_string(group) + ",0,0) at spin+0x");
        CHECK(found != std::string::npos);
        if (how == 5)
          CHECK(log.find("waves 0 of workgroup (" + std::to_string(group) + ",0,0)") !=
                std::string::npos);
      }
      if (how == 5)
        CHECK(log.find("workgroup (0,0,0)") == std::string::npos); // it has ended
      HIP_OK(hipDeviceReset());
      (void)hipGetLastError();
    }
}

TEST_CASE("a launch in which something happens goes on, however long") {
  for (int device : {0, 1}) {
    Kernels kernels(device, device == 0 ? "fairness-gfx942" : "fairness-gfx1201");
    Words word(1);
    uint32_t turns = 60000; // more than a million instructions with those of the waiting waves
    HIP_OK(launch(kernels["busy"], {1, 1, 1}, {256, 1, 1}, 0, nullptr, word.pointer, turns));
    HIP_OK(hipDeviceSynchronize());
    CHECK(word.get()[0] == turns);
    // More workgroups than fit, each of which writes nothing but ends.
    HIP_OK(
        launch(kernels["busy"], {70000, 1, 1}, {64, 1, 1}, 0, nullptr, word.pointer, uint32_t{0}));
    HIP_OK(hipDeviceSynchronize());
    // Workgroups that wait for one another in a line.
    Words flags(120);
    HIP_OK(launch(kernels["chain"], {120, 1, 1}, {64, 1, 1}, 65536, nullptr, flags.pointer));
    CHECK(flags.get()[119] == 121);
  }
  unlink(kLog.c_str());
}
