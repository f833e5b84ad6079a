// Several streams with asynchronous copies from pinned memory, an event that one stream waits for, and elapsed time.
#include "program.h"

__global__ void step(int *data, int n, int factor, int addend) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    data[i] = data[i] * factor + addend;
}

int main() {
  const int n = 3000, streams = 3, blocks = (n + 127) / 128;
  int *host;
  CUDA_OK(cudaMallocHost(&host, streams * n * sizeof(int)));
  for (int i = 0; i < streams * n; ++i)
    host[i] = i;
  Buffer<int> device(streams * n);
  cudaStream_t stream[streams];
  cudaEvent_t begin, end;
  CUDA_OK(cudaEventCreate(&begin));
  CUDA_OK(cudaEventCreate(&end));
  for (int s = 0; s < streams; ++s)
    CUDA_OK(s == 0 ? cudaStreamCreate(&stream[s]) : cudaStreamCreateWithFlags(&stream[s], cudaStreamNonBlocking));

  CUDA_OK(cudaEventRecord(begin, stream[0]));
  for (int s = 0; s < streams; ++s) {
    int *part = device.get() + s * n;
    CUDA_OK(cudaMemcpyAsync(part, host + s * n, n * sizeof(int), cudaMemcpyHostToDevice, stream[s]));
    step<<<blocks, 128, 0, stream[s]>>>(part, n, 3, s);
    step<<<blocks, 128, 0, stream[s]>>>(part, n, 5, 7); // in order after the first
    CUDA_OK(cudaGetLastError());
  }
  // Stream 0 goes on with what stream 2 made.
  cudaEvent_t made;
  CUDA_OK(cudaEventCreateWithFlags(&made, cudaEventDisableTiming));
  CUDA_OK(cudaEventRecord(made, stream[2]));
  CUDA_OK(cudaStreamWaitEvent(stream[0], made, 0));
  CUDA_OK(cudaMemcpyAsync(device.get(), device.get() + 2 * n, n * sizeof(int), cudaMemcpyDeviceToDevice, stream[0]));
  step<<<blocks, 128, 0, stream[0]>>>(device.get(), n, 1, 1);
  for (int s = 0; s < streams; ++s)
    CUDA_OK(cudaMemcpyAsync(host + s * n, device.get() + s * n, n * sizeof(int), cudaMemcpyDeviceToHost, stream[s]));
  CUDA_OK(cudaEventRecord(end, stream[0]));
  CUDA_OK(cudaEventSynchronize(end));
  for (int s = 0; s < streams; ++s) {
    CUDA_OK(cudaStreamSynchronize(stream[s]));
    CUDA_OK(cudaStreamQuery(stream[s]));
  }
  CUDA_OK(cudaEventQuery(made));
  float milliseconds = -1;
  CUDA_OK(cudaEventElapsedTime(&milliseconds, begin, end));
  EXPECT(milliseconds >= 0 && milliseconds < 100000);

  std::vector<int> got(host, host + streams * n), want(streams * n);
  for (int s = 0; s < streams; ++s)
    for (int i = 0; i < n; ++i) {
      int from = s == 0 ? 2 : s;
      want[s * n + i] = ((from * n + i) * 3 + from) * 5 + 7 + (s == 0);
    }
  expect_equal("data", got, want);
  for (cudaStream_t s : stream)
    CUDA_OK(cudaStreamDestroy(s));
  for (cudaEvent_t e : {begin, end, made})
    CUDA_OK(cudaEventDestroy(e));
  CUDA_OK(cudaFreeHost(host));
  return passed("streams_events", std::to_string(streams) + " streams");
}
