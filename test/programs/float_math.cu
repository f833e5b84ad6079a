// Floating point that IEEE 754 fixes bit for bit (sum, product, quotient, square root, fused multiply-add, rounding to integers,
// minimum, comparisons, conversions), in single and double precision, on ordinary, huge, tiny, subnormal and special values.
#include "program.h"

__device__ inline float add(float a, float b) { return __fadd_rn(a, b); }
__device__ inline float mul(float a, float b) { return __fmul_rn(a, b); }
__device__ inline double add(double a, double b) { return __dadd_rn(a, b); }
__device__ inline double mul(double a, double b) { return __dmul_rn(a, b); }
__device__ inline float root(float a) { return sqrtf(a); }
__device__ inline double root(double a) { return sqrt(a); }
__device__ inline float fused(float a, float b, float c) { return fmaf(a, b, c); }
__device__ inline double fused(double a, double b, double c) { return fma(a, b, c); }
__device__ inline float down(float a) { return floorf(a); }
__device__ inline double down(double a) { return floor(a); }

constexpr int columns = 10;

template <class T> __global__ void floats(const T *a, const T *b, const T *c, T *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  T *r = out + i * columns;
  r[0] = add(a[i], b[i]);
  r[1] = add(a[i], -b[i]);
  r[2] = mul(a[i], b[i]);
  r[3] = a[i] / b[i];
  r[4] = root(a[i]);
  r[5] = fused(a[i], b[i], c[i]);
  r[6] = down(a[i]);
  r[7] = static_cast<T>((a[i] < b[i]) + 2 * (a[i] <= b[i]) + 4 * (a[i] == b[i]) + 8 * (a[i] != b[i]) + 16 * !(a[i] > b[i]));
  r[8] = a[i] > T(-2e9) && a[i] < T(2e9) ? static_cast<T>(static_cast<int>(a[i])) : T(0);
  r[9] = static_cast<T>(static_cast<float>(a[i]));
}

template <class T> void check(const char *what, const std::vector<T> &values) {
  std::vector<T> a, b, c;
  Random random(13);
  for (T x : values)
    for (T y : values) {
      a.push_back(x);
      b.push_back(y);
      c.push_back(values[random.next() % values.size()]);
    }
  int n = static_cast<int>(a.size());
  std::vector<T> want(n * columns);
  for (int i = 0; i < n; ++i) {
    volatile T x = a[i], y = b[i]; // each operation rounds by itself
    T *r = &want[i * columns];
    r[0] = x + y;
    r[1] = x - y;
    r[2] = x * y;
    r[3] = x / y;
    r[4] = std::sqrt(x);
    r[5] = std::fma(a[i], b[i], c[i]);
    r[6] = std::floor(x);
    r[7] = static_cast<T>((x < y) + 2 * (x <= y) + 4 * (x == y) + 8 * (x != y) + 16 * !(x > y));
    r[8] = x > T(-2e9) && x < T(2e9) ? static_cast<T>(static_cast<int>(x)) : T(0);
    r[9] = static_cast<T>(static_cast<float>(x));
  }
  Buffer<T> da(a), db(b), dc(c), out(want.size());
  floats<<<(n + 63) / 64, 64>>>(da.get(), db.get(), dc.get(), out.get(), n);
  CUDA_LAUNCHED();
  std::vector<T> got = out.take();
  for (size_t i = 0; i < got.size(); ++i) {
    bool same = std::memcmp(&got[i], &want[i], sizeof(T)) == 0 || (std::isnan(got[i]) && std::isnan(want[i]));
    if (same)
      continue;
    size_t k = i / columns;
    std::printf("FAIL %s, column %zu of a=%s b=%s c=%s: got %s, want %s\n", what, i % columns, show(a[k]).c_str(),
                show(b[k]).c_str(), show(c[k]).c_str(), show(got[i]).c_str(), show(want[i]).c_str());
    std::exit(1);
  }
}

int main() {
  const double inf = HUGE_VAL, nan = std::nan("");
  check<float>("float", {0.0f, -0.0f, 1.0f, -1.0f, 1.5f, 3.0f, 0.1f, -7.3f, 0x1p-149f, -0x1.8p-130f, 0x1p-126f, 0x1.fffffep127f,
                         -0x1.fffffep127f, 1e20f, 1e-20f, 16777217.0f, 2147483520.0f, static_cast<float>(inf),
                         static_cast<float>(-inf), static_cast<float>(nan)});
  check<double>("double", {0.0, -0.0, 1.0, -1.5, 3.0, 0.1, -7.3, 0x1p-1074, -0x1.8p-1030, 0x1p-1022, 0x1.fffffffffffffp1023, 1e200,
                           1e-200, 9007199254740993.0, 1e-46, 3.5e38, 2147483646.75, inf, -inf, nan});
  return passed("float_math", "float and double");
}
