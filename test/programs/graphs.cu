// CUDA graphs: a captured pipeline over two streams, launched again and again with other data, and a graph built node by
// node whose parameters change between launches.
#include "program.h"

__constant__ int scale;

__global__ void multiply(int *data, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    data[i] *= scale;
}

__global__ void add(int *data, int value, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    data[i] += value;
}

__global__ void sum(const int *a, const int *b, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    out[i] = a[i] + b[i];
}

static int host_calls = 0;

static void captured(int n) {
  const int blocks = (n + 127) / 128;
  const size_t bytes = n * sizeof(int);
  int *in, *staged, *out;
  CUDA_OK(cudaMallocHost(&in, bytes));
  CUDA_OK(cudaMallocHost(&staged, bytes));
  CUDA_OK(cudaMallocHost(&out, bytes));
  Buffer<int> a(n), b(n), c(n);
  cudaStream_t first, second;
  cudaEvent_t fork, join;
  CUDA_OK(cudaStreamCreate(&first));
  CUDA_OK(cudaStreamCreate(&second));
  CUDA_OK(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming));
  CUDA_OK(cudaEventCreateWithFlags(&join, cudaEventDisableTiming));
  const int three = 3;
  CUDA_OK(cudaMemcpyToSymbol(scale, &three, sizeof three));

  CUDA_OK(cudaStreamBeginCapture(first, cudaStreamCaptureModeGlobal));
  CUDA_OK(cudaMemcpyAsync(staged, in, bytes, cudaMemcpyHostToHost, first));
  CUDA_OK(cudaMemcpyAsync(a.get(), staged, bytes, cudaMemcpyHostToDevice, first));
  CUDA_OK(cudaEventRecord(fork, first));
  CUDA_OK(cudaStreamWaitEvent(second, fork, 0));
  multiply<<<blocks, 128, 0, first>>>(a.get(), n);
  CUDA_OK(cudaMemsetAsync(b.get(), 0, bytes, second));
  add<<<blocks, 128, 0, second>>>(b.get(), 7, n);
  CUDA_OK(cudaEventRecord(join, second));
  CUDA_OK(cudaStreamWaitEvent(first, join, 0));
  sum<<<blocks, 128, 0, first>>>(a.get(), b.get(), c.get(), n);
  CUDA_OK(cudaGetLastError());
  CUDA_OK(cudaMemcpyAsync(out, c.get(), bytes, cudaMemcpyDeviceToHost, first));
  CUDA_OK(cudaLaunchHostFunc(first, [](void *calls) { ++*static_cast<int *>(calls); }, &host_calls));
  cudaStreamCaptureStatus status;
  CUDA_OK(cudaStreamIsCapturing(second, &status));
  EXPECT(status == cudaStreamCaptureStatusActive);
  cudaGraph_t graph;
  CUDA_OK(cudaStreamEndCapture(first, &graph));
  size_t nodes = 0;
  CUDA_OK(cudaGraphGetNodes(graph, nullptr, &nodes));
  EXPECT(nodes == 8);
  EXPECT(host_calls == 0);
  cudaGraphExec_t exec;
  CUDA_OK(cudaGraphInstantiateWithFlags(&exec, graph, 0));
  CUDA_OK(cudaGraphDestroy(graph));
  for (int launch = 0; launch < 3; ++launch) {
    for (int i = 0; i < n; ++i)
      in[i] = i * (launch + 1);
    CUDA_OK(cudaGraphLaunch(exec, second));
    CUDA_OK(cudaStreamSynchronize(second));
    std::vector<int> got(out, out + n), want(n);
    for (int i = 0; i < n; ++i)
      want[i] = i * (launch + 1) * 3 + 7;
    expect_equal("captured", got, want);
  }
  EXPECT(host_calls == 3);
  CUDA_OK(cudaGraphExecDestroy(exec));

  // What a capture can't hold ends it.
  CUDA_OK(cudaStreamBeginCapture(first, cudaStreamCaptureModeGlobal));
  EXPECT(cudaStreamSynchronize(first) == cudaErrorStreamCaptureUnsupported);
  EXPECT(cudaStreamEndCapture(first, &graph) == cudaErrorStreamCaptureInvalidated);
  (void)cudaGetLastError();
  CUDA_OK(cudaStreamSynchronize(first));
  CUDA_OK(cudaEventDestroy(fork));
  CUDA_OK(cudaEventDestroy(join));
  CUDA_OK(cudaStreamDestroy(first));
  CUDA_OK(cudaStreamDestroy(second));
  CUDA_OK(cudaFreeHost(in));
  CUDA_OK(cudaFreeHost(staged));
  CUDA_OK(cudaFreeHost(out));
}

static void built(int n) {
  const unsigned blocks = (n + 127) / 128;
  const size_t bytes = n * sizeof(int);
  Buffer<int> data(n);
  std::vector<int> out(n), other(n);
  int *pointer = data.get(), value = 5, factor = 4;
  cudaGraph_t graph;
  CUDA_OK(cudaGraphCreate(&graph, 0));
  cudaGraphNode_t fill, symbol, added, multiplied, copied, called;
  cudaMemsetParams zero = {};
  zero.dst = pointer;
  zero.elementSize = 4;
  zero.width = n;
  zero.height = 1;
  CUDA_OK(cudaGraphAddMemsetNode(&fill, graph, nullptr, 0, &zero));
  void *add_params[] = {&pointer, &value, &n};
  cudaKernelNodeParams kernel = {};
  kernel.func = reinterpret_cast<void *>(add);
  kernel.gridDim = dim3(blocks);
  kernel.blockDim = dim3(128);
  kernel.kernelParams = add_params;
  CUDA_OK(cudaGraphAddKernelNode(&added, graph, &fill, 1, &kernel));
  CUDA_OK(cudaGraphAddMemcpyNodeToSymbol(&symbol, graph, nullptr, 0, static_cast<const void *>(&scale), &factor, sizeof factor, 0,
                                         cudaMemcpyHostToDevice));
  void *multiply_params[] = {&pointer, &n};
  kernel.func = reinterpret_cast<void *>(multiply);
  kernel.kernelParams = multiply_params;
  cudaGraphNode_t before[] = {added, symbol};
  CUDA_OK(cudaGraphAddKernelNode(&multiplied, graph, before, 2, &kernel));
  CUDA_OK(cudaGraphAddMemcpyNode1D(&copied, graph, &multiplied, 1, out.data(), pointer, bytes, cudaMemcpyDeviceToHost));
  cudaHostNodeParams host = {[](void *calls) { ++*static_cast<int *>(calls); }, &host_calls};
  CUDA_OK(cudaGraphAddHostNode(&called, graph, &copied, 1, &host));
  cudaGraphExec_t exec;
  CUDA_OK(cudaGraphInstantiateWithFlags(&exec, graph, 0));
  CUDA_OK(cudaGraphLaunch(exec, nullptr));
  CUDA_OK(cudaDeviceSynchronize());
  expect_equal("built", out, std::vector<int>(n, 20));
  EXPECT(host_calls == 4);

  // A kernel node says which function it launches; its parameters may change, and where the copy goes.
  cudaKernelNodeParams read = {};
  CUDA_OK(cudaGraphKernelNodeGetParams(added, &read));
  EXPECT(read.func == reinterpret_cast<void *>(add) && read.gridDim.x == blocks && read.blockDim.x == 128);
  EXPECT(*static_cast<int *>(read.kernelParams[1]) == 5);
  value = 6;
  read.kernelParams = add_params;
  CUDA_OK(cudaGraphExecKernelNodeSetParams(exec, added, &read));
  CUDA_OK(cudaGraphExecMemcpyNodeSetParams1D(exec, copied, other.data(), pointer, bytes, cudaMemcpyDeviceToHost));
  factor = 10;
  CUDA_OK(cudaGraphLaunch(exec, nullptr));
  CUDA_OK(cudaDeviceSynchronize());
  expect_equal("changed", other, std::vector<int>(n, 60));
  expect_equal("left", out, std::vector<int>(n, 20));
  cudaGraphNodeType type;
  CUDA_OK(cudaGraphNodeGetType(called, &type));
  EXPECT(type == cudaGraphNodeTypeHost);
  CUDA_OK(cudaGraphExecDestroy(exec));
  CUDA_OK(cudaGraphDestroy(graph));
}

int main(int argc, char **argv) {
  const int n = argument(argc, argv, 1, 1000);
  captured(n);
  built(n);
  return passed("graphs", std::to_string(n) + " elements");
}
