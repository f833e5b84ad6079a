// Kernel templates over types and functors: the same code for 8 to 64-bit integers, float and double; a lambda as argument.
#include "program.h"

template <class T> struct Affine {
  T a, b;
  __host__ __device__ T operator()(T x) const { return static_cast<T>(a * x + b); }
};

template <class T, class F> __global__ void transform(const T *in, T *out, int n, F f) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    out[i] = f(in[i]);
}

template <class To, class From> __global__ void convert(const From *in, To *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    out[i] = static_cast<To>(in[i]);
}

template <class T, class F> void run(const char *what, F f) {
  const int n = 500;
  std::vector<T> in(n), want(n);
  Random random(10);
  for (int i = 0; i < n; ++i) {
    in[i] = static_cast<T>(random.between(-100, 100));
    want[i] = f(in[i]);
  }
  Buffer<T> din(in), dout(n);
  transform<<<(n + 63) / 64, 64>>>(din.get(), dout.get(), n, f);
  CUDA_LAUNCHED();
  expect_equal(what, dout.take(), want);
}

template <class To, class From> void run_convert(const char *what) {
  const int n = 500;
  std::vector<From> in(n);
  std::vector<To> want(n);
  Random random(11);
  for (int i = 0; i < n; ++i) {
    in[i] = static_cast<From>(random.between(0, 120)) + static_cast<From>(random.unit());
    want[i] = static_cast<To>(in[i]);
  }
  Buffer<From> din(in);
  Buffer<To> dout(n);
  convert<<<(n + 63) / 64, 64>>>(din.get(), dout.get(), n);
  CUDA_LAUNCHED();
  expect_equal(what, dout.take(), want);
}

int main() {
  run<signed char>("signed char", Affine<signed char>{3, 5});
  run<unsigned char>("unsigned char", Affine<unsigned char>{7, 1});
  run<short>("short", Affine<short>{-300, 9});
  run<int>("int", Affine<int>{70001, -3});
  run<long long>("long long", Affine<long long>{1234567890123ll, -1});
  run<unsigned long long>("unsigned long long", Affine<unsigned long long>{~0ull / 3, 17});
  run<float>("float", Affine<float>{0.5f, 2.25f});
  run<double>("double", Affine<double>{1.0 / 1024, 1e6});
  run_convert<int, float>("float to int");
  run_convert<signed char, double>("double to signed char");
  run_convert<float, double>("double to float");
  run_convert<double, float>("float to double");
  run_convert<float, long long>("long long to float");
  run_convert<unsigned long long, float>("float to unsigned long long");
  run_convert<double, unsigned>("unsigned to double");
  return passed("templates", "15 instances");
}
