// A program without a kernel: the device's properties, copies, fills, events. With nvcc's defaults it has a CUDA runtime inside, and
// no device code by which one would know.
#include "program.h"

int main() {
  int count = 0;
  CUDA_OK(cudaGetDeviceCount(&count));
  EXPECT(count > 0);
  cudaDeviceProp properties;
  CUDA_OK(cudaGetDeviceProperties(&properties, 0));
  EXPECT(properties.warpSize == 32 && properties.totalGlobalMem > 0);
  int processors = 0;
  CUDA_OK(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, 0));
  EXPECT(processors == properties.multiProcessorCount);

  std::vector<int> numbers(1000), want(1000);
  for (int i = 0; i < 1000; ++i)
    numbers[i] = i * i;
  Buffer<int> a(numbers), b(1000);
  cudaEvent_t begin, end;
  CUDA_OK(cudaEventCreate(&begin));
  CUDA_OK(cudaEventCreate(&end));
  CUDA_OK(cudaEventRecord(begin));
  b.fill(0xff);
  CUDA_OK(cudaMemcpy(b.get() + 500, a.get(), 500 * sizeof(int), cudaMemcpyDeviceToDevice));
  CUDA_OK(cudaEventRecord(end));
  CUDA_OK(cudaEventSynchronize(end));
  float milliseconds = -1;
  CUDA_OK(cudaEventElapsedTime(&milliseconds, begin, end));
  EXPECT(milliseconds >= 0);
  for (int i = 0; i < 1000; ++i)
    want[i] = i < 500 ? -1 : numbers[i - 500];
  expect_equal("copies", b.take(), want);
  std::printf("PASS host_only on %s\n", properties.name);
  return 0;
}
