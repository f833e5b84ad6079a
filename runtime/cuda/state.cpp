#include "runtime/cuda/state.h"

#include "runtime/support/hash.h"
#include "runtime/support/options.h"

#include <charconv>
#include <cstring>
#include <set>

namespace w2w::cuda {
namespace {

std::once_flag init_once;
std::atomic<bool> init_done = false;
CUresult init_result = CUDA_ERROR_NOT_INITIALIZED;

thread_local int current_hip_device = -1;

unsigned reported_compute_capability() {
  std::optional<std::string> text = option("cc");
  if (!text)
    return 89;
  unsigned major = 0, minor = 0;
  const char *end = text->data() + text->size();
  auto first = std::from_chars(text->data(), end, major);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '.') {
    auto second = std::from_chars(first.ptr + 1, end, minor);
    if (second.ec == std::errc{} && second.ptr == end && major >= 5 && major <= 20 && minor <= 9)
      return major * 10 + minor;
  }
  log_error("W2W_CONFIG: cc={} is not a compute capability such as 9.0, using 8.9", *text);
  return 89;
}

/// A stable identity for a device without one: made of its name and place.
CUuuid make_uuid(const hip::Api &api, int device, const hip::hipDeviceProp_tR0600 &properties) {
  CUuuid uuid{};
  hip::hipUUID own{};
  if (api.hipDeviceGetUuid && api.hipDeviceGetUuid(&own, device) == hip::hipSuccess) {
    std::memcpy(uuid.bytes, own.bytes, sizeof uuid.bytes);
    for (char byte : uuid.bytes)
      if (byte)
        return uuid;
  }
  Hash128 hash = Hasher()
                     .field(properties.name)
                     .field(properties.gcnArchName)
                     .number(static_cast<uint64_t>(properties.pciBusID))
                     .number(static_cast<uint64_t>(device))
                     .finish();
  std::memcpy(uuid.bytes, &hash, sizeof uuid.bytes);
  return uuid;
}

std::string uuid_text(const CUuuid &uuid) {
  std::string text = "GPU-";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(uuid.bytes[i]));
  }
  return text;
}

/// CUDA_VISIBLE_DEVICES: indices or UUID prefixes; what follows the first invalid one is ignored,
/// as CUDA does.
std::vector<int> visible_devices(const std::vector<CUuuid> &uuids) {
  std::vector<int> order;
  const char *text = std::getenv("CUDA_VISIBLE_DEVICES");
  if (!text) {
    for (size_t i = 0; i < uuids.size(); ++i)
      order.push_back(static_cast<int>(i));
    return order;
  }
  std::set<int> seen;
  std::string_view rest = text;
  while (!rest.empty()) {
    size_t comma = rest.find(',');
    std::string_view item = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    while (!item.empty() && item.front() == ' ')
      item.remove_prefix(1);
    int index = -1;
    if (item.starts_with("GPU-")) {
      for (size_t i = 0; i < uuids.size(); ++i)
        if (uuid_text(uuids[i]).starts_with(item))
          index = static_cast<int>(i);
    } else {
      std::from_chars(item.data(), item.data() + item.size(), index);
    }
    if (index < 0 || index >= static_cast<int>(uuids.size()))
      break;
    if (!seen.insert(index).second)
      return {}; // a device named twice: CUDA shows none
    order.push_back(index);
  }
  return order;
}

jit::TargetOptions target_of(const hip::Api &api, const std::string &processor) {
  jit::TargetOptions target;
  target.mcpu = processor;
  target.opt_level = static_cast<uint32_t>(option_number("opt", 3, 0, 3));
  target.contract = option_set("contract");
  // Code object version 5 needs ROCm 5.7; older HIP knows 4.
  constexpr int kHip57 = 50700000;
  int version = api.emulator || api.runtime_version >= kHip57 ? 5 : 4;
  target.code_object_version =
      static_cast<uint32_t>(option_number("code-object-version", version, 4, 6));
  if (std::optional<std::string> mode = option("warp-mode")) {
    bool known = false;
    for (uint32_t i = 0; i < std::size(jit::kWarpModes); ++i)
      if (*mode == jit::kWarpModes[i]) {
        target.warp_mode = i;
        known = true;
      }
    if (!known)
      log_error("W2W_CONFIG: warp-mode={} is none of {}", *mode, fmt::join(jit::kWarpModes, ", "));
  }
  return target;
}

CUresult initialise_now() {
  const Result<const hip::Api *> &library = hip::library();
  if (!library)
    return fail(CUDA_ERROR_NO_DEVICE, library.error());
  const hip::Api &api = **library;
  hip::hipError_t error = api.hipInit(0);
  if (error != hip::hipSuccess)
    return fail(to_cuda(error), hip::describe(api, "hipInit", error));
  int count = 0;
  error = api.hipGetDeviceCount(&count);
  if (error != hip::hipSuccess)
    return fail(to_cuda(error), hip::describe(api, "hipGetDeviceCount", error));
  std::vector<hip::hipDeviceProp_tR0600> properties;
  std::vector<CUuuid> uuids;
  for (int i = 0; i < count; ++i) {
    Result<hip::hipDeviceProp_tR0600> p = hip::device_properties(api, i);
    if (!p)
      return fail(CUDA_ERROR_UNKNOWN, p.error());
    properties.push_back(*p);
    uuids.push_back(make_uuid(api, i, *p));
  }
  Driver &d = driver();
  d.cc = reported_compute_capability();
  for (int hip_device : visible_devices(uuids)) {
    auto device = std::make_unique<Device>();
    device->ordinal = static_cast<int>(d.devices.size());
    device->hip_device = hip_device;
    device->properties = properties[static_cast<size_t>(hip_device)];
    std::string_view arch = device->properties.gcnArchName;
    device->processor = std::string(arch.substr(0, arch.find(':')));
    device->uuid = uuids[static_cast<size_t>(hip_device)];
    device->target = target_of(api, device->processor);
    device->default_pool.device = device.get();
    device->default_pool.is_default = true;
    device->current_pool = &device->default_pool;
    d.pools.add(&device->default_pool);
    log_info("device {}: {} ({}), {} compute units, {} MiB", device->ordinal,
             device->properties.name, device->properties.gcnArchName,
             device->properties.multiProcessorCount, device->properties.totalGlobalMem >> 20);
    d.devices.push_back(std::move(device));
  }
  return d.devices.empty() ? CUDA_ERROR_NO_DEVICE : CUDA_SUCCESS;
}

} // namespace

Driver &driver() {
  static Driver *d = new Driver;
  return *d;
}

CUresult initialise() {
  std::call_once(init_once, [] {
    init_result = initialise_now();
    init_done = init_result == CUDA_SUCCESS;
  });
  return init_result;
}

bool initialised() {
  return init_done.load(std::memory_order_acquire);
}

std::vector<Context *> &context_stack() {
  thread_local std::vector<Context *> stack;
  return stack;
}

Context *current_context() {
  std::vector<Context *> &stack = context_stack();
  return stack.empty() ? nullptr : stack.back();
}

void activate(const Device &device) {
  if (current_hip_device == device.hip_device)
    return;
  (void)hip::api().hipSetDevice(device.hip_device);
  current_hip_device = device.hip_device;
}

CUresult use_context(Context &context) {
  if (!context.alive)
    return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  if (int sticky = context.sticky.load(std::memory_order_relaxed))
    return static_cast<CUresult>(sticky);
  activate(*context.device);
  return CUDA_SUCCESS;
}

CUresult enter_context(Context *&context) {
  context = current_context();
  if (!context || !driver().contexts.find(context))
    return CUDA_ERROR_INVALID_CONTEXT;
  return use_context(*context);
}

Device *find_device(CUdevice device) {
  auto &devices = driver().devices;
  return device >= 0 && device < static_cast<int>(devices.size())
             ? devices[static_cast<size_t>(device)].get()
             : nullptr;
}

Stream *find_stream(CUstream handle, Context &context, bool per_thread) {
  if (handle == CU_STREAM_PER_THREAD || (!handle && per_thread)) {
    thread_local std::map<std::pair<Context *, uint64_t>, Stream *> mine;
    Stream *&stream = mine[{&context, context.id}];
    if (stream && driver().streams.find(stream))
      return stream;
    auto fresh = std::make_unique<Stream>();
    // Blocking towards the legacy stream, as CUDA's is.
    if (hip::api().hipStreamCreate(&fresh->hip) != hip::hipSuccess)
      return nullptr;
    fresh->context = &context;
    fresh->implicit = true;
    fresh->id = 2;
    stream = fresh.release();
    driver().streams.add(stream);
    std::lock_guard lock(context.mutex);
    context.per_thread.push_back(stream);
    return stream;
  }
  if (!handle || handle == CU_STREAM_LEGACY)
    return &context.legacy;
  return driver().streams.find(handle);
}

CUresult find_stream(CUstream handle, bool per_thread, Context *&context, Stream *&stream) {
  if (!initialised())
    return CUDA_ERROR_NOT_INITIALIZED;
  if (CUresult result = enter_context(context))
    return result;
  stream = find_stream(handle, *context, per_thread);
  return stream ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

Function *find_function(void *handle) {
  return driver().functions.find(handle);
}

const char *intern(std::string_view text) {
  static std::mutex mutex;
  static auto *all = new std::set<std::string, std::less<>>;
  std::lock_guard lock(mutex);
  auto it = all->find(text);
  if (it == all->end())
    it = all->emplace(text).first;
  return it->c_str();
}

// ---- allocations -------------------------------------------------------------------------------

void AllocationMap::add(Allocation allocation) {
  std::unique_lock lock(mutex_);
  if (allocation.id == 0)
    allocation.id = next_id_++;
  by_base_[allocation.base] = allocation;
}

/// What contains the address, else the end. The mutex is held.
AllocationMap::ByBase::const_iterator AllocationMap::holder_of(uint64_t address) const {
  auto it = by_base_.upper_bound(address);
  if (it == by_base_.begin() || address - (--it)->first >= it->second.size)
    return by_base_.end();
  return it;
}

std::optional<Allocation> AllocationMap::find(uint64_t address) const {
  std::shared_lock lock(mutex_);
  auto it = holder_of(address);
  return it == by_base_.end() ? std::nullopt : std::optional(it->second);
}

bool AllocationMap::is_own(uint64_t address, const Device &device) const {
  auto own = [&](const Allocation &a) {
    return a.kind == MemoryKind::Device && a.context && a.context->device == &device;
  };
  std::shared_lock lock(mutex_);
  auto it = holder_of(address);
  if (it == by_base_.end() || !own(it->second))
    return false;
  if (address > it->first || it == by_base_.begin())
    return true;
  const Allocation &below = (--it)->second;
  return below.base + below.size != address || own(below);
}

std::optional<Allocation> AllocationMap::take(uint64_t base) {
  std::unique_lock lock(mutex_);
  auto it = by_base_.find(base);
  if (it == by_base_.end() || it->second.variables)
    return std::nullopt;
  Allocation a = it->second;
  by_base_.erase(it);
  return a;
}

std::vector<Allocation> AllocationMap::take_all_of(const Context *context) {
  std::unique_lock lock(mutex_);
  std::vector<Allocation> taken;
  for (auto it = by_base_.begin(); it != by_base_.end();) {
    if (it->second.context == context && !it->second.variables) {
      taken.push_back(it->second);
      it = by_base_.erase(it);
    } else {
      ++it;
    }
  }
  return taken;
}

void AllocationMap::forget_variables(uint64_t base) {
  std::unique_lock lock(mutex_);
  if (auto it = by_base_.find(base); it != by_base_.end() && it->second.variables)
    by_base_.erase(it);
}

// ---- launch ring -------------------------------------------------------------------------------

CUresult LaunchRing::next(hip::hipStream_t stream, abi::LaunchBlock *&host, uint64_t &device) {
  const hip::Api &api = hip::api();
  static_assert(sizeof(abi::LaunchBlock) <= kSlotBytes);
  if (!host_) {
    void *memory = nullptr, *seen = nullptr;
    hip::hipError_t error = api.hipHostMalloc(&memory, size_t{kSlots} * kSlotBytes,
                                              hip::kHostMallocPortable | hip::kHostMallocMapped);
    if (error == hip::hipSuccess)
      error = api.hipHostGetDevicePointer(&seen, memory, 0);
    for (auto &event : events_)
      if (error == hip::hipSuccess)
        error = api.hipEventCreateWithFlags(&event, hip::kEventDisableTiming);
    if (error != hip::hipSuccess)
      return to_cuda(error);
    host_ = static_cast<uint8_t *>(memory);
    device_ = reinterpret_cast<uint64_t>(seen);
  }
  uint32_t half = at_ / kHalf;
  if (at_ % kHalf == 0) {
    // Everything in the other half was launched before now.
    uint32_t other = 1 - half;
    if (recorded_[half])
      if (hip::hipError_t error = api.hipEventSynchronize(events_[half]); error != hip::hipSuccess)
        return to_cuda(error);
    recorded_[half] = false;
    if (used_) {
      if (hip::hipError_t error = api.hipEventRecord(events_[other], stream);
          error != hip::hipSuccess)
        return to_cuda(error);
      recorded_[other] = true;
    }
    used_ = true;
  }
  host = reinterpret_cast<abi::LaunchBlock *>(host_ + size_t{at_} * kSlotBytes);
  device = device_ + uint64_t{at_} * kSlotBytes;
  at_ = (at_ + 1) % kSlots;
  return CUDA_SUCCESS;
}

void LaunchRing::destroy() {
  const hip::Api &api = hip::api();
  for (auto &event : events_)
    if (event)
      (void)api.hipEventDestroy(event);
  if (host_)
    (void)api.hipHostFree(host_);
  *this = LaunchRing{};
}

CUresult Stream::prepare_grid_workspace() {
  // Cooperative groups use a word for each of the barriers of a grid; a cache line or two is ample.
  constexpr size_t kBytes = 256;
  const hip::Api &api = hip::api();
  hip::hipError_t error = hip::hipSuccess;
  if (!grid_workspace)
    error = api.hipMalloc(&grid_workspace, kBytes);
  if (error == hip::hipSuccess)
    error = api.hipMemsetAsync(grid_workspace, 0, kBytes, hip);
  return error == hip::hipSuccess ? CUDA_SUCCESS : to_cuda(error, *context);
}

CUresult Stream::prepare_shared_slab(uint64_t bytes) {
  if (bytes <= shared_slab_bytes)
    return CUDA_SUCCESS;
  const hip::Api &api = hip::api();
  hip::hipError_t error = hip::hipSuccess;
  if (shared_slab) {
    error = api.hipStreamSynchronize(hip);
    if (error == hip::hipSuccess)
      error = api.hipFree(shared_slab);
    shared_slab = nullptr;
    shared_slab_bytes = 0;
  }
  if (error == hip::hipSuccess)
    error = api.hipMalloc(&shared_slab, bytes);
  if (error != hip::hipSuccess) {
    shared_slab = nullptr;
    log_error("{}", hip::describe(api, fmt::format("allocating {} bytes for shared memory", bytes),
                                  error));
    return to_cuda(error, *context);
  }
  shared_slab_bytes = bytes;
  return CUDA_SUCCESS;
}

void Stream::destroy_launch_memory() {
  ring.destroy();
  if (grid_workspace)
    (void)hip::api().hipFree(grid_workspace);
  grid_workspace = nullptr;
  if (shared_slab)
    (void)hip::api().hipFree(shared_slab);
  shared_slab = nullptr;
  shared_slab_bytes = 0;
}

// ---- module instances --------------------------------------------------------------------------

jit::Outcome<std::shared_ptr<jit::LoadedModule>> ModuleObject::instance(Context &context) {
  std::lock_guard lock(mutex);
  Context *key = bound ? bound : &context;
  auto it = instances.find(key);
  if (it != instances.end())
    return it->second;
  jit::TargetOptions target = key->device->target;
  target.opt_level = std::min(target.opt_level, opt_level);
  auto loaded = jit::LoadedModule::create(program, target);
  if (!loaded)
    return loaded;
  std::shared_ptr<jit::LoadedModule> instance = *loaded;
  auto enter = [&](uint64_t base, uint64_t size, MemoryKind kind) {
    if (base)
      driver().allocations.add({.base = base,
                                .size = size,
                                .kind = kind,
                                .context = key,
                                .device_address = base,
                                .variables = true});
  };
  enter(instance->arena(), instance->arena_size(), MemoryKind::Device);
  enter(instance->managed_arena(), instance->managed_arena_size(), MemoryKind::Managed);
  // Out of the books before the memory is free.
  instance = std::shared_ptr<jit::LoadedModule>(
      instance.get(), [own = instance](jit::LoadedModule *) mutable {
        for (uint64_t base : {own->arena(), own->managed_arena()})
          driver().allocations.forget_variables(base);
        own.reset();
      });
  return instances[key] = instance;
}

} // namespace w2w::cuda
