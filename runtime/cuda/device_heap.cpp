// The heap of device-side malloc and free: one piece of device memory a context, of the size
// CU_LIMIT_MALLOC_HEAP_SIZE (lowering/abi/device_heap.h).
// Source: CUDA C++ Programming Guide, "Dynamic Global Memory Allocation and Operations".
#include "lowering/abi/device_heap.h"

#include "runtime/cuda/state.h"

#include <cstring>
#include <fmt/format.h>

namespace w2w::cuda {

CUresult prepare_heap(Context &context, uint64_t &address) {
  std::lock_guard shared(context.shared_mutex);
  address = reinterpret_cast<uint64_t>(context.heap);
  if (context.heap)
    return CUDA_SUCCESS;
  const size_t bytes = context.limit(CU_LIMIT_MALLOC_HEAP_SIZE);
  uint64_t pages = std::max<uint64_t>((bytes + abi::kHeapPage - 1) / abi::kHeapPage, 1);
  if (pages > UINT32_MAX >> 2) // the bits of HeapPage::state that count
    return fail(CUDA_ERROR_OUT_OF_MEMORY, "the heap of device-side malloc can have 4 TiB at most");
  const hip::Api &api = hip::api();
  void *memory = nullptr;
  if (hip::hipError_t error = api.hipMalloc(&memory, abi::heap_bytes(pages));
      error != hip::hipSuccess)
    return fail(to_cuda(error), fmt::format("the heap of device-side malloc, {} bytes "
                                            "(CU_LIMIT_MALLOC_HEAP_SIZE), does not fit",
                                            bytes));
  uint64_t start = reinterpret_cast<uint64_t>(memory);
  uint64_t table_bytes = offsetof(abi::DeviceHeap, table) + pages * sizeof(abi::HeapPage);
  std::vector<uint8_t> image(table_bytes);
  abi::DeviceHeap header{};
  header.pages = (start + table_bytes + abi::kHeapPage - 1) & ~uint64_t{abi::kHeapPage - 1};
  header.count = static_cast<uint32_t>(pages);
  for (uint32_t c = 0; c < abi::kHeapClasses; ++c)
    for (uint32_t i = 0; i < abi::kHeapStarts; ++i)
      header.recent[c][i] = static_cast<uint32_t>((c * abi::kHeapStarts + i) * pages /
                                                  (abi::kHeapClasses * abi::kHeapStarts));
  std::memcpy(image.data(), &header, offsetof(abi::DeviceHeap, table));
  if (hip::hipError_t error = api.hipMemcpyHtoD(memory, image.data(), image.size());
      error != hip::hipSuccess) {
    (void)api.hipFree(memory);
    return to_cuda(error);
  }
  context.heap = memory;
  address = start;
  return CUDA_SUCCESS;
}

void free_heap(Context &context) {
  std::lock_guard shared(context.shared_mutex);
  if (context.heap)
    (void)hip::api().hipFree(context.heap);
  context.heap = nullptr;
}

} // namespace w2w::cuda
