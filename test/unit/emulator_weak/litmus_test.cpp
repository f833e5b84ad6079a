// Kernels that clang compiled, launched many times through the HIP interface in the weak mode:
// right as they are; with instructions taken out of the machine code, the weak outcome shows.
#include "test/unit/emulator/support.h"
#include "test/unit/emulator_isa/assembler.h"

#include "runtime/emulator/config.h"

#include <cstring>
#include <functional>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

constexpr unsigned kRuns = 300;

std::vector<uint8_t> object_of(const std::string &gfx) {
  return read_file(std::string(KERNELS) + gfx + ".co");
}

/// Puts s_nop over each place where the instruction's encoding stands, `after` not included that
/// must follow it. Returns how many.
unsigned take_out(std::vector<uint8_t> &object, const char *gfx, const std::string &instruction,
                  const std::string &after = "") {
  unsigned lanes = std::string(gfx).starts_with("gfx9") ? 64 : 32;
  std::vector<uint8_t> what = assemble(gfx, lanes, instruction + "\n" + after),
                       only = assemble(gfx, lanes, instruction),
                       nop = assemble(gfx, lanes, "s_nop 0");
  INFO(gfx << ": " << instruction);
  REQUIRE(!what.empty());
  REQUIRE(nop.size() == 4);
  unsigned count = 0;
  for (size_t at = 0; at + what.size() <= object.size(); at += 4)
    if (std::memcmp(object.data() + at, what.data(), what.size()) == 0) {
      for (size_t k = 0; k < only.size(); k += 4)
        std::memcpy(object.data() + at + k, nop.data(), 4);
      ++count;
    }
  return count;
}

struct Kernel {
  const char *name;
  Dim grid, block;
  std::function<bool(const std::vector<uint32_t> &out)> weak;
};
const Kernel kMessage{"message", {2, 1, 1}, {1, 1, 1}, [](const auto &out) { return !out[0]; }};
const Kernel kNeighbours{
    "neighbours", {1, 1, 1}, {128, 1, 1}, [](const auto &out) { return !out[0]; }};
const Kernel kBuffering{
    "buffering", {2, 1, 1}, {1, 1, 1}, [](const auto &out) { return !out[0] && !out[1]; }};
constexpr uint32_t kSumGroups = 6;
const Kernel kSum{"sum", {kSumGroups, 1, 1}, {128, 1, 1}, [](const auto &out) {
                    return out[0] !=
                           kSumGroups * 127 * 64 + 128 * (kSumGroups - 1) * kSumGroups / 2;
                  }};

/// In how many runs the weak outcome is seen.
unsigned seen(int device, const std::vector<uint8_t> &object, const Kernel &kernel,
              unsigned runs = kRuns) {
  HIP_OK(hipSetDevice(device));
  hipModule_t module = nullptr;
  HIP_OK(hipModuleLoadData(&module, object.data()));
  hipFunction_t function = nullptr;
  HIP_OK(hipModuleGetFunction(&function, module, kernel.name));
  unsigned count = 0;
  {
    Words memory(64 + kSumGroups * 128), out(2);
    for (unsigned k = 0; k < runs; k++) {
      HIP_OK(hipMemsetD32(memory.pointer, 0, 64 + kSumGroups * 128));
      HIP_OK(hipMemsetD32(out.pointer, kSumGroups, 2));
      HIP_OK(launch(function, kernel.grid, kernel.block, 0, nullptr, memory.pointer, out.pointer));
      HIP_OK(hipDeviceSynchronize());
      count += kernel.weak(out.get());
    }
  }
  HIP_OK(hipModuleUnload(module));
  return count;
}

struct Removal {
  const char *gfx;
  std::vector<const char *> instructions;
};

/// Taking out all of the instructions of one row shows the weak outcome.
void check_removals(const Kernel &kernel, const std::vector<Removal> &removals) {
  for (const Removal &r : removals) {
    const Target *target = nullptr;
    for (const Target &t : kTargets)
      if (std::string(t.gfx) == r.gfx)
        target = &t;
    REQUIRE(target);
    std::vector<uint8_t> object = object_of(r.gfx);
    std::string names;
    for (const char *instruction : r.instructions) {
      names += std::string(instruction) + "; ";
      CHECK(take_out(object, r.gfx, instruction) > 0);
    }
    INFO(kernel.name << " on " << r.gfx << " without " << names);
    CHECK(seen(target->device, object, kernel, 5 * kRuns) > 0);
  }
}
void check_right(const Kernel &kernel, unsigned runs = 1000) {
  for (const Target &target : kTargets) {
    INFO(kernel.name << " on " << target.gfx);
    CHECK(seen(target.device, object_of(target.gfx), kernel, runs) == 0);
  }
}

} // namespace

TEST_CASE("release and acquire between workgroups") {
  check_right(kMessage);
  check_removals(kMessage, {{"gfx90a", {"buffer_wbinvl1_vol"}},
                            {"gfx942", {"buffer_inv sc1"}},
                            {"gfx942", {"buffer_wbl2 sc1"}},
                            {"gfx1030", {"buffer_gl0_inv"}},
                            {"gfx1030", {"s_waitcnt_vscnt null, 0x0"}},
                            {"gfx1100", {"buffer_gl0_inv"}},
                            {"gfx1100", {"s_waitcnt_vscnt null, 0x0"}},
                            {"gfx1201", {"global_inv scope:SCOPE_DEV"}},
                            {"gfx1201", {"s_wait_storecnt 0x0"}}});
}

TEST_CASE("release and acquire inside a workgroup") {
  check_right(kNeighbours);
  check_removals(kNeighbours, {{"gfx1030", {"buffer_gl0_inv"}},
                               {"gfx1100", {"buffer_gl0_inv"}},
                               {"gfx1201", {"global_inv scope:SCOPE_SE"}}});
}

TEST_CASE("sequentially consistent fences") {
  check_right(kBuffering);
  check_removals(kBuffering, {{"gfx90a", {"s_waitcnt vmcnt(0)\nbuffer_wbinvl1_vol"}},
                              {"gfx942", {"s_waitcnt vmcnt(0)\nbuffer_inv sc1"}},
                              {"gfx1030", {"s_waitcnt_vscnt null, 0x0"}},
                              {"gfx1100", {"s_waitcnt_vscnt null, 0x0"}},
                              {"gfx1201", {"s_wait_storecnt 0x0"}}});
}

TEST_CASE("a barrier, then a release by one thread for its workgroup") {
  for (const Target &target : kTargets) {
    if (std::string(target.gfx) == "gfx90a")
      continue; // LLVM's code allows the weak outcome: docs/AMDGPU-NOTES.md
    INFO(target.gfx);
    CHECK(seen(target.device, object_of(target.gfx), kSum, 200) == 0);
  }
}

TEST_CASE("PTX: a barrier, then a release by one thread for its block") {
  for (const Target &target : kTargets) {
    INFO(target.gfx);
    CHECK(seen(target.device, object_of(std::string("sum.") + target.gfx), kSum, 1000) == 0);
  }
  // Without the wait before the barrier the weak outcome shows.
  std::vector<uint8_t> object = object_of("sum.gfx90a");
  CHECK(take_out(object, "gfx90a", "s_waitcnt vmcnt(0) lgkmcnt(0)", "s_barrier") == 1);
  CHECK(seen(0, object, kSum, 1000) > 0);
}

TEST_CASE("values of W2W_EMU") {
  CHECK(mode_error(nullptr).empty());
  CHECK(mode_error("").empty());
  CHECK(mode_error("weak").empty());
  CHECK(mode_error("feeble") ==
        "W2W_EMU=feeble: no mode of the emulator; there is 'weak' (weak memory)");
}

// Run with W2W_EMU=feeble: CMakeLists.txt.
TEST_CASE("a process with a mode that is not known has no device", "[.]") {
  int count = -1;
  HIP_IS(hipGetDeviceCount(&count), hipErrorNoDevice);
}
