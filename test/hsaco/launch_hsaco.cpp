// Runs code objects made by ptx2hsaco (the standalone ABI: no runtime of ours involved) through
// HIP's module API:
//   launch_hsaco HIP-LIBRARY vector_add|matmul FILE.hsaco
// HIP-LIBRARY is the emulator or ROCm's libamdhip64.so. Results are checked against the CPU; exit
// status 0 means equal.
#include "runtime/hip/hip_abi.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using namespace w2w::hip;

void *library;

template <class F> F function(const char *name) {
  void *p = dlsym(library, name);
  if (!p) {
    std::printf("FAIL %s is not exported\n", name);
    std::exit(1);
  }
  return reinterpret_cast<F>(p);
}

#define HIP_OK(call)                                                                               \
  do {                                                                                             \
    hipError_t error_ = (call);                                                                    \
    if (error_ != hipSuccess) {                                                                    \
      std::printf("FAIL %s:%d: %s: error %u\n", __FILE__, __LINE__, #call,                         \
                  static_cast<unsigned>(error_));                                                  \
      std::exit(1);                                                                                \
    }                                                                                              \
  } while (0)

// The functions' types, from hip_functions.def.
struct Types {
#define HIP_FUNCTION(presence, type, name, parameters) type(*name) parameters;
#include "runtime/hip/hip_functions.def"
#undef HIP_FUNCTION
};
#define HIP(name) function<decltype(Types::name)>(#name)

template <class T> struct Buffer {
  void *data = nullptr;
  size_t n;
  explicit Buffer(size_t n) : n(n) { HIP_OK(HIP(hipMalloc)(&data, n * sizeof(T))); }
  explicit Buffer(const std::vector<T> &v) : Buffer(v.size()) {
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

/// The kernel's parameters, packed as PTX lays them out: naturally aligned, in order.
class Parameters {
public:
  template <class T> Parameters &add(T value) {
    size_t at = (bytes_.size() + alignof(T) - 1) / alignof(T) * alignof(T);
    bytes_.resize(at + sizeof(T));
    std::memcpy(&bytes_[at], &value, sizeof(T));
    return *this;
  }
  void launch(hipFunction_t f, dim3 grid, dim3 block, unsigned shared) {
    size_t size = bytes_.size();
    void *extra[] = {kLaunchParamBufferPointer, bytes_.data(), kLaunchParamBufferSize, &size,
                     kLaunchParamEnd};
    HIP_OK(HIP(hipModuleLaunchKernel)(f, grid.x, grid.y, grid.z, block.x, block.y, block.z, shared,
                                      nullptr, nullptr, extra));
    HIP_OK(HIP(hipDeviceSynchronize)());
  }

private:
  std::vector<char> bytes_;
};

hipFunction_t kernel(hipModule_t module, const char *name) {
  hipFunction_t f = nullptr;
  HIP_OK(HIP(hipModuleGetFunction)(&f, module, name));
  return f;
}

template <class T>
void expect(const char *what, const std::vector<T> &got, const std::vector<T> &want) {
  for (size_t i = 0; i < want.size(); ++i)
    if (!(got[i] == want[i])) {
      std::printf("FAIL %s [%zu]: got %g, want %g\n", what, i, double(got[i]), double(want[i]));
      std::exit(1);
    }
}

void vector_add(hipModule_t module) {
  const int n = 1000;
  std::vector<float> a(n), b(n), want(n);
  for (int i = 0; i < n; ++i) {
    a[i] = 0.5f * float(i);
    b[i] = 1000.25f - float(i);
    want[i] = a[i] + b[i];
  }
  Buffer<float> da(a), db(b), dc(n);
  Parameters p;
  p.add(da.data).add(db.data).add(dc.data).add(n);
  p.launch(kernel(module, "_Z10vector_addPKfS0_Pfi"), {4}, {256}, 0);
  expect("sum", dc.take(), want);
}

void matmul(hipModule_t module) {
  const int m = 40, n = 33, k = 50;
  std::vector<float> a(m * k), b(k * n), want(m * n);
  for (int i = 0; i < m * k; ++i)
    a[i] = float(i * 7 % 17 - 8);
  for (int i = 0; i < k * n; ++i)
    b[i] = float(i * 5 % 19 - 9);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j)
      for (int l = 0; l < k; ++l)
        want[i * n + j] += a[i * k + l] * b[l * n + j];
  Buffer<float> da(a), db(b), dc(want.size());
  Parameters p;
  p.add(da.data).add(db.data).add(dc.data).add(m).add(n).add(k);
  p.launch(kernel(module, "_Z13matmul_staticPKfS0_Pfiii"), {3, 3}, {16, 16}, 0);
  expect("static tiles", dc.take(), want);
  Buffer<float> dd(want.size());
  Parameters q;
  q.add(da.data).add(db.data).add(dd.data).add(m).add(n).add(k);
  q.launch(kernel(module, "_Z14matmul_dynamicPKfS0_Pfiii"), {5, 5}, {8, 8}, 2 * 8 * 8 * 4);
  expect("dynamic tiles", dd.take(), want);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    std::printf("usage: launch_hsaco HIP-LIBRARY vector_add|matmul FILE.hsaco\n");
    return 2;
  }
  library = dlopen(argv[1], RTLD_NOW);
  if (!library) {
    std::printf("FAIL %s\n", dlerror());
    return 1;
  }
  std::ifstream file(argv[3], std::ios::binary);
  std::vector<char> image{std::istreambuf_iterator<char>(file), {}};
  hipModule_t module = nullptr;
  HIP_OK(HIP(hipInit)(0));
  HIP_OK(HIP(hipModuleLoadData)(&module, image.data()));
  std::string test = argv[2];
  if (test == "vector_add")
    vector_add(module);
  else if (test == "matmul")
    matmul(module);
  else
    return 2;
  HIP_OK(HIP(hipModuleUnload)(module));
  std::printf("PASS %s\n", test.c_str());
  return 0;
}
