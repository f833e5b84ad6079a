// Structures passed by value, between other parameters: their layout in the parameter block must be the host's, padding and all.
#include "program.h"

struct Inner {
  char tag;
  double weight;
  short count;
};
struct Outer {
  float head;
  Inner inner[2];
  long long total;
  unsigned char tail[5];
};

__host__ __device__ inline double digest(float f, const Outer &o, char c, int i) {
  double sum = static_cast<double>(f) + o.head + static_cast<double>(o.total) + c;
  for (const Inner &in : o.inner)
    sum += in.tag + in.weight * in.count;
  return sum + o.tail[i % 5] * 256.0;
}

__global__ void take(float f, Outer o, char c, double *out, Inner in, unsigned short n) {
  int i = threadIdx.x;
  if (i < n) {
    o.total += i; // a parameter is the thread's own copy
    out[i] = digest(f, o, c, i) + in.tag + in.weight + in.count;
  }
}

int main() {
  const unsigned short n = 50;
  Outer o = {1.5f, {{3, 0.25, -7}, {-4, 1024.5, 12}}, 1234567890123ll, {1, 2, 3, 4, 250}};
  Inner in = {9, -2.75, 300};
  std::vector<double> want(n);
  for (int i = 0; i < n; ++i) {
    Outer copy = o;
    copy.total += i;
    want[i] = digest(0.75f, copy, 'x', i) + in.tag + in.weight + in.count;
  }
  Buffer<double> out(n);
  take<<<1, 64>>>(0.75f, o, 'x', out.get(), in, n);
  CUDA_LAUNCHED();
  expect_equal("digest", out.take(), want); // every value is exact in double
  return passed("struct_by_value", "n=" + std::to_string(n));
}
