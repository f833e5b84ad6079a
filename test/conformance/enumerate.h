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

/// Calls `use` with every combination of the form's modifiers and types ("add.rn.ftz.f32") whose
/// requirements and rules `sm` and PTX ISA `version` meet.
void for_each_spelling(const ptx::isa::Form &form, unsigned version, unsigned sm,
                       const std::function<void(const std::string &)> &use);

/// Expands every form that is legal for `sm` at PTX ISA `version` into its modifier and type
/// combinations.
Enumeration enumerate(unsigned version, unsigned sm);

} // namespace w2w::conformance
