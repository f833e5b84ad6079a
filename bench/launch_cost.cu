// How long the host takes to launch small kernels: one by one, and as a graph. Prints nanoseconds a kernel.
#include "../test/programs/include/program.h"

__global__ void touch(int *data) {
  data[threadIdx.x] += 1;
}

static double nanoseconds(std::chrono::steady_clock::time_point begin, int kernels) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / kernels;
}

int main() {
  const int chain = 100, rounds = 50;
  Buffer<int> data(64);
  cudaStream_t stream;
  CUDA_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  touch<<<1, 32, 0, stream>>>(data.get()); // compiled
  CUDA_OK(cudaStreamSynchronize(stream));
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  CUDA_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  for (int i = 0; i < chain; ++i)
    touch<<<1, 32, 0, stream>>>(data.get());
  CUDA_OK(cudaStreamEndCapture(stream, &graph));
  CUDA_OK(cudaGraphInstantiateWithFlags(&exec, graph, 0));
  double launches = 0, graphs = 0;
  for (int round = 0; round < rounds; ++round) { // by turns
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < chain; ++i)
      touch<<<1, 32, 0, stream>>>(data.get());
    CUDA_OK(cudaStreamSynchronize(stream));
    launches += nanoseconds(begin, chain * rounds);
    begin = std::chrono::steady_clock::now();
    CUDA_OK(cudaGraphLaunch(exec, stream));
    CUDA_OK(cudaStreamSynchronize(stream));
    graphs += nanoseconds(begin, chain * rounds);
  }
  std::printf("launches %.0f\ngraph %.0f\n", launches, graphs);
  CUDA_OK(cudaGraphExecDestroy(exec));
  CUDA_OK(cudaGraphDestroy(graph));
  return passed("launch_cost", std::to_string(chain) + " kernels");
}
