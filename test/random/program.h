// A random kernel as a tree: it can be printed as PTX, interpreted, and made smaller.
#pragma once

#include "test/conformance/enumerate.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace w2w::random_programs {

/// Register classes; PTX's bit-size registers of that width.
enum class Class : uint8_t { Pred, B16, B32, B64 };
inline constexpr std::array kClasses = {Class::Pred, Class::B16, Class::B32, Class::B64};
/// Program registers of each class; a thread's whole state is these, its local array and the
/// block's shared array.
inline constexpr unsigned kRegisters = 6;
inline constexpr unsigned kLocalWords = 16; // a power of two
inline constexpr unsigned kMaxThreads = 256;

unsigned width(Class c);
Class class_of(std::string_view type);

struct Operand {
  bool immediate = false;
  Class cls = Class::B32;
  unsigned reg = 0;
  uint64_t bits = 0; // of an immediate
};

struct Statement;
using Body = std::vector<Statement>;

struct Statement {
  enum class Kind : uint8_t {
    Operation, // instruction from the conformance enumeration
    If,        // inputs[0] (predicate): bodies[0] else bodies[1]
    Loop, // inputs[0] & 7 iterations of bodies[0]; leaves early when inputs[1] (predicate) is true
          // at the end
    Switch,   // bodies[inputs[0] % bodies.size()], by brx.idx
    Exit,     // threads with inputs[0] true store their registers and exit; in a function they
              // exit without
    Shuffle,  // outputs[0] (b32), outputs[1] (predicate) = shfl.sync.<mode> inputs[0], inputs[1],
              // `clamp`; mode "leader": idx from the highest lane of the mask
    Vote,     // <mode> = ballot: outputs[0] (b32); all, any, uni: outputs[0] (predicate)
    Redux,    // outputs[0] = redux.sync.<mode> inputs[0]
    Exchange, // shared memory: store inputs[0] at tid, barrier, load outputs[0] from a thread of
              // the group chosen by inputs[1], barrier; mode: "all" (no count) or "counted"
    BarrierVote, // outputs[0] = barrier.red.<mode> of predicate inputs[0] over the group
    Handoff,     // warps in `warps` store inputs[0] and arrive; the others wait and load outputs[0]
                 // from one of those, chosen by inputs[1]; full group only
    WarpSplit,   // bodies[0] for the group's warps in `warps`, bodies[1] for the others
    BlockIf,     // bodies[0] in odd blocks
    CountedLoop, // `count` + (block & 1) iterations of bodies[0]
    WarpLoop,    // (warp + count) & 3 iterations of bodies[0]
    TwoEntries,  // irreducible loop: { bodies[0]; bodies[1] }, once and inputs[0] & 3 times more;
                 // threads with inputs[1] (predicate) true enter it before bodies[1]
    Return,      // in functions: threads with inputs[0] true return
    Contribute,  // red.global.<mode> of inputs[0] to counter `count`
    Critical,   // under a lock of the grid: counter 1 += inputs[0]; mode "inside" or "after": where
                // the critical section stands, seen from the loop that takes the lock
    LocalStore, // local[inputs[0] & 15] = inputs[1]
    LocalLoad,  // outputs[0] = local[inputs[0] & 15]
    Call        // outputs[0] = function `callee`(inputs[0], inputs[1]); mode "indirect": by pointer
  };
  Kind kind = Kind::Operation;
  const conformance::Case *operation = nullptr;
  std::string mode;
  uint32_t clamp = 0;
  uint32_t warps = 0; // a bit for each warp of the block
  unsigned count = 0;
  unsigned callee = 0;
  std::vector<Operand> outputs, inputs;
  std::vector<Body> bodies;
};

/// Where a statement stands: the warps that go through it together, and its place in the tree of
/// WarpSplits (the root is 1, children of n are 2n and 2n+1), which is the id of its barrier.
struct Group {
  uint32_t warps = 0;
  unsigned node = 1;
  Group part(uint32_t of, bool others) const {
    return {others ? warps & ~of : warps & of, 2 * node + others};
  }
};
inline constexpr unsigned kLastSplit = 6; // its children use ids 12 and 13
inline constexpr unsigned kHandoffBarrier = 14, kHandoffDone = 15;

struct Function {
  Body body;
  bool crosses = false; // has operations across threads
};

struct Program {
  uint64_t seed = 0;
  unsigned threads = 64; // a block
  unsigned blocks = 2;
  Body body;
  std::vector<Function> functions; // each (b32 r0, b32 r1) -> b32 r0, with registers of its own

  unsigned warps() const { return (threads + 31) / 32; }
  Group whole_block() const { return {(uint32_t{1} << warps()) - 1, 1}; }
};

struct GenerateOptions {
  enum class Warp : uint8_t { None, Uniform, Divergent };
  Warp warp = Warp::Divergent; // where shuffles, votes and redux may stand
  bool locks = true; // critical sections under a lock that threads of one warp contend for
  unsigned statements = 40;
};

/// The instructions a program may use: exact results, no undefined inputs, register classes above.
std::vector<const conformance::Case *> usable(const conformance::Enumeration &all);

/// The same program for the same seed, options and list of instructions.
Program generate(uint64_t seed, const std::vector<const conformance::Case *> &operations,
                 const GenerateOptions &options);

/// A PTX module with the kernel `k`(u64 in, u64 out, u32 unused).
std::string print(const Program &p);

/// 64-bit words of a thread's initial and final state in memory: kRegisters of each class, in the
/// order of kClasses.
inline constexpr unsigned kStateWords = kRegisters * static_cast<unsigned>(kClasses.size());

/// Words after the threads' states in `out`: lock, critical sections' sum, then one counter for
/// each of kContributions.
inline constexpr std::array kContributions = {"add.u32", "min.s32", "max.u32",
                                              "or.b32",  "xor.b32", "add.u64"};
inline constexpr unsigned kCounters = 2 + static_cast<unsigned>(kContributions.size());

/// What the program computes: `in` holds kStateWords for each thread of the grid, `out` also the
/// counters.
void interpret(const Program &p, const std::vector<uint64_t> &in, std::vector<uint64_t> &out);

std::vector<uint64_t> initial_state(const Program &p);

/// Bits of f32 and packed NaNs are not PTX's business: both printer and interpreter replace any NaN
/// result by this pattern.
bool needs_canonical_nan(std::string_view type);
uint64_t canonical_nan(std::string_view type);

} // namespace w2w::random_programs
