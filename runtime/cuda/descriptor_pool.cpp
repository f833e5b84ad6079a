#include "runtime/cuda/descriptor_pool.h"

namespace w2w::cuda {

CUresult DescriptorPool::grow() {
  const hip::Api &api = hip::api();
  if (!stream_)
    if (hip::hipError_t error = api.hipStreamCreateWithFlags(&stream_, hip::kStreamNonBlocking);
        error != hip::hipSuccess) {
      stream_ = nullptr;
      return to_cuda(error);
    }
  if (given_back_.size() >= kRecycle) {
    if (hip::hipError_t error = api.hipDeviceSynchronize(); error != hip::hipSuccess)
      return to_cuda(error);
    free_.swap(given_back_);
    return CUDA_SUCCESS;
  }
  void *chunk = nullptr;
  if (hip::hipError_t error = api.hipMalloc(&chunk, kChunk * bytes_); error != hip::hipSuccess)
    return to_cuda(error);
  chunks_.push_back(chunk);
  for (size_t i = kChunk; i-- > 0;)
    free_.push_back(reinterpret_cast<uint64_t>(chunk) + i * bytes_);
  return CUDA_SUCCESS;
}

CUresult DescriptorPool::create(const void *descriptor, uint64_t &address) {
  const hip::Api &api = hip::api();
  std::lock_guard lock(mutex_);
  if (free_.empty())
    if (CUresult result = grow())
      return result;
  address = free_.back();
  hip::hipError_t error = api.hipMemcpyAsync(reinterpret_cast<void *>(address), descriptor, bytes_,
                                             hip::hipMemcpyHostToDevice, stream_);
  if (error == hip::hipSuccess)
    error = api.hipStreamSynchronize(stream_);
  if (error != hip::hipSuccess)
    return to_cuda(error);
  free_.pop_back();
  return CUDA_SUCCESS;
}

void DescriptorPool::destroy(uint64_t address) {
  std::lock_guard lock(mutex_);
  given_back_.push_back(address);
}

void DescriptorPool::clear() {
  const hip::Api &api = hip::api();
  std::lock_guard lock(mutex_);
  for (void *chunk : chunks_)
    (void)api.hipFree(chunk);
  if (stream_)
    (void)api.hipStreamDestroy(stream_);
  chunks_.clear();
  free_.clear();
  given_back_.clear();
  stream_ = nullptr;
}

} // namespace w2w::cuda
