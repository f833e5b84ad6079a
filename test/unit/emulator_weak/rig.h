// A few waves on a device of the weak mode, each a workgroup of its own unless told otherwise, in
// an order that a seed decides.
#pragma once

#include "runtime/emulator/isa/execute.h"
#include "runtime/emulator/memory_map.h"
#include "runtime/emulator/weak/weak.h"

#include <memory>
#include <string>
#include <vector>

namespace w2w::emu::test {

/// How each generation spells what a litmus test is made of. %0: destination or data, %1: address.
struct Dialect {
  const char *cpu;
  unsigned lanes;
  const char *load, *load_agent, *store, *store_agent;
  const char *release, *acquire; ///< at agent scope, without the access itself
  const char *wait_load, *wait_lds, *wait_scalar;
  const char *scalar_load;
};
const std::vector<Dialect> &dialects();

/// Assembled text for one processor, shared by many runs.
class Program {
public:
  Program(const Dialect &, const std::string &text);
  DecodeCache &code() const { return *cache_; }
  uint64_t entry() const { return uint64_t(bytes_.data()); }

private:
  std::vector<uint8_t> bytes_;
  std::unique_ptr<DecodeCache> cache_;
};

class Rig {
public:
  Rig(const Dialect &, uint64_t seed, bool split = false);
  ~Rig();
  /// v[2:3] = address of x, v[4:5] = of y, s[4:5] = of x, v6 = 1, lane 0 alone; x and y are 0.
  void add(const Program &, unsigned group);
  /// Runs all waves to their ends. False if one stops otherwise.
  bool run();
  uint32_t v(unsigned wave, unsigned r) const;
  uint32_t s(unsigned wave, unsigned r) const;
  uint32_t &x() { return *reinterpret_cast<uint32_t *>(memory_); }
  uint32_t &y() { return *reinterpret_cast<uint32_t *>(memory_ + kApart); }
  uint64_t hazards() const { return hazards_; }

  static constexpr unsigned kApart = 1024;

private:
  struct Slot;
  struct Shared;
  const Dialect &dialect_;
  weak::Random random_;
  std::unique_ptr<uint8_t[]> storage_;
  uint8_t *memory_;
  MemoryMap map_;
  uint64_t hazards_ = 0;
  std::unique_ptr<LaunchObserver> launch_;
  std::vector<std::unique_ptr<Shared>> groups_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

/// Replaces the words of `text` that name parts of the dialect: LOAD(d,a), LOADA, STORE(d,a),
/// STOREA, RELEASE, ACQUIRE, WAITL, WAITD, WAITS, SLOAD(d,offset).
std::string spell(const Dialect &, std::string text);

} // namespace w2w::emu::test
