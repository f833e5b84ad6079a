// All instructions of the isa table that have a reference meaning, spelled out.
#pragma once

#include "frontend/isa/form.h"
#include "test/reference/meaning.h"

#include <functional>
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

struct Target {
  unsigned version, sm; // of the PTX ISA, times 10; sm_90: 90
  char suffix = 0;      // 'a' or 'f'
};
/// The target of all cases: `a`, so that what belongs to one architecture and has a meaning
/// elsewhere too (packed small floats, ue8m0) is among them.
inline constexpr Target kTarget{90, 100, 'a'};

/// Calls `use` with every combination of the form's modifiers and types ("add.rn.ftz.f32") whose
/// requirements and rules the target meets.
void for_each_spelling(const ptx::isa::Form &form, const Target &target,
                       const std::function<void(const std::string &)> &use);

/// Expands every form that is legal for the target into its modifier and type combinations.
Enumeration enumerate(const Target &target);

} // namespace w2w::conformance
