#include "runtime/emulator/device.h"

#include "runtime/emulator/check/blocks.h"
#include "runtime/emulator/check/report.h"
#include "runtime/emulator/config.h"
#include "runtime/emulator/dispatcher.h"
#include "runtime/emulator/log.h"

#include <algorithm>
#include <cstdlib>
#include <pthread.h>
#include <unistd.h>

namespace w2w::emu {

namespace {

/// What a device may hand out: its own memory, but no more than three quarters of the machine's.
uint64_t memory_of(const Model &model) {
  if (config().memory_bytes)
    return config().memory_bytes;
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  uint64_t host =
      pages > 0 && size > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(size) : 0;
  constexpr uint64_t kLeast = uint64_t{1} << 30;
  uint64_t share = std::max(kLeast, host / 4 * 3) & ~((uint64_t{1} << 21) - 1);
  return std::min(model.memory_bytes, share);
}

std::atomic<bool> g_forked{false};
std::atomic<bool> g_made{false};

} // namespace

Device::Device(int index, const Model &model, uint64_t memory_bytes)
    : index(index), model(model), memory_bytes(memory_bytes),
      memory(memory_bytes, memory_bytes * 2),
      null_stream(std::make_shared<Stream>(index, hip::kStreamDefault, 0)) {}

uint64_t Device::allocate_internal(uint64_t bytes) {
  uint64_t address = memory.allocate(bytes, 4096);
  if (address)
    map.add(address, address + bytes);
  return address;
}

void Device::release_internal(uint64_t address) {
  map.remove(address);
  memory.release(address);
}

uint64_t Device::allocate_launch_block(uint64_t bytes) {
  if (bytes > kSlot)
    return allocate_internal(bytes);
  std::lock_guard lock(pool_mutex_);
  if (pool_.empty()) {
    uint64_t block = allocate_internal(kSlot * kSlots);
    if (!block)
      return 0;
    for (uint64_t i = kSlots; i-- > 0;)
      pool_.push_back(block + i * kSlot);
  }
  uint64_t slot = pool_.back();
  pool_.pop_back();
  return slot;
}

void Device::release_launch_block(uint64_t address, uint64_t bytes) {
  if (bytes > kSlot) {
    release_internal(address);
    return;
  }
  std::lock_guard lock(pool_mutex_);
  pool_.push_back(address);
}

thread_local int Platform::current_index = 0;

Platform::Platform() {
  std::vector<const Model *> wanted =
      devices_from_environment(getenv("W2W_DEVICE"), configuration_error);
  if (configuration_error.empty())
    configuration_error = observer_problem();
  if (!configuration_error.empty()) {
    log_error("{}", configuration_error);
    wanted.clear();
  }
  host = std::make_unique<Arena>(uint64_t{1} << 40, uint64_t{256} << 30);
  for (const Model *model : wanted) {
    devices.push_back(
        std::make_unique<Device>(static_cast<int>(devices.size()), *model, memory_of(*model)));
    log(LogLevel::Info, "device {}: {} ({}), {} MiB", devices.size() - 1, model->name, model->gfx,
        devices.back()->memory.capacity() >> 20);
  }
  pthread_atfork(nullptr, nullptr, [] { g_forked = true; });
  // Registered after LLVM's static objects are made, so it runs before they are destroyed.
  atexit([] {
    if (g_forked)
      return;
    g_process_ends = true;
    Dispatcher::instance().shut_down();
    check::summary();
  });
  g_made = true;
}

Platform *Platform::get() {
  if (g_forked && g_made)
    return nullptr;
  static Platform *platform = new Platform();
  return platform;
}

Device *Platform::current() {
  return device(current_index);
}

// Handles

hip::hipStream_t Platform::add(std::shared_ptr<Stream> stream) {
  std::unique_lock lock(handle_mutex_);
  auto *handle = stream.get();
  streams_[handle] = std::move(stream);
  return reinterpret_cast<hip::hipStream_t>(handle);
}

std::shared_ptr<Stream> Platform::stream(hip::hipStream_t handle) {
  Device *device = current();
  if (handle == hip::kStreamNull || handle == hip::kStreamLegacy)
    return device ? device->null_stream : nullptr;
  if (handle == hip::kStreamPerThread) {
    if (!device)
      return nullptr;
    struct PerThread {
      std::vector<std::shared_ptr<Stream>> streams;
      ~PerThread() {
        for (const auto &stream : streams) {
          if (!stream)
            continue;
          stream->close();
          if (Platform *platform = Platform::get()) {
            Device *owner = platform->device(stream->device);
            std::lock_guard lock(owner->order);
            owner->streams.erase(stream);
          }
        }
      }
    };
    static thread_local PerThread mine;
    mine.streams.resize(devices.size());
    auto &stream = mine.streams[static_cast<size_t>(device->index)];
    if (!stream) {
      stream = std::make_shared<Stream>(device->index, hip::kStreamDefault, 0);
      std::lock_guard lock(device->order);
      device->streams.insert(stream);
    }
    return stream;
  }
  std::shared_lock lock(handle_mutex_);
  auto it = streams_.find(handle);
  return it == streams_.end() ? nullptr : it->second;
}

bool Platform::remove(hip::hipStream_t handle) {
  std::unique_lock lock(handle_mutex_);
  return streams_.erase(handle) != 0;
}

hip::hipEvent_t Platform::add(std::shared_ptr<Event> event) {
  std::unique_lock lock(handle_mutex_);
  auto *handle = event.get();
  events_[handle] = std::move(event);
  return reinterpret_cast<hip::hipEvent_t>(handle);
}

std::shared_ptr<Event> Platform::event(hip::hipEvent_t handle) {
  std::shared_lock lock(handle_mutex_);
  auto it = events_.find(handle);
  return it == events_.end() ? nullptr : it->second;
}

bool Platform::remove(hip::hipEvent_t handle) {
  std::unique_lock lock(handle_mutex_);
  return events_.erase(handle) != 0;
}

hip::hipModule_t Platform::add(std::shared_ptr<Module> module) {
  std::unique_lock lock(handle_mutex_);
  auto *handle = module.get();
  modules_[handle] = std::move(module);
  return reinterpret_cast<hip::hipModule_t>(handle);
}

std::shared_ptr<Module> Platform::module(hip::hipModule_t handle) {
  std::shared_lock lock(handle_mutex_);
  auto it = modules_.find(handle);
  return it == modules_.end() ? nullptr : it->second;
}

bool Platform::remove(hip::hipModule_t handle) {
  std::unique_lock lock(handle_mutex_);
  auto it = modules_.find(handle);
  if (it == modules_.end())
    return false;
  for (const auto &[kernel, function] : it->second->functions)
    functions_.erase(function.get());
  modules_.erase(it);
  return true;
}

void Platform::add_function(const Function *function) {
  std::unique_lock lock(handle_mutex_);
  functions_.insert(function);
}

std::pair<Function *, std::shared_ptr<Module>> Platform::function(const void *handle) {
  std::shared_lock lock(handle_mutex_);
  if (!functions_.contains(handle))
    return {};
  auto *function = static_cast<Function *>(const_cast<void *>(handle));
  auto module = modules_.find(function->module);
  return {function, module == modules_.end() ? nullptr : module->second};
}

// Order of operations

namespace {

/// Under device.order: what an operation appended to the stream now must wait for, besides its own
/// stream.
std::vector<Ticket> legacy_waits(Device &device, Stream &stream) {
  std::vector<Ticket> waits;
  if (&stream == device.null_stream.get()) {
    for (const auto &other : device.streams)
      if (other->blocking() && !other->idle())
        waits.push_back(other->last());
  } else if (stream.blocking() && !device.null_stream->idle()) {
    waits.push_back(device.null_stream->last());
  }
  return waits;
}

} // namespace

Ticket push(Device &device, Stream &stream, std::function<void()> operation,
            std::vector<Ticket> waits) {
  std::lock_guard lock(device.order);
  for (Ticket &wait : legacy_waits(device, stream))
    waits.push_back(std::move(wait));
  return stream.push(std::move(operation), std::move(waits));
}

void wait_for_turn(Device &device, Stream &stream) {
  std::vector<Ticket> waits;
  {
    std::lock_guard lock(device.order);
    waits = legacy_waits(device, stream);
    waits.push_back(stream.last());
  }
  for (const Ticket &wait : waits)
    wait.wait();
}

void synchronize(Device &device) {
  std::vector<Ticket> waits;
  {
    std::lock_guard lock(device.order);
    waits.push_back(device.null_stream->last());
    for (const auto &stream : device.streams)
      waits.push_back(stream->last());
  }
  for (const Ticket &wait : waits)
    wait.wait();
}

void forget_closed_streams(Device &device) {
  std::lock_guard lock(device.order);
  std::erase_if(device.streams, [](const auto &stream) { return stream->closed_and_idle(); });
}

hipError_t launch(Device &device, std::shared_ptr<Stream> stream, std::shared_ptr<Module> module,
                  const Kernel &kernel, const Dim &grid, const Dim &block, uint32_t dynamic_lds,
                  const uint8_t *explicit_args, bool cooperative) {
  const Model &model = device.model;
  if (LoadError refused = check_launch(kernel, model, grid, block, dynamic_lds);
      refused.code != hip::hipSuccess) {
    log_error("{}", refused.text);
    return refused.code;
  }
  LaunchPlan plan;
  plan.object = module->object;
  plan.kernel = &kernel;
  plan.model = &model;
  plan.memory = &device.map;
  plan.local = &device.memory;
  plan.grid = grid;
  plan.block = block;
  plan.lds_bytes = kernel.static_lds + dynamic_lds;
  // Frames of a recursion have what the kernel's own leaves of the limit (ROCm's clr,
  // rocvirtual.cpp).
  const size_t stack = kernel.dynamic_stack ? device.stack_limit : 0;
  plan.scratch_per_lane =
      static_cast<uint32_t>((std::max<size_t>(kernel.scratch_per_lane, stack) + 15) & ~size_t{15});
  plan.dispatch_id = device.dispatches.fetch_add(1);
  plan.resident_limit =
      groups_per_multiprocessor(model, needs_of(kernel, plan.threads(), dynamic_lds)) *
      model.multiprocessors;
  plan.cooperative = cooperative;
  if (cooperative && plan.groups() > plan.resident_limit) {
    log_error("launch of '{}' refused: cooperative with {} workgroups, but {} of them fit the "
              "device at once",
              kernel.name, plan.groups(), plan.resident_limit);
    return hip::hipErrorCooperativeLaunchTooLarge;
  }
  uint64_t bytes = launch_block_bytes(kernel);
  uint64_t memory = device.allocate_launch_block(bytes);
  if (!memory)
    return hip::hipErrorOutOfMemory;
  fill_launch_block(plan, memory, explicit_args, dynamic_lds);
  check::allocated(memory, bytes, check::BlockKind::Launch);
  plan.observer = observe(plan);
  push(device, *stream, [plan = std::move(plan), memory, bytes, &device] {
    if (device.sticky() == hip::hipSuccess) {
      LaunchFailure failure = Dispatcher::instance().run(plan);
      if (failure.code != hip::hipSuccess) {
        if (!failure.text.empty())
          log_error("{}", failure.text);
        device.fail(failure.code);
      }
    }
    check::left(memory);
    device.release_launch_block(memory, bytes);
  });
  return hip::hipSuccess;
}

} // namespace w2w::emu
