// What AMD documents about single instructions: which memory path they take, which counter they are
// in, which caches their policy bits pass by. The rest of the weak mode knows no generation.
//
// Sources: LLVM AMDGPUUsage, "Memory Model" of GFX90A, GFX942, GFX10-GFX11 and GFX12; AMD's ISA
// documents, "Data Dependency Resolution" and the S_WAITCNT instructions.
#pragma once

#include "runtime/emulator/isa/inst.h"

namespace w2w::emu::weak {

enum class Kind : uint8_t {
  Other,
  Load, ///< vector memory: flat, global, scratch, buffer
  Store,
  Atomic,
  Lds,          ///< DS instructions, lane permutations among them
  Scalar,       ///< scalar loads
  ScalarResult, ///< s_memtime and its like: the value is there, its arrival is waited for
  Wait,         ///< s_waitcnt and its like
  Invalidate,   ///< of L0 and more
  WriteBack,    ///< of L2
  WriteBackInvalidate,
  ScalarInvalidate, ///< s_dcache_inv
};
Kind kind_of(const isa::Inst &);

/// Lists of a wave's operations that have not returned. GFX9 has one counter for vector memory
/// (all in kLoads), GFX10 and GFX11 a second for stores; before GFX12, kLds and kScalars are
/// counted together (lgkmcnt).
enum List : uint8_t { kLoads, kStores, kLds, kScalars, kLists };
/// The list of a vector memory operation.
List list_of(const isa::Inst &, Kind);

/// How many operations a wait leaves outstanding.
struct Wait {
  static constexpr unsigned kAny = ~0u;
  unsigned left[kLists] = {kAny, kAny, kAny, kAny};
  unsigned lgkm = kAny; ///< kLds and kScalars together
};
Wait wait_of(const Wave &, const isa::Inst &);
/// The most that a list's counter can count: the wave stalls until it can issue another.
unsigned most_outstanding(const isa::Inst &, List);

/// The caches that an access does not look into: it goes to the next level, and the line is
/// dropped.
struct Bypass {
  bool l0 = false, gl1 = false, l2 = false;
};
/// `split`: the waves of a workgroup run on several CUs (WGP mode, threadgroup split).
Bypass bypass_of(const isa::Inst &, Kind, bool split);

/// The caches that an Invalidate empties, or WriteBack writes back.
struct Reach {
  bool l0 = false, gl1 = false, l2 = false;
};
Reach reach_of(const isa::Inst &);
/// GFX12 counts its cache operations; earlier ones are in order with what follows them.
bool is_counted(const isa::Inst &, Kind);

} // namespace w2w::emu::weak
