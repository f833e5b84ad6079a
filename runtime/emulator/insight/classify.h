// Which kind of work an instruction is, for counting.
#pragma once

#include "runtime/emulator/isa/inst.h"

#include <cstdint>

namespace w2w::emu {

/// One list: INSIGHT_CLASS(enumerator, key in JSON, what it is).
#define INSIGHT_CLASSES(X)                                                                         \
  X(Salu, "salu", "scalar ALU")                                                                    \
  X(Valu16, "valu16", "vector ALU, 16 bits")                                                       \
  X(Valu32, "valu32", "vector ALU, 32 bits")                                                       \
  X(Valu64, "valu64", "vector ALU, 64 bits")                                                       \
  X(Packed, "packed", "vector ALU, packed")                                                        \
  X(Transcendental, "transcendental", "exp, log, rcp, rsq, sqrt, sin, cos")                        \
  X(Lane, "lane", "between lanes in registers")                                                    \
  X(Matrix, "matrix", "MFMA, WMMA")                                                                \
  X(ScalarLoad, "scalar_load", "scalar memory")                                                    \
  X(VectorLoad, "vector_load", "flat, global, scratch, buffer loads")                              \
  X(VectorStore, "vector_store", "flat, global, scratch, buffer stores")                           \
  X(VectorAtomic, "vector_atomic", "flat, global, buffer atomics")                                 \
  X(Lds, "lds", "LDS instructions")                                                                \
  X(Branch, "branch", "branches and calls")                                                        \
  X(Barrier, "barrier", "barriers")                                                                \
  X(Wait, "wait", "waits for counters")                                                            \
  X(Cache, "cache", "cache write-backs and invalidates")                                           \
  X(Other, "other", "nops, hints, sleep, messages, end")

enum class InstClass : uint8_t {
#define X(NAME, KEY, TEXT) NAME,
  INSIGHT_CLASSES(X)
#undef X
      Count
};
inline constexpr unsigned kClasses = unsigned(InstClass::Count);

const char *key(InstClass);
const char *description(InstClass);

/// Derived from the opcode's form and operand types; a lookup.
InstClass class_of(const isa::Opcode &);

/// Whether its work is done per lane, under EXEC.
constexpr bool is_vector(InstClass c) {
  return (c >= InstClass::Valu16 && c <= InstClass::Matrix) ||
         (c >= InstClass::VectorLoad && c <= InstClass::Lds);
}

} // namespace w2w::emu
