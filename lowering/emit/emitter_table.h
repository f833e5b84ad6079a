// Opcode -> emitter. Each family file has a table of rows; `find_emitter` looks through them, first
// match wins.
#pragma once

#include "lowering/emit/function_emitter.h"

#include <span>

namespace w2w::emit {

struct EmitterRow {
  Opcode opcode;
  void (*emit)(FunctionEmitter &e, const Instruction &i);
  /// Which forms of the opcode; nullptr: all.
  bool (*supports)(const ptx::isa::Form &form) = nullptr;
};

/// The row for this form, or nullptr.
const EmitterRow *find_emitter(Opcode opcode, const ptx::isa::Form &form);

/// Why a form has no row, and what to use instead, where there is more to say than that; else
/// empty.
std::string_view refusal_reason(const ptx::isa::Form &form);

/// The value of a special register operand, in the width that it has in hardware (i32 or i64; i1
/// for predicates).
Value *read_special_register(FunctionEmitter &e, const Operand &op);

// The families, each in its own file.
std::span<const EmitterRow> integer_emitters();
std::span<const EmitterRow> extended_emitters();
std::span<const EmitterRow> float_emitters();
std::span<const EmitterRow> approximate_emitters();
std::span<const EmitterRow> compare_emitters();
std::span<const EmitterRow> logic_emitters();
std::span<const EmitterRow> memory_emitters();
std::span<const EmitterRow> address_emitters();
std::span<const EmitterRow> convert_emitters();
std::span<const EmitterRow> atomic_emitters();
std::span<const EmitterRow> control_flow_emitters();
std::span<const EmitterRow> call_emitters();
std::span<const EmitterRow> warp_emitters();
std::span<const EmitterRow> barrier_emitters();
std::span<const EmitterRow> misc_emitters();
std::span<const EmitterRow> video_emitters();
std::span<const EmitterRow> texture_emitters();
std::span<const EmitterRow> surface_emitters();
std::span<const EmitterRow> mbarrier_emitters();
std::span<const EmitterRow> async_copy_emitters();

} // namespace w2w::emit
