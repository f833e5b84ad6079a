// What every test program includes: CUDA (the toolkit's headers under nvcc, our own declarations under clang) and the few
// helpers with which a program checks itself against the CPU.
//
// A program prints `PASS <name> <what>` and exits with 0, or says what differs (`FAIL ...`) and exits with 1.
#pragma once

#if defined(__NVCC__)
#include <cuda_runtime.h>
#else
#include "w2w_cuda.h"
#endif

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#define CUDA_OK(call)                                                                              \
  do {                                                                                             \
    cudaError_t error_ = (call);                                                                   \
    if (error_ != cudaSuccess) {                                                                   \
      std::printf("FAIL %s:%d: %s: %s (%d)\n", __FILE__, __LINE__, #call, cudaGetErrorString(error_), \
                  static_cast<int>(error_));                                                       \
      std::exit(1);                                                                                \
    }                                                                                              \
  } while (0)

/// For after a launch: reports a launch that was refused, waits, reports a kernel that failed.
#define CUDA_LAUNCHED()                                                                            \
  do {                                                                                             \
    CUDA_OK(cudaGetLastError());                                                                   \
    CUDA_OK(cudaDeviceSynchronize());                                                              \
  } while (0)

#define EXPECT(condition)                                                                          \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      std::printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #condition);                             \
      std::exit(1);                                                                                \
    }                                                                                              \
  } while (0)

/// A device buffer of n elements of T; freed at the end of its scope.
template <class T> class Buffer {
public:
  explicit Buffer(size_t n) : n_(n) { CUDA_OK(cudaMalloc(&data_, n * sizeof(T))); }
  explicit Buffer(const std::vector<T> &from) : Buffer(from.size()) { put(from); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  ~Buffer() { cudaFree(data_); }

  T *get() const { return data_; }
  size_t size() const { return n_; }
  void put(const std::vector<T> &from) {
    CUDA_OK(cudaMemcpy(data_, from.data(), n_ * sizeof(T), cudaMemcpyHostToDevice));
  }
  std::vector<T> take() const {
    std::vector<T> to(n_);
    CUDA_OK(cudaMemcpy(to.data(), data_, n_ * sizeof(T), cudaMemcpyDeviceToHost));
    return to;
  }
  void fill(int byte) { CUDA_OK(cudaMemset(data_, byte, n_ * sizeof(T))); }

private:
  T *data_ = nullptr;
  size_t n_ = 0;
};

/// A small repeatable random generator (xorshift64*).
class Random {
public:
  explicit Random(unsigned long long seed) : state_(seed * 0x9e3779b97f4a7c15ull + 1) {}
  unsigned next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<unsigned>((state_ * 0x2545f4914f6cdd1dull) >> 32);
  }
  int between(int low, int high) { return low + static_cast<int>(next() % static_cast<unsigned>(high - low + 1)); }
  /// In [0, 1), with 24 random bits.
  float unit() { return static_cast<float>(next() >> 8) * 0x1p-24f; }

private:
  unsigned long long state_;
};

inline std::string show(float v) { char s[64]; std::snprintf(s, sizeof s, "%.9g (%a)", v, v); return s; }
inline std::string show(double v) { char s[64]; std::snprintf(s, sizeof s, "%.17g (%a)", v, v); return s; }
template <class T> std::string show(T v) { return std::to_string(v); }

/// Every element equal bit for bit (as values: -0 == 0), or the program ends with the first difference.
template <class T> void expect_equal(const char *what, const std::vector<T> &got, const std::vector<T> &want) {
  EXPECT(got.size() == want.size());
  size_t different = 0, first = 0;
  for (size_t i = 0; i < got.size(); ++i)
    if (!(got[i] == want[i]) && different++ == 0)
      first = i;
  if (different == 0)
    return;
  std::printf("FAIL %s: %zu of %zu elements differ; first [%zu]: got %s, want %s\n", what, different, got.size(), first,
              show(got[first]).c_str(), show(want[first]).c_str());
  std::exit(1);
}

/// Every element within `relative` of the wanted one (or of 1, for small values).
template <class T>
void expect_close(const char *what, const std::vector<T> &got, const std::vector<T> &want, double relative) {
  EXPECT(got.size() == want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    double scale = std::fabs(static_cast<double>(want[i]));
    if (std::fabs(static_cast<double>(got[i]) - static_cast<double>(want[i])) <= relative * (scale > 1 ? scale : 1))
      continue;
    std::printf("FAIL %s [%zu]: got %s, want %s\n", what, i, show(got[i]).c_str(), show(want[i]).c_str());
    std::exit(1);
  }
}

/// The n-th command-line argument as a positive number, or a default.
inline int argument(int argc, char **argv, int n, int otherwise) {
  return argc > n ? std::atoi(argv[n]) : otherwise;
}

inline double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline int passed(const char *name, const std::string &what) {
  std::printf("PASS %s %s\n", name, what.c_str());
  return 0;
}
