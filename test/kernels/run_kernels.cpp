// Runs the kernels of a code object made from kernels.hip through HIP's module API and compares
// with the host:
//   run_kernels HIP-LIBRARY FILE.hsaco
#define HD
#define NOINLINE __attribute__((noinline))
#pragma clang diagnostic ignored "-Wunused-function"
#pragma clang diagnostic ignored "-Wunused-parameter"
#include "bodies.h"

#include "runtime/hip/hip_abi.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace w2w::hip;

void *library;
hipModule_t module;
int failures = 0, checks = 0;

struct Types {
#define HIP_FUNCTION(presence, type, name, parameters) type(*name) parameters;
#include "runtime/hip/hip_functions.def"
#undef HIP_FUNCTION
};
template <class F> F function(const char *name) {
  void *p = dlsym(library, name);
  if (!p) {
    std::printf("FAIL %s is not exported\n", name);
    std::exit(1);
  }
  return reinterpret_cast<F>(p);
}
#define HIP(name) function<decltype(Types::name)>(#name)
#define HIP_OK(call)                                                                               \
  do {                                                                                             \
    if (hipError_t error_ = (call); error_ != hipSuccess) {                                        \
      std::printf("FAIL %s: error %u\n", #call, unsigned(error_));                                 \
      std::exit(1);                                                                                \
    }                                                                                              \
  } while (0)

template <class T> struct Buffer {
  void *data = nullptr;
  size_t n;
  explicit Buffer(const std::vector<T> &v) : n(v.size()) {
    HIP_OK(HIP(hipMalloc)(&data, n * sizeof(T)));
    HIP_OK(HIP(hipMemcpy)(data, v.data(), n * sizeof(T), hipMemcpyHostToDevice));
  }
  Buffer(const Buffer &) = delete;
  ~Buffer() { HIP(hipFree)(data); }
  std::vector<T> take() {
    std::vector<T> v(n);
    HIP_OK(HIP(hipMemcpy)(v.data(), data, n * sizeof(T), hipMemcpyDeviceToHost));
    return v;
  }
};

bool launch(const char *name, unsigned grid_x, unsigned grid_y, unsigned block,
            std::vector<void *> pointers, int n) {
  hipFunction_t f = nullptr;
  if (HIP(hipModuleGetFunction)(&f, module, name) != hipSuccess) {
    std::printf("FAIL %s: no such kernel\n", name);
    failures++;
    return false;
  }
  std::vector<char> args(pointers.size() * 8 + 8);
  std::memcpy(args.data(), pointers.data(), pointers.size() * 8);
  std::memcpy(args.data() + pointers.size() * 8, &n, 4);
  size_t size = pointers.size() * 8 + 4;
  void *extra[] = {kLaunchParamBufferPointer, args.data(), kLaunchParamBufferSize, &size,
                   kLaunchParamEnd};
  hipError_t e =
      HIP(hipModuleLaunchKernel)(f, grid_x, grid_y, 1, block, 1, 1, 0, nullptr, nullptr, extra);
  if (e == hipSuccess)
    e = HIP(hipDeviceSynchronize)();
  if (e != hipSuccess) {
    std::printf("FAIL %s: error %u\n", name, unsigned(e));
    failures++;
    return false;
  }
  return true;
}

template <class T> bool same(T x, T y) {
  return std::memcmp(&x, &y, sizeof x) == 0 || (x != x && y != y);
}

template <class T>
void compare(const char *name, const std::vector<T> &got, const std::vector<T> &want,
             const std::vector<T> *a = nullptr, const std::vector<T> *b = nullptr) {
  checks++;
  for (size_t k = 0; k < want.size(); k++)
    if (!same(got[k], want[k])) {
      u64 g = 0, w = 0, x = 0, y = 0;
      std::memcpy(&g, &got[k], sizeof(T));
      std::memcpy(&w, &want[k], sizeof(T));
      if (a)
        std::memcpy(&x, &(*a)[k], sizeof(T)), std::memcpy(&y, &(*b)[k], sizeof(T));
      std::printf("FAIL %s [%zu]: got %llx (%g), want %llx (%g); a = %llx, b = %llx\n", name, k, g,
                  double(got[k]), w, double(want[k]), x, y);
      failures++;
      return;
    }
}

std::mt19937_64 random_bits(12345);

/// Values that find mistakes: small, large, special, random.
template <class T> std::vector<T> values(size_t n) {
  std::vector<T> v(n);
  for (size_t k = 0; k < n; k++) {
    u64 r = random_bits();
    T x{};
    if constexpr (T(0.5) != T(0)) {
      static const T special[] = {T(0),     T(-0.0), T(1),      T(-1),   T(0.5),
                                  T(1e-40), T(3e38), T(-1e-38), T(1e10), T(-123456.75)};
      if (r % 4 == 0)
        x = special[r / 4 % 10];
      else if (r % 4 == 1)
        x = T(double(i64(r)) * 0x1p-50);
      else if (r % 4 == 2)
        x = T(double(i64(r)) * 0x1p-63);
      else
        x = T(double(i64(r)) * 0x1p-35);
    } else {
      static const T special[] = {T(0),
                                  T(1),
                                  T(-1),
                                  T(2),
                                  T(0x80000000u),
                                  T(0x7fffffff),
                                  T(u64(1) << (sizeof(T) * 8 - 1)),
                                  T(255),
                                  T(65536),
                                  T(3)};
      x = r % 3 == 0   ? special[r / 4 % 10]
          : r % 3 == 1 ? T(random_bits())
                       : T(random_bits() >> (r >> 8) % 60);
    }
    v[k] = x;
  }
  return v;
}

template <class T> void body(const char *name, T (*f)(T, T, int)) {
  const int n = 1000;
  std::vector<T> a = values<T>(n), b = values<T>(n), want(n);
  for (int k = 0; k < n; k++)
    want[size_t(k)] = f(a[size_t(k)], b[size_t(k)], k);
  Buffer<T> da(a), db(b), dc(std::vector<T>(n, T(0)));
  if (launch(name, 4, 1, 256, {da.data, db.data, dc.data}, n))
    compare(name, dc.take(), want, &a, &b);
}

void groups() {
  const int n = 5000;
  std::vector<u32> in(n);
  for (u32 &x : in)
    x = u32(random_bits());
  u32 sum = 0;
  std::vector<u32> bins(64);
  for (u32 x : in)
    sum += x, bins[x % 64]++;
  Buffer<u32> din(in), dsum(std::vector<u32>(1)), dbins(std::vector<u32>(64));
  if (launch("reduce", 4, 1, 256, {din.data, dsum.data}, n))
    compare("reduce", dsum.take(), {sum});
  if (launch("histogram", 4, 1, 256, {din.data, dbins.data}, n))
    compare("histogram", dbins.take(), bins);

  std::vector<u64> cells(16);
  std::vector<u32> w(32);
  w[2] = w[6] = ~0u, w[4] = 0x7fffffff;
  std::memcpy(cells.data(), w.data(), 128);
  Buffer<u64> dcells(cells);
  const int m = 1000;
  f32 fsum = 0;
  f64 dsum64 = 0;
  std::vector<u64> want = cells;
  std::memcpy(w.data(), cells.data(), 128);
  for (int k = 0; k < m; k++) {
    u32 x = in[size_t(k)];
    w[0] += x, w[1] -= x, w[2] = x < w[2] ? x : w[2], w[3] = x > w[3] ? x : w[3];
    w[4] = u32(i32(x) < i32(w[4]) ? i32(x) : i32(w[4])),
    w[5] = u32(i32(x) > i32(w[5]) ? i32(x) : i32(w[5]));
    w[6] &= x | 0xff, w[7] |= x & 0xf0f0, w[8] ^= x, w[9] += x & 7;
    fsum += f32(x & 15), dsum64 += f64(x & 15);
  }
  std::memcpy(&w[24], &fsum, 4);
  std::memcpy(want.data(), w.data(), 128);
  for (int k = 0; k < m; k++) {
    u64 x = u64(in[size_t(k)]) << 20;
    want[8] += x, want[9] = x > want[9] ? x : want[9], want[10] ^= x;
    i64 y = i64(i32(in[size_t(k)])) * 5;
    want[11] = u64(y < i64(want[11]) ? y : i64(want[11]));
  }
  std::memcpy(&want[13], &dsum64, 8);
  if (launch("atomics", 4, 1, 256, {din.data, dcells.data}, m))
    compare("atomics", dcells.take(), want);

  std::vector<u32> out(1024), lanes(1024);
  for (u32 k = 0; k < 1024; k++) {
    u32 base = k & ~31u, votes = 0, total = 0;
    for (u32 l = 0; l < 32; l++)
      votes += in[base + l] & 1;
    for (u32 l = k & ~15u; l <= k; l++)
      total += in[l] & 0xff;
    lanes[k] = (in[base + ((k & 31) ^ 5)] + votes) * 31 + total;
  }
  Buffer<u32> dout(out);
  if (launch("lanes", 4, 1, 256, {din.data, dout.data}, 1024))
    compare("lanes", dout.take(), lanes);

  const u32 s = 64;
  std::vector<f32> a = values<f32>(s * s), b = values<f32>(s * s), c(s * s);
  for (f32 &x : a)
    x = f32(random_bits() % 17) - 8;
  for (f32 &x : b)
    x = f32(random_bits() % 1000) * 0.125f;
  for (u32 y = 0; y < s; y++)
    for (u32 x = 0; x < s; x++) {
      f32 t = 0;
      for (u32 k = 0; k < s; k++)
        t = __builtin_fmaf(a[y * s + k], b[k * s + x], t);
      c[y * s + x] = t;
    }
  Buffer<f32> da(a), db(b), dc(std::vector<f32>(s * s));
  if (launch("matmul", s / 16, s / 16, 256, {da.data, db.data, dc.data}, int(s)))
    compare("matmul", dc.take(), c);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    std::printf("usage: run_kernels HIP-LIBRARY FILE.hsaco\n");
    return 2;
  }
  library = dlopen(argv[1], RTLD_NOW);
  if (!library) {
    std::printf("FAIL %s\n", dlerror());
    return 1;
  }
  std::ifstream file(argv[2], std::ios::binary);
  std::vector<char> image{std::istreambuf_iterator<char>(file), {}};
  HIP_OK(HIP(hipInit)(0));
  HIP_OK(HIP(hipModuleLoadData)(&module, image.data()));
#define BODY(NAME, T, ...) body<T>("k_" #NAME, body_##NAME);
#include "bodies.def"
#undef BODY
  groups();
  HIP_OK(HIP(hipModuleUnload)(module));
  std::printf("%s: %d of %d comparisons failed\n", failures ? "FAIL" : "PASS", failures, checks);
  return failures != 0;
}
