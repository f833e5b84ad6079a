#include "runtime/emulator/insight/counters.h"

#include "runtime/emulator/insight/output.h"
#include "runtime/emulator/launch.h"
#include "runtime/emulator/workgroup.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <numeric>
#include <vector>

namespace w2w::emu {

uint64_t Counters::total() const {
  return std::accumulate(instructions.begin(), instructions.end(), uint64_t{0});
}

namespace {

void add(Traffic &to, const Traffic &t) {
  to.loads += t.loads, to.stores += t.stores, to.atomics += t.atomics;
  to.load_bytes += t.load_bytes, to.store_bytes += t.store_bytes;
  to.atomic_bytes += t.atomic_bytes;
  to.lines += t.lines;
}

} // namespace

void Counters::add(const Counters &c) {
  workgroups += c.workgroups, waves += c.waves;
  for (unsigned k = 0; k < kClasses; k++)
    instructions[k] += c.instructions[k];
  vector_instructions += c.vector_instructions;
  active_lanes += c.active_lanes;
  partial_exec += c.partial_exec, empty_exec += c.empty_exec;
  exec_splits += c.exec_splits;
  emu::add(global, c.global), emu::add(lds, c.lds);
  emu::add(scratch, c.scratch), emu::add(scalar, c.scalar);
  lds_cycles += c.lds_cycles, lds_conflict_cycles += c.lds_conflict_cycles;
  shortest_wave = std::min(shortest_wave, c.shortest_wave);
  longest_wave = std::max(longest_wave, c.longest_wave);
}

namespace {

/// Sorts [0, n) and returns how many different values there are.
unsigned different(uint64_t *values, unsigned n) {
  if (!std::is_sorted(values, values + n)) // the usual case is quick
    std::sort(values, values + n);
  return static_cast<unsigned>(std::unique(values, values + n) - values);
}

constexpr unsigned kBanks = 32, kBankBytes = 4;

/// How many different words of the fullest bank are among words[0, n).
unsigned fullest_bank(uint64_t *words, unsigned n) {
  std::array<uint64_t, kBanks> first;
  first.fill(~uint64_t{0});
  bool conflict = false;
  for (unsigned k = 0; k < n; k++) {
    uint64_t &there = first[words[k] % kBanks];
    conflict |= there != ~uint64_t{0} && there != words[k];
    there = words[k];
  }
  if (!conflict)
    return 1;
  std::array<unsigned, kBanks> load{};
  unsigned most = 0;
  for (unsigned k = 0, end = different(words, n); k < end; k++)
    most = std::max(most, ++load[words[k] % kBanks]);
  return most;
}

} // namespace

BankCycles bank_cycles(const isa::LaneAccesses &a) {
  constexpr unsigned kLanes = 64;
  constexpr unsigned kMostWords = kBanks * 2; // an access that is not aligned reaches one word more
  unsigned dwords = std::max(1u, (a.size + kBankBytes - 1) / kBankBytes);
  unsigned at_once = kBanks / std::bit_ceil(dwords);
  BankCycles r;
  for (unsigned first = 0; first < kLanes; first += at_once) {
    uint64_t mask = a.mask >> first & ((uint64_t{1} << at_once) - 1);
    if (!mask)
      continue;
    std::array<uint64_t, kMostWords> words;
    unsigned n = 0;
    for (; mask; mask &= mask - 1) {
      unsigned lane = first + static_cast<unsigned>(std::countr_zero(mask));
      uint64_t end = (a.at[lane] + a.size - 1) / kBankBytes;
      for (uint64_t word = a.at[lane] / kBankBytes; word <= end; word++)
        words[n++] = word;
    }
    r.cycles += fullest_bank(words.data(), n);
    r.least += 1;
  }
  return r;
}

unsigned lines_touched(const isa::LaneAccesses &a) {
  constexpr uint64_t kLine = 128;
  std::array<uint64_t, 128> lines; // an access of up to 128 bytes reaches into two
  unsigned n = 0;
  uint64_t last = ~uint64_t{0};
  for (uint64_t mask = a.mask; mask; mask &= mask - 1) {
    uint64_t at = a.at[std::countr_zero(mask)];
    for (uint64_t line : {at / kLine, (at + a.size - 1) / kLine})
      if (line != last)
        lines[n++] = last = line;
  }
  return different(lines.data(), n);
}

namespace {
uint64_t exec_of(const Wave &w) {
  return w.exec() & w.full_exec();
}
} // namespace

GroupCounter::GroupCounter(uint32_t waves, std::function<void(const Counters &)> hand_over)
    : hand_over_(std::move(hand_over)), threads_(waves) {}

void GroupCounter::group_started(const Workgroup &) {
  counters_ = Counters{};
  counters_.workgroups = 1;
}

void GroupCounter::wave_started(Wave &w) {
  counters_.waves++;
  threads_[w.wave_in_group] = exec_of(w);
}

int GroupCounter::before(Wave &w, const isa::Inst &i, StopInfo &) {
  exec_ = exec_of(w);
  InstClass c = class_of(*i.opcode);
  counters_.instructions[unsigned(c)]++;
  if (is_vector(c)) {
    counters_.vector_instructions++;
    counters_.active_lanes += static_cast<unsigned>(std::popcount(exec_));
    counters_.partial_exec += exec_ && exec_ != threads_[w.wave_in_group];
    counters_.empty_exec += !exec_;
  }
  if (i.opcode->bytes)
    count_memory(w, i);
  return isa::kContinue;
}

int GroupCounter::after(Wave &w, const isa::Inst &, StopInfo &, int next) {
  uint64_t now = exec_of(w);
  counters_.exec_splits += now != exec_ && now && (now & ~exec_) == 0;
  return next;
}

void GroupCounter::wave_ended(Wave &w) {
  counters_.shortest_wave = std::min(counters_.shortest_wave, w.instructions);
  counters_.longest_wave = std::max(counters_.longest_wave, w.instructions);
}

void GroupCounter::count_memory(const Wave &w, const isa::Inst &i) {
  isa::LaneAccesses list[isa::kMostAccesses];
  unsigned n = isa::accesses(w, i, list);
  for (unsigned k = 0; k < n; k++) {
    const isa::LaneAccesses &a = list[k];
    Traffic &t = a.space == MemorySpace::Lds       ? counters_.lds
                 : a.space == MemorySpace::Scratch ? counters_.scratch
                 : a.space == MemorySpace::Scalar  ? counters_.scalar
                                                   : counters_.global;
    uint64_t bytes = uint64_t{a.size} * static_cast<unsigned>(std::popcount(a.mask));
    switch (a.access) {
    case MemoryAccess::Read:
      t.loads++, t.load_bytes += bytes;
      break;
    case MemoryAccess::Write:
      t.stores++, t.store_bytes += bytes;
      break;
    case MemoryAccess::Atomic:
    case MemoryAccess::OwnAtomic:
      t.atomics++, t.atomic_bytes += bytes;
      break;
    }
    if (a.space == MemorySpace::Global)
      t.lines += lines_touched(a);
    if (a.space == MemorySpace::Lds) {
      BankCycles c = bank_cycles(a);
      counters_.lds_cycles += c.cycles;
      counters_.lds_conflict_cycles += c.cycles - c.least;
    }
  }
}

namespace {

class CountedLaunch final : public LaunchObserver {
public:
  explicit CountedLaunch(const LaunchPlan &plan) : plan_(plan) {}
  std::unique_ptr<GroupObserver> group() override {
    return std::make_unique<GroupCounter>(plan_.waves(), [this](const Counters &c) {
      std::lock_guard lock(mutex_);
      counters_.add(c);
    });
  }
  /// Of a launch that failed, the workgroups that ended are counted.
  void finish(LaunchFailure &) override {
    std::lock_guard lock(mutex_);
    Output &out = counters_output();
    out.write(out.json() ? as_json(counters_, plan_) + "\n" : as_text(counters_, plan_));
  }

private:
  LaunchPlan plan_;
  std::mutex mutex_;
  Counters counters_;
};

} // namespace

bool counters_wanted() {
  return counters_output().wanted();
}
std::unique_ptr<LaunchObserver> count_launch(const LaunchPlan &plan) {
  return std::make_unique<CountedLaunch>(plan);
}

} // namespace w2w::emu
