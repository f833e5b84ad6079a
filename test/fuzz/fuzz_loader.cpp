// Fuzz target: the loader of code objects. The first byte chooses the model, the rest is an image:
// an ELF code object, an offload bundle, or rubbish. What loads is also planned and run for a few
// instructions, because a damaged descriptor does its harm there.
#include "runtime/emulator/code_object.h"
#include "runtime/emulator/launch.h"
#include "runtime/emulator/msgpack.h"
#include "runtime/emulator/workgroup.h"
#include "test/fuzz/last_input.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

using namespace w2w::emu;

namespace {

constexpr uint64_t kMostMemory = 64 << 20;
constexpr uint64_t kPage = MemoryMap::kPage;

void run_kernel(const std::shared_ptr<CodeObject> &object, const Kernel &kernel, const Model &model,
                MemoryMap &map) {
  Dim grid{2, 1, 1}, block{33, 1, 1};
  for (unsigned i = 0; i < 3; ++i)
    if (kernel.required_threads[0])
      block[i] = kernel.required_threads[i];
  constexpr uint32_t kDynamicLds = 64;
  if (check_launch(kernel, model, grid, block, kDynamicLds).code != w2w::hip::hipSuccess)
    return;
  LaunchPlan plan;
  plan.object = object;
  plan.kernel = &kernel;
  plan.model = &model;
  plan.memory = &map;
  plan.grid = grid;
  plan.block = block;
  plan.lds_bytes = kernel.static_lds + kDynamicLds;
  plan.scratch_per_lane = kernel.scratch_per_lane;
  uint64_t bytes = (launch_block_bytes(kernel) + kPage - 1) & ~(kPage - 1);
  void *memory = aligned_alloc(kPage, bytes);
  uint64_t at = reinterpret_cast<uint64_t>(memory);
  map.add(at, at + bytes);
  std::vector<uint8_t> arguments(kernel.explicit_bytes);
  fill_launch_block(plan, at, arguments.data(), kDynamicLds);
  std::atomic<bool> cancel{false};
  LaunchFailure failure;
  constexpr uint64_t kBudget = 500;
  ResidentGroup group(plan);
  group.start(1);
  (void)group.run(kBudget, cancel, failure);
  (void)group.positions();
  map.remove(at);
  free(memory);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1)
    return 0;
  w2w::fuzz::keep_input(data, size);
  const Model &model = models()[data[0] % models().size()];
  std::span<const uint8_t> image(data + 1, size - 1);
  MemoryMap map;
  uint64_t used = 0;
  CodeMemory memory{[&](uint64_t bytes) -> uint64_t {
                      bytes = (bytes + kPage - 1) & ~(kPage - 1);
                      if (bytes > kMostMemory - used)
                        return 0;
                      used += bytes;
                      void *p = aligned_alloc(kPage, bytes);
                      memset(p, 0, bytes);
                      uint64_t at = reinterpret_cast<uint64_t>(p);
                      map.add(at, at + bytes);
                      return at;
                    },
                    [&](uint64_t address) {
                      map.remove(address);
                      free(reinterpret_cast<void *>(address));
                    }};
  LoadError error;
  std::shared_ptr<CodeObject> object = CodeObject::load(image, model, memory, error);
  if ((object != nullptr) != (error.code == w2w::hip::hipSuccess) ||
      (!object && error.text.empty()))
    abort(); // neither loaded nor refused with a reason
  (void)msgpack::read(image);
  if (!object)
    return 0;
  constexpr size_t kMostKernels = 3;
  for (size_t i = 0; i < std::min(kMostKernels, object->kernels().size()); ++i)
    run_kernel(object, *object->kernels()[i], model, map);
  return 0;
}
