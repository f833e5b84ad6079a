// Managed memory: the host and kernels read and write one buffer by turns; a pointer inside it means the same on both sides.
#include "program.h"

struct Node {
  Node *next;
  int value;
};

__global__ void walk(Node *first, int *sum, int n) {
  int total = 0;
  for (Node *p = first; p; p = p->next) {
    total += p->value;
    p->value = -p->value;
  }
  if (threadIdx.x == 0 && blockIdx.x == 0)
    *sum = total + n;
}

int main() {
  const int n = 200;
  Node *nodes;
  int *sum;
  CUDA_OK(cudaMallocManaged(&nodes, n * sizeof(Node)));
  CUDA_OK(cudaMallocManaged(&sum, sizeof(int)));
  int want = n;
  for (int i = 0; i < n; ++i) {
    int j = i * 77 % n; // a list that jumps about (77 and 200 have no common factor)
    nodes[j] = {i + 1 < n ? &nodes[(i + 1) * 77 % n] : nullptr, i * i};
    want += i * i;
  }
  for (int round = 0; round < 2; ++round) {
    *sum = 0;
    walk<<<1, 1>>>(nodes, sum, n);
    CUDA_LAUNCHED();
    EXPECT(*sum == want);
    for (int i = 0; i < n; ++i) // put back what the kernel negated
      nodes[i].value = -nodes[i].value;
  }
  CUDA_OK(cudaFree(nodes));
  CUDA_OK(cudaFree(sum));
  return passed("managed", "n=" + std::to_string(n));
}
