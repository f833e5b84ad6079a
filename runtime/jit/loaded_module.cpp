#include "runtime/jit/loaded_module.h"

#include "lowering/abi/launch_block.h"
#include "runtime/support/log.h"

#include <algorithm>

namespace w2w::jit {
namespace {

Failure device_failure(std::string_view function, hip::hipError_t error) {
  Failure failure{error == hip::hipErrorOutOfMemory ? FailureKind::OutOfMemory
                                                    : FailureKind::Device,
                  hip::describe(hip::api(), function, error)};
  failure.hip_error = static_cast<unsigned>(error);
  return failure;
}

} // namespace

std::vector<uint8_t> place_arena(const abi::ModuleSummary &summary, uint64_t base,
                                 uint64_t managed) {
  std::vector<uint8_t> image = summary.arena_image;
  auto need = [&](uint64_t end) {
    if (end > image.size())
      image.resize(std::min(end, summary.arena_size));
  };
  for (const abi::ArenaRelocation &relocation : summary.relocations) {
    uint64_t offset = relocation.offset;
    if (relocation.width > 8 || relocation.width > summary.arena_size ||
        offset > summary.arena_size - relocation.width)
      continue; // cannot come from our compiler; the summary's reader has checked it
    need(offset + relocation.width);
    const uint64_t target = relocation.managed
                                ? managed + (relocation.addend - summary.managed_begin)
                                : base + relocation.addend;
    const uint64_t value = target >> (relocation.shift & 63);
    for (unsigned i = 0; i < relocation.width; ++i)
      image[offset + i] = static_cast<uint8_t>(value >> (8 * i));
  }
  return image;
}

LoadedModule::LoadedModule(std::shared_ptr<Program> program, const TargetOptions &target)
    : program_(std::move(program)), target_(target), slots_(program_->summary().kernels.size()) {}

Outcome<std::shared_ptr<LoadedModule>> LoadedModule::create(std::shared_ptr<Program> program,
                                                            const TargetOptions &target) {
  const hip::Api &api = hip::api();
  std::shared_ptr<LoadedModule> module(new LoadedModule(std::move(program), target));
  const abi::ModuleSummary &summary = module->program_->summary();
  if (summary.arena_size == 0)
    return module;
  const uint64_t begin = module->arena_size(), managed = module->managed_arena_size();
  hip::hipError_t error = hip::hipSuccess;
  if (begin > 0)
    error = api.hipMalloc(&module->arena_, begin);
  if (error == hip::hipSuccess && managed > 0)
    error = api.hipMallocManaged(&module->managed_, managed, hip::kMemAttachGlobal);
  if (error != hip::hipSuccess)
    return device_failure("allocating module variables", error);
  std::vector<uint8_t> image = place_arena(summary, module->arena(), module->managed_arena());
  auto fill = [&](void *memory, uint64_t from, uint64_t size) {
    if (error != hip::hipSuccess || size == 0)
      return;
    const uint64_t given = std::min(size, image.size() - std::min<uint64_t>(from, image.size()));
    if (given < size)
      error = api.hipMemset(memory, 0, size);
    if (error == hip::hipSuccess && given > 0)
      error = api.hipMemcpy(memory, image.data() + from, given, hip::hipMemcpyHostToDevice);
  };
  fill(module->arena_, 0, begin);
  fill(module->managed_, begin, managed);
  if (error == hip::hipSuccess)
    error = api.hipDeviceSynchronize(); // hipMemset may be asynchronous
  if (error != hip::hipSuccess)
    return device_failure("initialising module variables", error);
  return module;
}

uint64_t LoadedModule::arena_size() const {
  const abi::ModuleSummary &summary = program_->summary();
  return std::min(summary.managed_begin, summary.arena_size);
}

uint64_t LoadedModule::managed_arena_size() const {
  return program_->summary().arena_size - arena_size();
}

LoadedModule::~LoadedModule() {
  const hip::Api &api = hip::api();
  for (const Slot &slot : slots_)
    for (const LoadedVersion *v = slot.first; v; v = v->next.get())
      (void)api.hipModuleUnload(v->kernel.module);
  for (void *memory : {arena_, managed_})
    if (memory)
      (void)api.hipFree(memory);
}

bool LoadedModule::is_loaded(uint32_t index) const {
  return slots_[index].first != nullptr;
}

KernelVersion KernelVersion::for_block(const unsigned (&size)[3]) {
  return {.warps_are_rows = size[0] % 32 == 0 || (size[1] == 1 && size[2] == 1),
          .small_blocks = uint64_t{size[0]} * size[1] * size[2] <= abi::kMostSoloThreads,
          .shared_in_memory = false,
          .device_memory = true,
          .stack_bytes = abi::kDefaultStack};
}

/// Whether the code holds for the version, and could not gain by what that lets it assume.
bool LoadedModule::LoadedVersion::serves(KernelVersion version) const {
  const CompiledKernel &code = *kernel.code;
  return made_for == version ||
         (made_for.shared_in_memory == version.shared_in_memory &&
          (version.warps_are_rows ? made_for.warps_are_rows : !code.assumes_rows) &&
          (version.small_blocks ? !code.solo_serves : !code.solo) &&
          (version.device_memory ? made_for.device_memory : code.device_parameters.empty()) &&
          (made_for.stack_bytes == version.stack_bytes || code.stack_bytes == 0));
}

const LoadedModule::LoadedVersion *LoadedModule::find(const Slot &slot, KernelVersion version) {
  const LoadedVersion *v = slot.first.load(std::memory_order_acquire);
  while (v && !v->serves(version))
    v = v->next.get();
  return v;
}

Outcome<const LoadedKernel *> LoadedModule::kernel(uint32_t index, KernelVersion version) {
  Slot &slot = slots_[index];
  if (const LoadedVersion *found = find(slot, version))
    return &found->kernel;
  std::lock_guard lock(slot.mutex);
  if (const LoadedVersion *found = find(slot, version))
    return &found->kernel;
  TargetOptions target = target_;
  target.warps_are_rows = version.warps_are_rows;
  target.small_blocks = version.small_blocks;
  target.shared_in_memory = version.shared_in_memory;
  target.device_memory = version.device_memory;
  target.stack_bytes = version.stack_bytes;
  Outcome<SharedKernel> code = program_->compile(index, target);
  if (!code)
    return code.failure();
  const hip::Api &api = hip::api();
  const std::string &name = program_->summary().kernels[index].name;
  hip::hipModule_t module = nullptr;
  hip::hipFunction_t function = nullptr;
  hip::hipError_t error = api.hipModuleLoadData(&module, (*code)->code.data());
  if (error == hip::hipSuccess) {
    error = api.hipModuleGetFunction(&function, module, name.c_str());
    if (error != hip::hipSuccess)
      (void)api.hipModuleUnload(module);
  }
  if (error != hip::hipSuccess) {
    Failure failure = device_failure("loading the code object", error);
    log_error("kernel {} cannot be used: {}", name, failure.message);
    return failure;
  }
  if (version.shared_in_memory)
    log_warn(
        "kernel {}: its shared memory exceeds the device's LDS and lies in global memory, which "
        "is slow",
        name);
  if ((*code)->stack_bytes != 0 && (*code)->stack_bytes < version.stack_bytes)
    log_warn("kernel {}: the scratch memory of {} leaves {} bytes for a thread's stack, less than "
             "CU_LIMIT_STACK_SIZE asks for",
             name, target_.mcpu, (*code)->stack_bytes);
  slot.versions = std::make_unique<const LoadedVersion>(
      version, LoadedKernel{module, function, *code}, std::move(slot.versions));
  slot.first.store(slot.versions.get(), std::memory_order_release);
  return &slot.versions->kernel;
}

Outcome<LoadedModule::Variable> LoadedModule::variable(std::string_view name) const {
  const abi::VariableSummary *found = program_->find_variable(name);
  if (!found || found->is_extern)
    return Failure{FailureKind::NotFound,
                   fmt::format("no variable {} in {}", name, program_->image().name)};
  const uint64_t address =
      found->is_managed ? managed_arena() + (found->offset - program_->summary().managed_begin)
                        : arena() + found->offset;
  return Variable{address, found->size, found->is_managed};
}

} // namespace w2w::jit
