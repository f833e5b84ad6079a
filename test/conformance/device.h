// The device the conformance suite runs on: any library with HIP's module API, the emulator by
// default.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace w2w::conformance {

class Device {
public:
  /// Opens the HIP library; for the emulator, `mcpu` picks the model. Prints the reason and returns
  /// null on failure.
  static std::unique_ptr<Device> open(const std::string &library, const std::string &mcpu);
  ~Device();

  /// Loads a code object; the previous one is unloaded. False, with a message on stderr, on
  /// failure.
  bool load(std::span<const uint8_t> code_object);
  /// Runs `kernel`(u64 in, u64 out, u32 rows), or with a fourth parameter (u64 shared) if there is
  /// one, which solo kernels can't have. False, with the error's name in `error`, on failure.
  bool run(const std::string &kernel, const std::vector<uint64_t> &in, std::vector<uint64_t> &out,
           uint32_t blocks, uint32_t threads, std::string &error, uint32_t rows = ~0u,
           uint64_t shared = 0);

  /// From now on kernels are of the runtime ABI, in solo mode: what is launched gets a launch
  /// block, and the work-items that abi::solo_work_items says. They may have no module variables.
  void launch_solo();

  /// Memory on the device that holds these bytes; 0 on failure. Freed by reset() at the latest.
  uint64_t upload(std::span<const uint8_t> bytes);
  /// Copies over memory of upload().
  bool write(uint64_t address, std::span<const uint8_t> bytes);
  bool read(uint64_t address, std::span<uint8_t> bytes);

  /// Clears a sticky launch error; what was loaded and allocated is gone.
  bool reset();

private:
  struct Impl;
  explicit Device(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace w2w::conformance
