// The parts of a call instruction: `call (returns), callee, (arguments), prototype`.
#pragma once

#include "frontend/ast/ast.h"

namespace w2w::emit {

struct CallShape {
  explicit CallShape(const ptx::Instruction &i) {
    static const ptx::Operand nothing;
    callee = returns = arguments = targets = &nothing;
    using Kind = ptx::Operand::Kind;
    for (const ptx::Operand &op : i.operands) {
      bool seen_callee = callee->kind != Kind::None;
      if (op.kind == Kind::List)
        (seen_callee ? arguments : returns) = &op;
      else if (!seen_callee && (op.kind == Kind::Function || op.kind == Kind::Register))
        callee = &op;
      else if (op.kind == Kind::Prototype || op.kind == Kind::TargetList)
        targets = &op;
    }
  }
  const ptx::Operand *callee;
  const ptx::Operand *returns;   // List or None
  const ptx::Operand *arguments; // List or None
  const ptx::Operand *targets;   // Prototype, TargetList or None
};

} // namespace w2w::emit
