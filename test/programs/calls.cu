// Calls that can't be inlined: recursion, and calls through a table of function pointers in device memory and through a pointer that
// the kernel chooses by thread; and threads that end inside of such calls.
#include "program.h"

__host__ __device__ inline int fibonacci_of(int n) {
  int a = 0, b = 1;
  for (; n > 0; --n) {
    int c = a + b;
    a = b;
    b = c;
  }
  return a;
}

__device__ __noinline__ int recursive(int n) { return n < 2 ? n : recursive(n - 1) + recursive(n - 2); }

__device__ int twice(int x) { return 2 * x; }
__device__ int plus_ten(int x) { return x + 10; }
__device__ int square(int x) { return x * x; }
typedef int (*Function)(int);
__device__ Function table[3] = {twice, plus_ten, square};

__global__ void calls(int *out) {
  int i = threadIdx.x;
  Function chosen = i & 8 ? square : twice;
  out[i] = table[i % 3](i) * 1000000 + chosen(i) * 100 + recursive(i & 7);
}

// Ends the thread at depth `bottom`: an exit in PTX, not a return.
__device__ __noinline__ int descend(int n, int bottom) {
  if (n == bottom)
    asm volatile("exit;");
  return n > 8 ? 0 : 1 + descend(n + 1, bottom);
}
__device__ int leave_if_odd(int x) {
  if (x & 1)
    asm volatile("exit;");
  return -x;
}
__device__ Function leaving[2] = {twice, leave_if_odd};

__global__ void exits(int *out) {
  int i = threadIdx.x;
  int depth = descend(i % 12, 10); // from 9 on, nobody comes to 10
  out[i] = depth + leaving[i / 16 % 2](i);
}

int main() {
  const int n = 64;
  std::vector<int> want(n);
  for (int i = 0; i < n; ++i) {
    int by_table = i % 3 == 0 ? 2 * i : i % 3 == 1 ? i + 10 : i * i;
    want[i] = static_cast<int>(static_cast<unsigned>(by_table) * 1000000u) + (i & 8 ? i * i : 2 * i) * 100 + fibonacci_of(i & 7);
  }
  Buffer<int> out(n);
  calls<<<1, n>>>(out.get());
  CUDA_LAUNCHED();
  expect_equal("out", out.take(), want);

  // descend(n, 10): n <= 8 goes down to 9 and ends; 9 ends at once; 10 exits; 11 ends at once.
  for (int i = 0; i < n; ++i) {
    int from = i % 12, depth = from > 8 ? 0 : 9 - from;
    bool stays = from != 10 && (i / 16 % 2 == 0 || i % 2 == 0);
    want[i] = stays ? depth + (i / 16 % 2 ? -i : 2 * i) : 12345;
  }
  Buffer<int> left(std::vector<int>(n, 12345));
  exits<<<1, n>>>(left.get());
  CUDA_LAUNCHED();
  expect_equal("left", left.take(), want);
  return passed("calls", "n=" + std::to_string(n));
}
