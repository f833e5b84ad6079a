// All instructions of the isa table that have a reference meaning, spelled out.
#pragma once

#include "frontend/isa/form.h"
#include "test/reference/meaning.h"

#include <string>
#include <vector>

namespace w2w::conformance {

struct Case {
  std::string instruction; // "add.rn.ftz.f32"
  const ptx::isa::Form *form = nullptr;
  reference::Meaning meaning;
  uint64_t constant = 0; // the value of meaning.constant_input

  /// How reports and samples call it: the instruction, with its constant if there is one.
  std::string name() const;
};

struct Enumeration {
  std::vector<Case> cases;
  /// Instructions that only move values between registers and yet have no reference.
  std::vector<std::string> without_reference;
};

/// The PTX ISA version and the target of all cases: `a`, so that what belongs to one architecture
/// and has a meaning elsewhere too (packed small floats, ue8m0) is among them.
inline constexpr unsigned kVersion = 90, kSm = 100;
inline constexpr char kSmSuffix = 'a';

/// Expands every form that is legal for the target into its modifier and type combinations.
Enumeration enumerate();

} // namespace w2w::conformance
