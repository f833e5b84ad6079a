// Litmus tests of the PTX memory model (PTX ISA chapter 8): the programs of ptx/ as our compiler
// makes them at -O0 and -O3, run many times in the weak mode. The forbidden outcome is never seen;
// it is, once the instructions that forbid it are taken out of the machine code. That is done at
// -O3 alone: -O0 has waits for spilled registers between, without which a program would come to no
// end.
#include "test/unit/emulator/support.h"
#include "test/unit/emulator_isa/assembler.h"

#include "runtime/emulator/isa/disassembler.h"

#include <algorithm>
#include <cstring>
#include <regex>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

constexpr unsigned kRuns = 500; ///< at each level, without the forbidden outcome
/// At most, until the weak outcome is seen; the rarest is one run in about 500.
constexpr unsigned kWeakRuns = 20000;
constexpr unsigned kWords = 256; ///< x, y, z and the meeting place, 256 bytes apart

struct Result {
  std::vector<uint32_t> out, memory;
  uint32_t x() const { return memory[0]; }
  uint32_t y() const { return memory[64]; }
};
using Outcome = bool (*)(const Result &);

/// What a cut takes out. A fence in machine code is a run of waits and cache instructions.
enum class Cut {
  Acquire, ///< every instruction that invalidates a cache
  Release, ///< the waits and write-backs right before the memory instruction `next`
  Fence,   ///< Release and Acquire, both before `next` only
  Stores,  ///< every wait for stores alone (gfx10 and later), where flow does not tell what follows
};
/// A target that does not show the weak outcome after a cut, and why.
struct Strong {
  const char *gfx, *why;
};
struct Twin {
  Cut cut;
  const char *next; ///< what the memory instruction behind the fence matches
  std::vector<Strong> strong;
  /// Also the waits and write-backs behind a store of 128 bits: the release of its lock.
  bool lock = false;
};
struct Litmus {
  const char *name;
  Dim grid, block;
  Outcome forbidden;
  std::vector<Twin> twins;
  const char *no_twin = nullptr; ///< why there is nothing to take out
  unsigned times = 1;            ///< kRuns, for an outcome that is seldom seen
};

bool read_old_x(const Result &r) {
  return r.out[0] != 1;
}
bool both_zero(const Result &r) {
  return !r.out[0] && !r.out[1];
}
bool both_one(const Result &r) {
  return r.out[0] && r.out[1];
}
bool halves_apart(const Result &r) {
  return r.out[0] || r.out[1] || r.out[2];
}

// The second instruction that a release orders: the store or atomic of y.
constexpr const char *kRaiseY = "(store|atomic).* offset:256\\b";
constexpr const char *kStoreFlag = "^ds_(write|store)_b32";
constexpr const char *kLoadY = "load.* offset:256\\b";
constexpr const char *kAnyLoad = "load";
constexpr const char *kTakeLock = "atomic_swap";
constexpr const char *kBarrier = "^s_barrier";

constexpr Dim kBlocks[] = {{1, 1, 1}, {2, 1, 1}, {3, 1, 1}, {4, 1, 1}};
constexpr Dim kOneThread = {1, 1, 1}, kFourWarps = {128, 1, 1};

const char kOneL1[] = "the waves of a block share an L1, which takes requests in their order";
const char kWriteBackFollows[] =
    "the write-back of the other wave's release follows the store through their queue";
const char kOneCounter[] =
    "who has the lock has waited for its atomic, and in the one counter for the stores before it";
const char kLockHandsOn[] =
    "who gives the lock of 128 bits back releases, and the flag is read under that lock";
const char kSeenByAll[] = "x has been seen by one, and so is where all see it";
const char kKeepsOrder[] = "requests of one address keep their order";

std::vector<Strong> one_l1() {
  return {{"gfx90a", kOneL1}, {"gfx942", kOneL1}};
}
std::vector<Strong> everywhere(const char *why) {
  std::vector<Strong> all;
  for (const Target &target : kTargets)
    all.push_back({target.gfx, why});
  return all;
}

/// Of message passing between blocks.
std::vector<Twin> message_twins() {
  return {{Cut::Acquire, "", {}}, {Cut::Release, kRaiseY, {}}};
}
/// Between warps of one block; `release`: of what behind it the release is taken out.
std::vector<Twin> block_twins(const char *release) {
  return {{Cut::Acquire, "", one_l1()}, {Cut::Release, release, one_l1()}};
}
/// Of a flag of 128 bits that is written under a lock and read without.
std::vector<Twin> wide_message_twins() {
  return {{Cut::Acquire, "", {}}, {Cut::Release, kTakeLock, {{"gfx90a", kOneCounter}}}};
}
/// Of one that is read under the lock too.
std::vector<Twin> wide_lock_twins() {
  return {{Cut::Acquire, "", {}}, {Cut::Release, kTakeLock, everywhere(kLockHandsOn)}};
}

const std::vector<Litmus> &all() {
  static const std::vector<Litmus> tests = {
      {"mp_cta", kBlocks[0], kFourWarps, read_old_x, block_twins(kRaiseY)},
      {"mp_gpu_block", kBlocks[0], kFourWarps, read_old_x, block_twins(kRaiseY)},
      {"mp_cluster", kBlocks[1], kOneThread, read_old_x, message_twins()},
      {"mp_gpu", kBlocks[1], kOneThread, read_old_x, message_twins()},
      {"mp_sys", kBlocks[1], kOneThread, read_old_x, message_twins()},
      {"mp_fence", kBlocks[1], kOneThread, read_old_x, message_twins()},
      {"mp_halves", kBlocks[1], kOneThread, read_old_x, message_twins()},
      {"mp_volatile", kBlocks[1], kOneThread, read_old_x, message_twins()},
      {"mp_red", kBlocks[1], kOneThread, read_old_x, message_twins()},
      {"mp_vector", kBlocks[1], kOneThread, read_old_x, message_twins()},
      {"mp_sequence", kBlocks[2], kOneThread, read_old_x, message_twins()},
      {"mp_scopes", kBlocks[1], kOneThread, read_old_x, message_twins()},
      {"mp_shared", kBlocks[0], kFourWarps, read_old_x, {}, "the LDS keeps the order of a wave"},
      {"mp_shared_flag", kBlocks[0], kFourWarps, read_old_x, block_twins(kStoreFlag)},
      {"mp_bar", kBlocks[0], kFourWarps, read_old_x, block_twins(kBarrier)},
      {"mp_bar_red", kBlocks[0], kFourWarps, read_old_x, block_twins(kBarrier)},
      {"mp_cluster_barrier",
       kBlocks[0],
       kFourWarps,
       read_old_x,
       {{Cut::Acquire, "", one_l1()}, {Cut::Stores, "", one_l1()}}},
      {"mp_mbarrier", kBlocks[0], kFourWarps, read_old_x, block_twins("^ds_add")},
      {"mp_mbarrier_bulk", kBlocks[0], kFourWarps, read_old_x, block_twins("^ds_add")},
      {"mp_mbarrier_bytes",
       kBlocks[0],
       kFourWarps,
       read_old_x,
       {},
       "the LDS keeps the order of a wave"},
      {"mp_mbarrier_copy",
       kBlocks[0],
       kFourWarps,
       read_old_x,
       {},
       "the LDS keeps the order of a wave"},
      {"mp_arrive",
       kBlocks[0],
       kFourWarps,
       read_old_x,
       {{Cut::Acquire, "", one_l1()}, {Cut::Stores, "", one_l1()}}},
      {"lock",
       kBlocks[1],
       kOneThread,
       [](const Result &r) { return r.x() != 2; },
       {{Cut::Acquire, "", {}}, {Cut::Release, kTakeLock, {}}}},
      {"sb_sc_cta", kBlocks[0], kFourWarps, both_zero, {{Cut::Fence, kLoadY, one_l1()}}},
      {"sb_sc_cluster", kBlocks[1], kOneThread, both_zero, {{Cut::Fence, kLoadY, {}}}},
      {"sb_sc", kBlocks[1], kOneThread, both_zero, {{Cut::Fence, kLoadY, {}}}},
      {"sb_sc_sys", kBlocks[1], kOneThread, both_zero, {{Cut::Fence, kLoadY, {}}}},
      {"sb_membar_gl", kBlocks[1], kOneThread, both_zero, {{Cut::Fence, kLoadY, {}}}},
      {"sb_membar_sys", kBlocks[1], kOneThread, both_zero, {{Cut::Fence, kLoadY, {}}}},
      {"lb_acquire", kBlocks[1], kOneThread, both_one, {{Cut::Fence, kRaiseY, {}}}},
      {"lb_release", kBlocks[1], kOneThread, both_one, {{Cut::Fence, kRaiseY, {}}}},
      {"lb_both", kBlocks[1], kOneThread, both_one, {{Cut::Fence, kRaiseY, {}}}},
      {"lb_fence", kBlocks[1], kOneThread, both_one, {{Cut::Fence, kRaiseY, {}}}},
      {"iriw", kBlocks[3], kOneThread, both_zero, {{Cut::Acquire, "", {}}}},
      {"corr",
       kBlocks[1],
       kOneThread,
       [](const Result &r) { return r.out[0] && !r.out[1]; },
       {},
       kKeepsOrder},
      {"corr_volatile",
       kBlocks[0],
       kFourWarps,
       [](const Result &r) { return r.out[0] && !r.out[1]; },
       {},
       kKeepsOrder},
      {"cowr",
       kBlocks[1],
       kOneThread,
       [](const Result &r) { return !r.out[0] || (r.out[0] == 2 && r.x() == 1); },
       {},
       kKeepsOrder},
      {"corw",
       kBlocks[1],
       kOneThread,
       [](const Result &r) { return r.out[0] == 1 || (r.out[0] == 2 && r.x() == 2); },
       {},
       kKeepsOrder},
      {"coww",
       kBlocks[1],
       kOneThread,
       [](const Result &r) { return r.x() != 2 || r.out[0] > r.out[1]; },
       {},
       kKeepsOrder},
      {"2+2w",
       kBlocks[1],
       kOneThread,
       [](const Result &r) { return r.x() == 1 && r.y() == 1; },
       {{Cut::Fence, kRaiseY, {}}}},
      {"s",
       kBlocks[1],
       kOneThread,
       [](const Result &r) { return r.x() == 2; },
       {{Cut::Release, kRaiseY, {}}}},
      {"r",
       kBlocks[1],
       kOneThread,
       [](const Result &r) { return r.y() == 2 && !r.out[0]; },
       {{Cut::Fence, kRaiseY, {}}}},
      {"rwc",
       kBlocks[2],
       kOneThread,
       [](const Result &r) { return r.out[0] == 1 && !r.out[1]; },
       {{Cut::Fence, kAnyLoad, {}}}},
      {"wrc",
       kBlocks[2],
       kOneThread,
       read_old_x,
       {{Cut::Acquire, "", {}}, {Cut::Release, kRaiseY, everywhere(kSeenByAll)}}},
      {"isa2", kBlocks[2], kOneThread, read_old_x, message_twins()},
      {"isa2_cta",
       kBlocks[1],
       kFourWarps,
       read_old_x,
       {{Cut::Acquire, "", {}}, {Cut::Release, kRaiseY, {{"gfx942", kWriteBackFollows}}}},
       nullptr,
       4},
      {"atom_chain", kBlocks[2], kOneThread, read_old_x, message_twins()},
      {"barrier",
       kBlocks[1],
       kFourWarps,
       read_old_x,
       {{Cut::Acquire, "", {}}, {Cut::Release, kBarrier, {{"gfx942", kWriteBackFollows}}}}},
      // 128 bits: what writes them does so under a lock (passes/expand_wide_atomics).
      {"mp_b128_cta", kBlocks[0], kFourWarps, read_old_x, block_twins(kTakeLock)},
      {"mp_b128_cluster", kBlocks[1], kOneThread, read_old_x, wide_lock_twins()},
      {"mp_b128_store", kBlocks[1], kOneThread, read_old_x, wide_message_twins()},
      {"mp_b128_fence", kBlocks[1], kOneThread, read_old_x, wide_message_twins()},
      {"mp_b128_exch", kBlocks[1], kOneThread, read_old_x, wide_lock_twins()},
      {"mp_b128_sys", kBlocks[1], kOneThread, read_old_x, wide_message_twins()},
      {"lock_b128", kBlocks[1], kOneThread, [](const Result &r) { return r.x() != 2; },
       wide_lock_twins()},
      {"sb_b128_load", kBlocks[1], kOneThread, both_zero, {{Cut::Fence, kLoadY, {}}}},
      {"sb_b128", kBlocks[1], kOneThread, both_zero, {{Cut::Fence, kLoadY, {}, true}}},
      {"whole_b128",
       kBlocks[2],
       kOneThread,
       halves_apart,
       {},
       "16 bytes of one access arrive at once"},
  };
  return tests;
}

/// Machine code that a cut goes through.
class Code {
public:
  Code(const char *name, const char *gfx, const char *level)
      : gfx_(gfx), lanes_(std::string(gfx).starts_with("gfx9") ? 64 : 32),
        object_(read_file(std::string(KERNELS) + "ptx/" + name + "." + gfx + "." + level + ".co")) {
    // Code is the one loaded segment that can be executed.
    uint64_t table = word(0x20), headers = object_[0x38] | object_[0x39] << 8;
    for (uint64_t k = 0; k < headers; k++) {
      uint64_t header = table + k * 0x38;
      if (object_[header] == 1 && (object_[header + 4] & 1))
        at_ = word(header + 8), end_ = at_ + word(header + 0x20);
    }
    REQUIRE(end_ > at_);
    REQUIRE(end_ <= object_.size());
    decode();
  }
  const std::vector<uint8_t> &object() const { return object_; }

  /// How many instructions it took out.
  unsigned cut(const Twin &twin) {
    static const std::regex wide("^global_store_(dwordx4|b128)\\b");
    std::regex behind(twin.next);
    unsigned count = 0;
    for (size_t k = 0; k < lines_.size(); k++) {
      Kind kind = kind_of(lines_[k].text);
      bool release = kind == Kind::WriteBack || kind == Kind::Wait,
           acquire = kind == Kind::Invalidate;
      auto is_before = [&] { return std::regex_search(memory_behind(k), behind); };
      bool wanted = twin.cut == Cut::Acquire   ? acquire
                    : twin.cut == Cut::Stores  ? is_wait_for_stores(lines_[k].text)
                    : twin.cut == Cut::Release ? release && is_before()
                                               : (release || acquire) && is_before();
      if (wanted || (twin.lock && release && std::regex_search(memory_before(k), wide))) {
        take_out(lines_[k]);
        ++count;
      }
    }
    return count;
  }

private:
  enum class Kind { Other, Wait, WriteBack, Invalidate };
  struct Line {
    uint64_t at;
    unsigned size;
    std::string text;
  };

  uint64_t word(uint64_t at) const {
    uint64_t v;
    std::memcpy(&v, object_.data() + at, 8);
    return v;
  }
  void decode() {
    auto disassembler = isa::Disassembler::create(gfx_, lanes_);
    REQUIRE(disassembler);
    for (uint64_t at = at_; at < end_;) {
      Line line{at, 0, ""};
      line.size = disassembler->decode(object_.data() + at, end_ - at, line.text);
      if (!line.size) {
        at += 4; // padding
        continue;
      }
      at += line.size;
      lines_.push_back(std::move(line));
    }
  }
  static Kind kind_of(const std::string &text) {
    static const std::regex wait("^s_wait(cnt.*(vmcnt|vscnt)|_(load|store)cnt)"),
        back("^(buffer_wbl2|global_wb\\b)"),
        invalidate("^(buffer_(inv|wbinvl1|invl2|gl[01]_inv)|global_inv\\b)");
    return std::regex_search(text, wait)         ? Kind::Wait
           : std::regex_search(text, back)       ? Kind::WriteBack
           : std::regex_search(text, invalidate) ? Kind::Invalidate
                                                 : Kind::Other;
  }
  static bool is_wait_for_stores(const std::string &text) {
    static const std::regex wait("^s_wait(cnt_vscnt|_storecnt(_dscnt)?)\\b");
    return std::regex_search(text, wait);
  }
  static bool is_memory(const std::string &text) {
    static const std::regex memory("^((global|flat)_(load|store|atomic)|ds_|s_barrier)");
    return std::regex_search(text, memory);
  }
  /// The memory instruction or barrier that follows, by way of one jump at most; empty if a branch
  /// that may go either way comes first.
  std::string memory_behind(size_t k) const {
    static const std::regex jump("^s_branch (\\d+)"),
        stop("^s_(branch|cbranch_([sv]cc|execnz)|endpgm|setpc)");
    std::smatch words;
    bool jumped = false;
    for (++k; k < lines_.size(); ++k) {
      const Line &line = lines_[k];
      if (is_memory(line.text))
        return line.text;
      if (!jumped && std::regex_search(line.text, words, jump)) {
        auto offset = static_cast<int16_t>(std::stoi(words[1]));
        uint64_t target = line.at + 4 + static_cast<uint64_t>(int64_t{offset} * 4);
        auto to = std::find_if(lines_.begin(), lines_.end(),
                               [&](const Line &l) { return l.at == target; });
        REQUIRE(to != lines_.end());
        k = static_cast<size_t>(to - lines_.begin()) - 1;
        jumped = true;
      } else if (std::regex_search(line.text, stop)) {
        break;
      }
    }
    return "";
  }
  /// The memory instruction before, in the order of addresses.
  std::string memory_before(size_t k) const {
    while (k-- > 0)
      if (is_memory(lines_[k].text))
        return lines_[k].text;
    return "";
  }
  /// Puts s_nop in its place; a wait for scalar loads or the LDS stays.
  void take_out(const Line &line) {
    std::smatch rest;
    static const std::regex lgkm("lgkmcnt\\(\\d+\\)"), ds("s_wait_(load|store)cnt_dscnt (0x\\w+)");
    std::string instead = "s_nop 0";
    if (std::regex_search(line.text, rest, lgkm))
      instead = "s_waitcnt " + rest.str();
    else if (std::regex_search(line.text, rest, ds))
      instead = "s_wait_dscnt 0x0";
    std::vector<uint8_t> one = assemble(gfx_, lanes_, instead),
                         nop = assemble(gfx_, lanes_, "s_nop 0");
    REQUIRE(one.size() == 4);
    REQUIRE(nop.size() == 4);
    for (unsigned k = 0; k < line.size; k += 4)
      std::memcpy(object_.data() + line.at + k, (k ? nop : one).data(), 4);
  }

  std::string gfx_;
  unsigned lanes_;
  std::vector<uint8_t> object_;
  uint64_t at_ = 0, end_ = 0;
  std::vector<Line> lines_;
};

/// In how many runs the outcome is seen; with `once`, runs no further when it is.
unsigned seen(const Target &target, const std::vector<uint8_t> &object, const Litmus &test,
              Outcome outcome, unsigned runs, bool once) {
  HIP_OK(hipSetDevice(target.device));
  hipModule_t module = nullptr;
  HIP_OK(hipModuleLoadData(&module, object.data()));
  hipFunction_t function = nullptr;
  HIP_OK(hipModuleGetFunction(&function, module, "litmus"));
  unsigned count = 0;
  {
    Words memory(kWords), out(4);
    for (unsigned k = 0; k < runs && !(once && count); k++) {
      HIP_OK(hipMemsetD32(memory.pointer, 0, kWords));
      HIP_OK(hipMemsetD32(out.pointer, 0, 4));
      HIP_OK(launch(function, test.grid, test.block, 0, nullptr, memory.pointer, out.pointer));
      HIP_OK(hipDeviceSynchronize());
      count += outcome({out.get(), memory.get()});
    }
  }
  HIP_OK(hipModuleUnload(module));
  return count;
}

const char *cut_name(Cut c) {
  return c == Cut::Acquire   ? "acquire"
         : c == Cut::Release ? "release"
         : c == Cut::Stores  ? "waits for stores"
                             : "fence";
}

/// f(target, level) for every model at -O0 and -O3.
template <class F> void each_code(F f) {
  for (const Target &target : kTargets)
    for (const char *level : {"O0", "O3"})
      f(target, level);
}

} // namespace

TEST_CASE("PTX litmus tests: no forbidden outcome") {
  for (const Litmus &test : all())
    each_code([&](const Target &target, const char *level) {
      INFO(test.name << " on " << target.gfx << " at -" << level);
      Code code(test.name, target.gfx, level);
      CHECK(seen(target, code.object(), test, test.forbidden, test.times * kRuns, false) == 0);
    });
}

TEST_CASE("PTX litmus tests: the weak outcome without the fence") {
  for (const Litmus &test : all()) {
    CHECK(test.twins.empty() == (test.no_twin != nullptr));
    for (const Twin &twin : test.twins)
      for (const Target &target : kTargets) {
        auto strong = std::find_if(twin.strong.begin(), twin.strong.end(), [&](const Strong &s) {
          return std::string(s.gfx) == target.gfx;
        });
        bool is_strong = strong != twin.strong.end();
        INFO(test.name << " on " << target.gfx << " without its " << cut_name(twin.cut)
                       << (is_strong ? ": " : "") << (is_strong ? strong->why : ""));
        Code code(test.name, target.gfx, "O3");
        unsigned cuts = code.cut(twin);
        if (is_strong) {
          CHECK(seen(target, code.object(), test, test.forbidden, test.times * kRuns, true) == 0);
          continue;
        }
        CHECK(cuts > 0);
        CHECK(seen(target, code.object(), test, test.forbidden, kWeakRuns, true) > 0);
      }
  }
}

// A release of .cta scope and an acquire of .gpu scope in two blocks are not morally strong (PTX
// ISA 8.7): the reader may see the flag and the old x.
TEST_CASE("PTX litmus tests: a scope that is too narrow") {
  const Litmus mixed{"mp_mixed", kBlocks[1], kOneThread, nullptr, {}};
  each_code([&](const Target &target, const char *level) {
    INFO(target.gfx << " at -" << level);
    Code code(mixed.name, target.gfx, level);
    // Other values than these were never written; a flag that is not seen proves nothing.
    CHECK(seen(
              target, code.object(), mixed,
              [](const Result &r) { return r.out[0] > 1 || r.out[1] > 1 || r.out[2] > 1; }, kRuns,
              false) == 0);
  });
}

// What "whole_b128" would show if the accesses were not whole.
TEST_CASE("PTX litmus tests: accesses of 64 bits come apart") {
  const Litmus halves{"halves_b128", kBlocks[2], kOneThread, halves_apart, {}};
  each_code([&](const Target &target, const char *level) {
    INFO(target.gfx << " at -" << level);
    Code code(halves.name, target.gfx, level);
    CHECK(seen(target, code.object(), halves, halves.forbidden, kWeakRuns, true) > 0);
  });
}
