// The emulated devices of the process, and what the hip* functions work on: memory, modules,
// streams, events.
#pragma once

#include "runtime/emulator/arena.h"
#include "runtime/emulator/code_object.h"
#include "runtime/emulator/launch.h"
#include "runtime/emulator/memory_map.h"
#include "runtime/emulator/model.h"
#include "runtime/emulator/stream.h"
#include "runtime/hip/hip_abi.h"

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace w2w::emu {

using hip::hipError_t;

enum class MemoryKind : uint8_t { Device, Pinned, Managed, Registered };

/// A block of memory that a program asked for (code objects and launch blocks are none).
struct Allocation {
  uint64_t address = 0;
  uint64_t bytes = 0; // as asked for
  MemoryKind kind = MemoryKind::Device;
  int device = 0;
  unsigned flags = 0;
};

class Device {
public:
  Device(int index, const Model &model, uint64_t memory_bytes);

  const int index;
  const Model &model;
  const uint64_t memory_bytes;
  Arena memory;
  MemoryMap map;
  std::shared_ptr<Stream> null_stream;

  /// Memory for code objects and launches: allocated and entered in the map.
  uint64_t allocate_internal(uint64_t bytes);
  void release_internal(uint64_t address);
  /// A launch block; small ones come from a pool that stays in the map.
  uint64_t allocate_launch_block(uint64_t bytes);
  void release_launch_block(uint64_t address, uint64_t bytes);

  /// The first failure of a launch: every later call reports it until hipDeviceReset.
  hipError_t sticky() const {
    return static_cast<hipError_t>(sticky_.load(std::memory_order_acquire));
  }
  void fail(hipError_t error) {
    uint32_t none = hip::hipSuccess;
    sticky_.compare_exchange_strong(none, error);
  }
  void clear_failure() { sticky_ = hip::hipSuccess; }

  /// Held while an operation is appended to a stream, so that the order of streams among each other
  /// is well defined.
  std::mutex order;
  std::set<std::shared_ptr<Stream>> streams; // under `order`; without null_stream
  std::set<int> peers; // under Platform::memory_mutex: devices whose memory this one may access
  size_t stack_limit = 1024, printf_limit = 1 << 20, heap_limit = 8 << 20;
  std::atomic<uint64_t> dispatches{0};

private:
  static constexpr uint64_t kSlot = 8192;
  static constexpr uint64_t kSlots = 128;
  std::mutex pool_mutex_;
  std::vector<uint64_t> pool_;
  std::atomic<uint32_t> sticky_{hip::hipSuccess};
};

struct Module;

/// hipFunction_t
struct Function {
  Module *module = nullptr;
  const Kernel *kernel = nullptr;
  int max_dynamic_lds = 0; // as set; informative
};

/// hipModule_t
struct Module {
  int device = 0;
  std::shared_ptr<CodeObject> object;
  std::mutex mutex;
  std::unordered_map<const Kernel *, std::unique_ptr<Function>> functions;
};

/// Everything there is; made at the first call, never destroyed.
class Platform {
public:
  /// Null in a process forked from one that had used the device: threads and memory are not there.
  static Platform *get();

  std::vector<std::unique_ptr<Device>> devices;
  std::string configuration_error; // why there are no devices
  std::unique_ptr<Arena> host;     // pinned and managed memory

  Device *device(int index) {
    return index >= 0 && static_cast<size_t>(index) < devices.size()
               ? devices[static_cast<size_t>(index)].get()
               : nullptr;
  }
  /// The calling thread's.
  Device *current();
  static thread_local int current_index;

  // Memory (memory.cpp)
  hipError_t allocate(MemoryKind kind, Device &device, uint64_t bytes, unsigned flags, void **out);
  hipError_t free(uint64_t address, MemoryKind kind);
  /// The same without waiting for the devices: the caller is an operation in a stream
  /// (hipFreeAsync).
  hipError_t free_in_order(uint64_t address);
  hipError_t register_host(uint64_t address, uint64_t bytes, unsigned flags, Device &device);
  hipError_t unregister_host(uint64_t address);
  std::optional<Allocation> find(uint64_t address);
  /// Whether all of [address, address + bytes) lies in one allocation or code object of any device.
  bool device_can_reach(uint64_t address, uint64_t bytes);
  hipError_t enable_peer(Device &device, Device &peer);
  hipError_t disable_peer(Device &device, Device &peer);
  /// All of them (hipDeviceReset).
  void disable_peers(Device &device);
  /// Bytes of the arena that are freed, but kept by the memory check.
  uint64_t quarantined(const Arena &arena);
  /// Frees all the program's memory on a device (hipDeviceReset).
  void free_all(Device &device);

  // Handles: a handle is a pointer that is in its registry.
  hip::hipStream_t add(std::shared_ptr<Stream> stream);
  std::shared_ptr<Stream>
  stream(hip::hipStream_t handle); // null handle: the current device's null stream
  bool remove(hip::hipStream_t handle);
  hip::hipEvent_t add(std::shared_ptr<Event> event);
  std::shared_ptr<Event> event(hip::hipEvent_t handle);
  bool remove(hip::hipEvent_t handle);
  hip::hipModule_t add(std::shared_ptr<Module> module);
  std::shared_ptr<Module> module(hip::hipModule_t handle);
  bool remove(hip::hipModule_t handle);
  void add_function(const Function *function);
  void remove_function(const Function *function);
  /// The function and, to keep it alive, its module.
  std::pair<Function *, std::shared_ptr<Module>> function(const void *handle);

private:
  Platform();
  void enter(const Allocation &a);
  void leave(const Allocation &a);
  // Under memory_mutex_: gives the memory back, later if a check wants to see uses of it.
  void release(const Allocation &a);
  void release_oldest();

  std::mutex memory_mutex_;
  std::map<uint64_t, Allocation> allocations_;
  struct Quarantined {
    Arena *arena;
    uint64_t address, bytes;
  };
  std::deque<Quarantined> quarantine_; // oldest first
  uint64_t quarantined_ = 0;           // bytes
  std::shared_mutex handle_mutex_;
  std::unordered_map<const void *, std::shared_ptr<Stream>> streams_;
  std::unordered_map<const void *, std::shared_ptr<Event>> events_;
  std::unordered_map<const void *, std::shared_ptr<Module>> modules_;
  std::unordered_set<const void *> functions_;
};

/// Appends to a stream with the legacy stream's rules: what the null stream runs waits for all
/// blocking streams of the device, and they for it.
Ticket push(Device &device, Stream &stream, std::function<void()> operation,
            std::vector<Ticket> waits = {});
/// Waits until everything that an operation appended now would wait for is complete.
void wait_for_turn(Device &device, Stream &stream);
void synchronize(Device &device);
/// Streams destroyed by the program stay with the device until their work is done.
void forget_closed_streams(Device &device);

/// Checks, plans and appends a launch. `explicit_args` as for fill_launch_block.
hipError_t launch(Device &device, std::shared_ptr<Stream> stream, std::shared_ptr<Module> module,
                  const Kernel &kernel, const Dim &grid, const Dim &block, uint32_t dynamic_lds,
                  const uint8_t *explicit_args, bool cooperative);

} // namespace w2w::emu
