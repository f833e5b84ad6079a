#include "runtime/cuda/graph_memory.h"

namespace w2w::cuda {
namespace {

struct Usage {
  uint64_t reserved = 0, reserved_peak = 0, used_peak = 0;
};

struct Books {
  std::mutex mutex;
  std::map<CUdeviceptr, std::weak_ptr<GraphMemory>> by_address;
  std::map<const Device *, Usage> usage;
};

Books &books() {
  static auto *b = new Books;
  return *b;
}

/// Bytes that programs have of a device's graph memory. The books' mutex is held.
uint64_t used(const Device &device) {
  uint64_t bytes = 0;
  for (const auto &[address, weak] : books().by_address)
    if (std::shared_ptr<GraphMemory> memory = weak.lock())
      if (&memory->device() == &device && memory->allocated)
        bytes += memory->params().bytesize;
  return bytes;
}

} // namespace

CUresult GraphMemory::create(Context &context, const CUDA_MEM_ALLOC_NODE_PARAMS &params,
                             std::shared_ptr<GraphMemory> &result) {
  void *memory = nullptr;
  if (hip::hipError_t error = hip::api().hipMalloc(&memory, params.bytesize);
      error != hip::hipSuccess)
    return to_cuda(error, context);
  std::shared_ptr<GraphMemory> made(new GraphMemory);
  made->device_ = context.device;
  made->params_ = params;
  made->params_.accessDescs = nullptr;
  made->params_.accessDescCount = 0;
  made->params_.dptr = reinterpret_cast<CUdeviceptr>(memory);
  Allocation a;
  a.base = a.device_address = made->address();
  a.size = params.bytesize;
  a.context = &context;
  driver().allocations.add(a);
  std::lock_guard lock(books().mutex);
  books().by_address[made->address()] = made;
  Usage &usage = books().usage[context.device];
  usage.reserved += params.bytesize;
  usage.reserved_peak = std::max(usage.reserved_peak, usage.reserved);
  result = std::move(made);
  return CUDA_SUCCESS;
}

std::shared_ptr<GraphMemory> GraphMemory::find(CUdeviceptr address) {
  std::lock_guard lock(books().mutex);
  auto it = books().by_address.find(address);
  return it == books().by_address.end() ? nullptr : it->second.lock();
}

void GraphMemory::give() {
  allocated = true;
  std::lock_guard lock(books().mutex);
  Usage &usage = books().usage[device_];
  usage.used_peak = std::max(usage.used_peak, used(*device_));
}

GraphMemory::~GraphMemory() {
  {
    std::lock_guard lock(books().mutex);
    books().by_address.erase(address());
    books().usage[device_].reserved -= params_.bytesize;
  }
  // What the program has is from now on memory like any other.
  if (allocated)
    return;
  // None if the context is gone, and its memory with it.
  if (std::optional<Allocation> a = driver().allocations.take(address()))
    (void)hip::api().hipFree(reinterpret_cast<void *>(a->base));
}

uint64_t graph_memory_attribute(const Device &device, CUgraphMem_attribute attribute) {
  std::lock_guard lock(books().mutex);
  const Usage &usage = books().usage[&device];
  switch (attribute) {
  case CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT:
    return used(device);
  case CU_GRAPH_MEM_ATTR_USED_MEM_HIGH:
    return usage.used_peak;
  case CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT:
    return usage.reserved;
  case CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH:
    return usage.reserved_peak;
  }
  return 0;
}

void reset_graph_memory_peak(const Device &device, CUgraphMem_attribute attribute) {
  std::lock_guard lock(books().mutex);
  Usage &usage = books().usage[&device];
  if (attribute == CU_GRAPH_MEM_ATTR_USED_MEM_HIGH)
    usage.used_peak = 0;
  else
    usage.reserved_peak = 0;
}

} // namespace w2w::cuda
