// What the emulator's tests share: one device of each model, code objects, checked calls.
#pragma once

#include "runtime/emulator/api.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#define HIP_OK(call) REQUIRE(std::string(w2w::hip::hipGetErrorName(call)) == "hipSuccess")
#define HIP_IS(call, error) REQUIRE(std::string(w2w::hip::hipGetErrorName(call)) == #error)

namespace w2w::emu::test {

using namespace w2w::hip;

/// The devices of the test process, in this order; each has its code object.
struct Target {
  int device;
  const char *gfx;
};
inline constexpr Target kTargets[] = {
    {0, "gfx90a"}, {1, "gfx942"}, {2, "gfx1030"}, {3, "gfx1100"}, {4, "gfx1201"}};

inline std::vector<uint8_t> read_file(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(file)), {});
  REQUIRE(!bytes.empty());
  return bytes;
}

/// A module loaded on a device, which becomes the current one.
class Kernels {
public:
  Kernels(int device, const std::string &name) {
    HIP_OK(hipSetDevice(device));
    std::vector<uint8_t> image = read_file(std::string(KERNELS) + name + ".co");
    HIP_OK(hipModuleLoadData(&module_, image.data()));
  }
  ~Kernels() {
    if (hipModuleUnload(module_) != hipSuccess)
      (void)hipDeviceReset();
  }
  hipFunction_t operator[](const char *name) const {
    hipFunction_t function = nullptr;
    HIP_OK(hipModuleGetFunction(&function, module_, name));
    return function;
  }
  hipModule_t module() const { return module_; }

private:
  hipModule_t module_ = nullptr;
};

/// Device memory of n words.
class Words {
public:
  explicit Words(size_t n, uint32_t fill = 0) : n_(n) {
    HIP_OK(hipMalloc(&pointer, n * 4));
    HIP_OK(hipMemsetD32(pointer, static_cast<int>(fill), n));
  }
  explicit Words(const std::vector<uint32_t> &values) : Words(values.size()) {
    HIP_OK(hipMemcpy(pointer, values.data(), n_ * 4, hipMemcpyHostToDevice));
  }
  ~Words() { (void)hipFree(pointer); }
  Words(const Words &) = delete;
  Words &operator=(const Words &) = delete;
  std::vector<uint32_t> get() const {
    std::vector<uint32_t> values(n_);
    HIP_OK(hipMemcpy(values.data(), pointer, n_ * 4, hipMemcpyDeviceToHost));
    return values;
  }
  void *pointer = nullptr;

private:
  size_t n_;
};

template <typename... A>
hipError_t launch(hipFunction_t function, Dim grid, Dim block, uint32_t lds, hipStream_t stream,
                  A... args) {
  void *params[] = {static_cast<void *>(&args)..., nullptr};
  return hipModuleLaunchKernel(function, grid[0], grid[1], grid[2], block[0], block[1], block[2],
                               lds, stream, params, nullptr);
}

} // namespace w2w::emu::test
