// The driver's objects: devices, contexts, streams, events, modules, functions, allocations, and
// the tables that tell a live handle from a stale or foreign one. One process-wide Driver, never
// destroyed.
#pragma once

#include "lowering/abi/launch_block.h"
#include "lowering/abi/printf_fifo.h"
#include "lowering/abi/status_word.h"
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "runtime/hip/loader.h"
#include "runtime/jit/loaded_module.h"
#include "runtime/support/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace w2w::cuda {

struct Array;
struct Capture;
struct Context;
struct Device;
struct Graph;
class GraphExec;
struct GraphNode;
struct MipmappedArray;
class ModuleTextures;
struct TextureReference;
struct UserObject;

/// Live objects of one type. A CUDA handle is the object's address.
template <class T> class HandleTable {
public:
  void add(T *object) {
    std::unique_lock lock(mutex_);
    live_.insert(object);
  }
  void remove(T *object) {
    std::unique_lock lock(mutex_);
    live_.erase(object);
  }
  /// Null if the handle is not one of ours.
  template <class Handle> T *find(Handle handle) const {
    auto *object = reinterpret_cast<T *>(handle);
    std::shared_lock lock(mutex_);
    return live_.count(object) ? object : nullptr;
  }
  std::vector<T *> all() const {
    std::shared_lock lock(mutex_);
    return {live_.begin(), live_.end()};
  }

private:
  mutable std::shared_mutex mutex_;
  std::unordered_set<T *> live_;
};

/// Memory in which launch blocks lie until their launches have run: pinned, used round and round. A
/// half is reused when the event recorded after its last launch has happened.
class LaunchRing {
public:
  /// Room for one block: host address and device address. Blocks the caller while all of the ring
  /// is in use.
  CUresult next(hip::hipStream_t stream, abi::LaunchBlock *&host, uint64_t &device);
  void destroy();

private:
  static constexpr uint32_t kSlots = 512, kHalf = kSlots / 2, kSlotBytes = 192;
  uint8_t *host_ = nullptr;
  uint64_t device_ = 0;
  uint32_t at_ = 0;
  bool used_ = false; // whether any slot was handed out yet
  std::array<hip::hipEvent_t, 2> events_{};
  std::array<bool, 2> recorded_{};
};

struct Stream {
  Context *context = nullptr;
  hip::hipStream_t hip = nullptr; // null: HIP's (legacy) default stream
  unsigned flags = 0;
  int priority = 0;
  uint64_t id = 0;
  bool implicit = false; // legacy or per-thread default: cannot be destroyed by the program
  std::mutex mutex;      // orders launches: ring slot, then launch
  LaunchRing ring;
  hip::hipDeviceptr_t grid_workspace = nullptr; // of cooperative launches: one runs at a time
  hip::hipDeviceptr_t shared_slab = nullptr;    // of launches whose shared memory is not in LDS
  uint64_t shared_slab_bytes = 0;
  std::shared_ptr<Capture> capture; // that takes its work (capture.h)

  /// Memory for grid barriers, zeroed by the stream before what is launched next.
  CUresult prepare_grid_workspace();
  /// At least so many bytes at shared_slab, for what is launched next; waits for the stream if it
  /// must grow.
  CUresult prepare_shared_slab(uint64_t bytes);
  /// Frees what launches used; none may run.
  void destroy_launch_memory();
};

struct Event {
  Context *context = nullptr;
  hip::hipEvent_t hip = nullptr;
  unsigned flags = 0;
  std::atomic<bool> recorded = false;
  std::atomic<bool> captured = false; // recorded last in a capture: in which, is with
  std::shared_ptr<Capture> capture;   // the captures' mutex (capture.h)
};

struct ModuleObject;

/// A kernel of a module: behind CUfunction and CUkernel alike.
struct Function {
  ModuleObject *module = nullptr;
  uint32_t index = 0;
  const char *name = nullptr;              // interned, outlives everything
  std::atomic<int> max_dynamic_shared = 0; // opted in; 0: up to 48 KiB with the static part
  std::atomic<int> carveout = -1;
  std::atomic<int> cache_config = 0;
};

/// A loaded image: behind CUmodule (bound to the context that loaded it) and CUlibrary (an instance
/// per context, made on first use).
struct ModuleObject {
  std::shared_ptr<jit::Program> program;
  Context *bound = nullptr; // modules only
  uint32_t opt_level = 3;
  bool uses_heap = false;                           // declares malloc or free
  std::vector<std::unique_ptr<Function>> functions; // as in the summary
  std::mutex mutex;
  std::map<Context *, std::shared_ptr<jit::LoadedModule>> instances;
  std::map<Context *, std::shared_ptr<ModuleTextures>> textures;
  std::atomic<bool> has_textures = false; // whether the host has asked for any

  /// The instance for a context; creates it if need be.
  jit::Outcome<std::shared_ptr<jit::LoadedModule>> instance(Context &context);
  /// Its texture and surface references in a context.
  ModuleTextures &textures_in(Context &context);
};

enum class MemoryKind : uint8_t { Device, Host, Managed, Registered };

struct Allocation {
  uint64_t base = 0, size = 0;
  MemoryKind kind = MemoryKind::Device;
  Context *context = nullptr;
  unsigned flags = 0;
  uint64_t id = 0;             // CU_POINTER_ATTRIBUTE_BUFFER_ID
  uint64_t device_address = 0; // for host memory: how kernels see it
  CUmemoryPool pool = nullptr;
  bool variables = false; // a module's: the program has not allocated them and can't free them
};

/// Every allocation of the process by address, the memory of the modules' variables among them.
class AllocationMap {
public:
  void add(Allocation allocation);
  /// What contains the address.
  std::optional<Allocation> find(uint64_t address) const;
  /// Whether the address lies in device memory that was allocated on this device, or in that of
  /// variables there: not in memory of the host, managed memory, another device's, or memory that
  /// is not in these books. An address at which memory of another kind ends may be meant as its
  /// end: the answer is no.
  bool is_own(uint64_t address, const Device &device) const;
  /// Removes the allocation that starts there; variables stay.
  std::optional<Allocation> take(uint64_t base);
  /// Removes the context's allocations; its modules' variables stay.
  std::vector<Allocation> take_all_of(const Context *context);
  /// Removes the variables that start there.
  void forget_variables(uint64_t base);

private:
  using ByBase = std::map<uint64_t, Allocation>;
  ByBase::const_iterator holder_of(uint64_t address) const;
  mutable std::shared_mutex mutex_;
  ByBase by_base_;
  uint64_t next_id_ = 1;
};

struct MemoryPool {
  Device *device = nullptr;
  bool is_default = false;
  std::atomic<uint64_t> release_threshold = 0;
  std::array<std::atomic<int>, 3> reuse{1, 1, 1};
  std::atomic<uint64_t> used = 0, used_high = 0;
};

/// The limits that cuCtxSetLimit knows, and CUDA's values of them to begin with.
inline constexpr size_t kLimits = CU_LIMIT_PERSISTING_L2_CACHE_SIZE + 1;
inline constexpr size_t kDefaultLimits[] = {1024, 1 << 20, 8 << 20, 2, 2048, 64, 0};
static_assert(std::size(kDefaultLimits) == kLimits);

struct Context {
  Context() { reset_limits(); }
  Device *device = nullptr;
  bool primary = false;
  bool alive = true; // primary contexts: false between the last release and the next retain
  std::atomic<unsigned> flags = 0;
  unsigned api_version = 3020;
  uint64_t id = 0;
  std::atomic<int> references = 0;         // primary: retains; others: cuCtxAttach
  std::atomic<int> sticky = 0;             // CUresult that every call returns from now on
  std::atomic<bool> device_failed = false; // ... because HIP said so, which holds for the device
  Stream legacy;                           // NULL and CU_STREAM_LEGACY
  CUfunc_cache cache_config = CU_FUNC_CACHE_PREFER_NONE;
  CUsharedconfig shared_config = CU_SHARED_MEM_CONFIG_DEFAULT_BANK_SIZE;

  std::array<std::atomic<size_t>, kLimits> limits; // by CUlimit
  size_t limit(CUlimit which) const { return limits[which].load(std::memory_order_relaxed); }
  void reset_limits() {
    std::copy(std::begin(kDefaultLimits), std::end(kDefaultLimits), limits.begin());
  }

  std::mutex mutex;                 // what follows
  std::vector<Stream *> per_thread; // of all threads that used one
  std::vector<Stream *> idle_lanes; // streams of executable graphs that are gone
  struct DeferredFree {
    uint64_t base;
    hip::hipEvent_t event;
  };
  std::vector<DeferredFree> deferred;

  // Shared with kernels: pinned memory, allocated before the first launch.
  std::mutex shared_mutex; // while it is allocated or freed
  std::atomic<bool> shared_ready = false;
  abi::Status *status = nullptr;
  uint64_t status_device = 0;
  abi::PrintfFifo *fifo = nullptr;
  uint64_t fifo_device = 0;
  void *atomic_locks = nullptr; // device memory (abi::LaunchBlock)
  void *heap = nullptr; // device memory (lowering/abi/device_heap.h), from the first launch of a
                        // module that calls malloc
  std::mutex drain_mutex;

  // The latest launches, so that a status word's grid id finds its kernel's name.
  static constexpr size_t kRecent = 4096;
  struct Recent {
    std::atomic<uint64_t> grid_id = 0;
    std::atomic<const char *> name = nullptr;
  };
  std::array<Recent, kRecent> recent;
  std::atomic<uint64_t> next_grid_id = 1;
};

struct Device {
  int ordinal = 0;    // CUDA's
  int hip_device = 0; // HIP's (CUDA_VISIBLE_DEVICES)
  hip::hipDeviceProp_tR0600 properties{};
  std::string processor; // gfx942
  CUuuid uuid{};
  jit::TargetOptions target;
  Context *primary =
      nullptr; // made by the first retain, then kept for ever: handles survive resets
  MemoryPool default_pool;
  std::atomic<MemoryPool *> current_pool = nullptr;
};

struct Driver {
  std::vector<std::unique_ptr<Device>> devices;
  unsigned cc = 89; // compute capability * 10
  HandleTable<Context> contexts;
  HandleTable<Stream> streams;
  HandleTable<Event> events;
  HandleTable<ModuleObject> modules;
  HandleTable<Function> functions;
  HandleTable<MemoryPool> pools;
  HandleTable<Array> arrays; // levels of mipmapped arrays too
  HandleTable<MipmappedArray> mipmapped_arrays;
  HandleTable<TextureReference> texture_references; // surface references too
  HandleTable<Graph> graphs;                        // child graphs too
  HandleTable<GraphNode> graph_nodes;
  HandleTable<GraphExec> graph_execs;
  HandleTable<UserObject> user_objects;
  AllocationMap allocations;
  std::mutex mutex; // context creation and destruction
};

Driver &driver();

// ---- entering an API function ----------------------------------------------------------------

/// cuInit's work; repeated calls return the first result.
CUresult initialise();
bool initialised();

/// The first line of an API function that needs cuInit.
#define W2W_ENTER(name)                                                                            \
  do {                                                                                             \
    if (::w2w::log_enabled(::w2w::LogLevel::Trace))                                                \
      ::w2w::log_text(::w2w::LogLevel::Trace, #name);                                              \
    if (!::w2w::cuda::initialised())                                                               \
      return CUDA_ERROR_NOT_INITIALIZED;                                                           \
  } while (0)

/// The calling thread's context, alive and without a sticky error, its device current in HIP.
/// Declares `context`.
#define W2W_ENTER_CONTEXT(name)                                                                    \
  W2W_ENTER(name);                                                                                 \
  ::w2w::cuda::Context *context = nullptr;                                                         \
  if (CUresult entered = ::w2w::cuda::enter_context(context))                                      \
  return entered

CUresult enter_context(Context *&context);
/// The same for a given context.
CUresult use_context(Context &context);
/// Makes the device current in HIP for this thread.
void activate(const Device &device);
/// Null if the thread has none.
Context *current_context();
std::vector<Context *> &context_stack();

Device *find_device(CUdevice device);
/// Creates the primary context if there is none yet (without retaining it).
Context *primary_context(Device &device);
/// Frees what a context owns: modules, streams, memory. The object itself stays for primary
/// contexts.
void clear_context(Context &context);

/// Maps NULL, CU_STREAM_LEGACY, CU_STREAM_PER_THREAD and handles. `per_thread`: what NULL means.
/// Null: not a stream.
Stream *find_stream(CUstream handle, Context &context, bool per_thread);
/// The same in the calling thread's context, which is entered. INVALID_HANDLE: not a stream.
CUresult find_stream(CUstream handle, bool per_thread, Context *&context, Stream *&stream);

// Defines NAME and NAME_ptsz: `call` sees `per_thread`.
#define W2W_TWIN(name, parameters, call)                                                           \
  CUresult name parameters {                                                                       \
    const bool per_thread = false;                                                                 \
    W2W_ENTER(name);                                                                               \
    call;                                                                                          \
  }                                                                                                \
  CUresult name##_ptsz parameters {                                                                \
    const bool per_thread = true;                                                                  \
    W2W_ENTER(name##_ptsz);                                                                        \
    call;                                                                                          \
  }

/// Null if the handle is no function or kernel of ours.
Function *find_function(void *handle);

// ---- results -----------------------------------------------------------------------------------

/// The CUDA error for a HIP error.
CUresult to_cuda(hip::hipError_t error);
/// The same, with errors that kill a context (illegal address, failed launch) made sticky.
CUresult to_cuda(hip::hipError_t error, Context &context);
CUresult to_cuda(const jit::Failure &failure);
/// What CUDA_ERROR_NOT_SUPPORTED functions return; the name is logged once.
CUresult not_supported(const char *name, const char *reason = nullptr);
/// Logs an error message and returns the code.
CUresult fail(CUresult result, std::string_view message);

const char *intern(std::string_view text);

// ---- after a wait ------------------------------------------------------------------------------

/// Called after a successful or failed wait for work of the context: prints what kernels printed,
/// frees deferred memory, turns the status word into the sticky error. Returns the result to give
/// the program.
CUresult after_wait(Context &context, hip::hipError_t error);
/// Prints the FIFO's records to standard output.
void drain_printf(Context &context);
void free_deferred(Context &context, bool wait);
/// Allocates the status block, the printf FIFO and the locks of 128-bit atomics, unless they are
/// there.
CUresult prepare_shared(Context &context);
/// Frees them; nothing of the context may run.
void free_shared(Context &context);

/// The context's heap for device-side malloc; allocates it unless it is there.
CUresult prepare_heap(Context &context, uint64_t &address);
/// Frees it; nothing of the context may run.
void free_heap(Context &context);

} // namespace w2w::cuda
