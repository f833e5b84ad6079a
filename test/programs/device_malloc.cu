// malloc and free in device code: lists built by one kernel, read and freed by another; many threads of many blocks at once, of mixed
// sizes; a heap that runs out; everything that was freed can be had again.
#include "program.h"

#ifdef __clang__ // nvcc declares them itself
extern "C" __device__ void *malloc(size_t);
extern "C" __device__ void free(void *);
#endif

struct Node {
  Node *next;
  int value;
};

__global__ void build(Node **heads, int *failed, int length) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  Node *head = nullptr;
  for (int k = 0; k < length + i % 3; ++k) {
    Node *node = static_cast<Node *>(malloc(sizeof(Node)));
    if (!node || reinterpret_cast<size_t>(node) % 16 != 0) {
      atomicAdd(failed, 1);
      break;
    }
    node->next = head;
    node->value = i * 100 + k;
    head = node;
  }
  heads[i] = head;
}

__global__ void sum(Node **heads, int *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, total = 0;
  for (Node *n = heads[i]; n;) {
    Node *next = n->next;
    total += n->value;
    free(n);
    n = next;
  }
  out[i] = total;
}

// Blocks of 1 byte to 3 pages, each filled with its thread's number and looked at again.
__global__ void churn(int *wrong, int *none, int rounds) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  for (int r = 0; r < rounds; ++r) {
    int words = 1 + (i * 37 + r * 101) % 40;
    if ((i + r) % 11 == 0)
      words += 1000 + i % 2000;
    volatile int *p = static_cast<volatile int *>(malloc(words * sizeof(int)));
    if (!p) {
      atomicAdd(none, 1);
      continue;
    }
    int step = words > 64 ? 97 : 1;
    for (int k = 0; k < words; k += step)
      p[k] = i;
    for (int k = 0; k < words; k += step)
      if (p[k] != i)
        atomicAdd(wrong, 1);
    free(const_cast<int *>(p));
  }
}

// One thread takes blocks until there are no more, then gives them back; says how many it had.
__global__ void exhaust(int *count, size_t size) {
  void *last = nullptr;
  int n = 0;
  for (void **p; (p = static_cast<void **>(malloc(size))) != nullptr; ++n) {
    *p = last;
    last = p;
  }
  while (last) {
    void *next = *static_cast<void **>(last);
    free(last);
    last = next;
  }
  free(nullptr);
  *count = n;
}

int main() {
  const int block = 96, blocks = 8, n = block * blocks, length = 5;
  Buffer<Node *> heads(n);
  Buffer<int> failed(std::vector<int>(1, 0)), out(n);
  build<<<blocks, block>>>(heads.get(), failed.get(), length);
  CUDA_LAUNCHED();
  expect_equal("failed", failed.take(), std::vector<int>(1, 0));
  sum<<<blocks, block>>>(heads.get(), out.get());
  CUDA_LAUNCHED();
  std::vector<int> want(n);
  for (int i = 0; i < n; ++i)
    for (int k = 0; k < length + i % 3; ++k)
      want[i] += i * 100 + k;
  expect_equal("sums", out.take(), want);

  Buffer<int> wrong(std::vector<int>(1, 0)), none(std::vector<int>(1, 0));
  churn<<<blocks, block>>>(wrong.get(), none.get(), 4);
  CUDA_LAUNCHED();
  expect_equal("wrong", wrong.take(), std::vector<int>(1, 0));
  expect_equal("none", none.take(), std::vector<int>(1, 0)); // 8 MiB hold all of them at once

  // All 8 MiB come back each time, whatever they were used for before.
  for (size_t size : {size_t{2048}, size_t{1} << 20, size_t{4096}, size_t{200}}) {
    Buffer<int> count(1);
    exhaust<<<1, 1>>>(count.get(), size);
    CUDA_LAUNCHED();
    size_t slot = 16;
    while (slot < size)
      slot *= 2;
    expect_equal("blocks", count.take(), std::vector<int>(1, int((size_t{8} << 20) / slot)));
  }
  return passed("device_malloc", "n=" + std::to_string(n));
}
