// All atomic operations of the isa table, spelled out, and what each does to memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace w2w::conformance {

/// An element of memory or a register; 128 bits are the widest.
using Word = unsigned __int128;

/// Bytes of an instruction's widest vector or element.
inline constexpr unsigned kAtomBytes = 16;

struct Atomic {
  enum class Space { Generic, Global, Shared };

  std::string instruction; // "atom.release.gpu.global.add.noftz.L2::cache_hint.v2.f16x2"
  std::string operation;   // "add"
  std::string type;        // "f16x2"
  unsigned elements = 1;   // .v2, .v4, .v8
  Space space = Space::Generic;
  bool returns = false;     // atom, not red
  bool block_scope = false; // .cta
  bool hinted = false;      // takes a cache policy
  bool vector() const { return elements > 1; }

  unsigned register_bits() const; // of one element
  /// The type that is atomic, half of a packed one, and how many of it the instruction holds.
  std::string scalar_type() const;
  unsigned scalar_bits() const;
  unsigned scalars() const;

  /// What the ISA says is in memory after an operation on `old` (PTX ISA 9.7.13.5, "Semantics").
  Word apply(Word old, Word b, Word c) const;
  /// Whether it may be `got`.
  bool permits(Word old, Word b, Word c, Word got) const;
  /// Equality, or both are NaN.
  bool same(Word a, Word b) const;
};

/// The i-th scalar of kAtomBytes bytes.
Word scalar(const Atomic &a, const uint8_t *bytes, unsigned i);
void set_scalar(const Atomic &a, uint8_t *bytes, unsigned i, Word value);

/// Every spelling of every atom and red that is legal for sm_90, PTX ISA 8.5.
std::vector<Atomic> all_atomics();

} // namespace w2w::conformance
