// One wave of one emulated processor, for tests of single instructions.
#pragma once

#include "runtime/emulator/isa/execute.h"
#include "runtime/emulator/memory_map.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace w2w::emu::test {

class Machine {
public:
  Machine(std::string cpu, unsigned lanes);

  /// Assembles the lines, appends s_endpgm, runs the wave to its end. False (with `stop` saying
  /// why) if it does not get there; `assembled` is false if the processor does not have the
  /// instruction. The instruction under test is the only line, or else the lines that begin with
  /// '>'; if the end is reached it counts as tested (completeness_test.cpp), so the caller must
  /// compare what it left.
  bool run(const std::string &text);
  /// The program of the last run() once more.
  bool again();
  /// Counts the instruction under test of the last run() as tested though the wave did not get to
  /// the end of its program (traps, barriers, faults): the caller has compared `stop`.
  void credit();

  /// MODE as a launch sets it: gfx12 has no bits for IEEE and dx10_clamp.
  uint32_t launch_mode(uint32_t mode) const {
    return cpu.starts_with("gfx12") ? mode & ~0x300u : mode;
  }

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
  std::vector<uint8_t> code;
  std::unique_ptr<DecodeCache> cache;
  std::vector<std::string> subjects; ///< of the last run
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
/// v0, or in v[0:1] if the text has v[0:1] or more, which is filled with `old` first. Lane l uses
/// element l of each list, cyclically. Several lines: '>' marks the one under test, as in
/// Machine::run.
struct Case {
  std::string text;
  std::vector<uint64_t> a, b, c, want;
  const char *only = nullptr; ///< "gfx9", "gfx1100", ...: prefix of the processors it is for
  uint32_t mode = 0;          ///< 0: the default (IEEE, dx10_clamp, denormals kept)
  uint64_t old = 0;
};
/// Runs the cases on every model that can assemble them; each case must be assembled by one at
/// least.
void check(const std::vector<Case> &cases);

/// TEST_CASE whose instructions count as tested: completeness_test.cpp runs the body too,
/// whatever tests are asked for, and demands that all opcodes of the table are among them.
#define TESTED_CASE(NAME) W2W_TESTED_CASE(NAME, INTERNAL_CATCH_UNIQUE_NAME(w2w_tested))
#define W2W_TESTED_CASE(NAME, BODY) W2W_TESTED_CASE_OF(NAME, BODY)
#define W2W_TESTED_CASE_OF(NAME, BODY)                                                             \
  static void BODY();                                                                              \
  static const bool BODY##_known = w2w::emu::test::know_tested(BODY);                              \
  TEST_CASE(NAME) {                                                                                \
    (void)BODY##_known;                                                                            \
    w2w::emu::test::run_tested(BODY);                                                              \
  }                                                                                                \
  static void BODY()
bool know_tested(void (*body)());
void run_tested(void (*body)());
/// Runs those of them that this process has not run.
void run_remaining_tests();

/// Mnemonics without their encoding's suffix, as the processor's disassembler spells them, that
/// runs were credited with so far: mnemonic and processor.
const std::set<std::pair<std::string, std::string>> &tested();

uint64_t f(float x);
uint64_t d(double x);
inline constexpr uint64_t kNan = 0x7fc00000, kInf = 0x7f800000, kMinusInf = 0xff800000,
                          kMinus0 = 0x80000000;

} // namespace w2w::emu::test
