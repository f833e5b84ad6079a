// One wave of one emulated processor, for tests of single instructions.
#pragma once

#include "runtime/emulator/isa/execute.h"
#include "runtime/emulator/memory_map.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace w2w::emu::test {

class Machine {
public:
  Machine(std::string cpu, unsigned lanes);

  /// Assembles the lines, appends s_endpgm, runs the wave to its end. False (with `stop` saying
  /// why) if it does not get there; `assembled` is false if the processor does not have the
  /// instruction.
  bool run(const std::string &text);

  uint32_t &v(unsigned r, unsigned lane) { return wave.row(r)[lane]; }
  uint64_t v64(unsigned r, unsigned lane) { return v(r, lane) | uint64_t(v(r + 1, lane)) << 32; }
  /// Lane l gets values[l % size]; 64-bit ones fill two registers.
  void set(unsigned r, const std::vector<uint64_t> &values, bool wide = false);
  void set_s64(unsigned r, uint64_t x) {
    wave.s[r] = uint32_t(x), wave.s[r + 1] = uint32_t(x >> 32);
  }
  uint64_t s64(unsigned r) const { return wave.s[r] | uint64_t(wave.s[r + 1]) << 32; }

  std::string cpu;
  unsigned lanes;
  Wave wave;
  Workgroup group;
  StopInfo stop;
  bool assembled = false;
  MemoryMap memory;
  std::vector<uint8_t> lds;
  std::vector<uint8_t> scratch;
  /// 64 KiB of device memory.
  uint8_t *global;

private:
  VectorRegisters registers;
  std::unique_ptr<uint8_t[]> global_storage;
};

/// All processors and wave sizes that a test should run on.
struct Model {
  const char *cpu;
  unsigned lanes;
};
const std::vector<Model> &models();

/// One instruction on lists of values: sources in v[2:3], v[4:5], v[6:7] (names 2, 4, 6), result in
/// v[0:1], which is filled with `old` first. Lane l uses element l of each list, cyclically.
struct Case {
  const char *text;
  std::vector<uint64_t> a, b, c, want;
  const char *only = nullptr; ///< "gfx9", "gfx1100", ...: prefix of the processors it is for
  uint32_t mode = 0;          ///< 0: the default 0x2f0 (IEEE, denormals kept)
  uint64_t old = 0;
};
/// Runs the cases on every model that can assemble them; each case must be assembled by one at
/// least.
void check(const std::vector<Case> &cases);

uint64_t f(float x);
uint64_t d(double x);
inline constexpr uint64_t kNan = 0x7fc00000, kInf = 0x7f800000, kMinusInf = 0xff800000,
                          kMinus0 = 0x80000000;

} // namespace w2w::emu::test
