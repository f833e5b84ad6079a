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
    Switch,     // bodies[inputs[0] % bodies.size()], by brx.idx
    Exit,       // threads with inputs[0] true store their registers and exit
    Shuffle,    // outputs[0] (b32), outputs[1] (predicate) = shfl.sync.<mode> inputs[0], inputs[1],
                // `clamp`; mode "leader": idx from the highest lane of the mask
    Vote,       // <mode> = ballot: outputs[0] (b32); all, any, uni: outputs[0] (predicate)
    Redux,      // outputs[0] = redux.sync.<mode> inputs[0]
    Exchange,   // shared memory: store inputs[0] at tid, barrier, load outputs[0] from (inputs[1] %
                // threads), barrier
    LocalStore, // local[inputs[0] & 15] = inputs[1]
    LocalLoad,  // outputs[0] = local[inputs[0] & 15]
    Call        // outputs[0] = function `callee`(inputs[0], inputs[1])
  };
  Kind kind = Kind::Operation;
  const conformance::Case *operation = nullptr;
  std::string mode;
  uint32_t clamp = 0;
  unsigned callee = 0;
  std::vector<Operand> outputs, inputs;
  std::vector<Body> bodies;
};

struct Program {
  uint64_t seed = 0;
  unsigned threads = 64; // a block
  unsigned blocks = 2;
  Body body;
  std::vector<Body> functions; // each (b32 r0, b32 r1) -> b32 r0, with registers of its own
};

struct GenerateOptions {
  enum class Warp : uint8_t { None, Uniform, Divergent };
  Warp warp = Warp::Divergent; // where shuffles, votes and redux may stand
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

/// What the program computes: in and out hold kStateWords for each thread of the grid.
void interpret(const Program &p, const std::vector<uint64_t> &in, std::vector<uint64_t> &out);

std::vector<uint64_t> initial_state(const Program &p);

/// Bits of f32 and packed NaNs are not PTX's business: both printer and interpreter replace any NaN
/// result by this pattern.
bool needs_canonical_nan(std::string_view type);
uint64_t canonical_nan(std::string_view type);

} // namespace w2w::random_programs
