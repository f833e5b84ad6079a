#include "tools/ptx2hsaco/dump_ast.h"

#include "frontend/isa/form.h"
#include "frontend/support/diagnostics.h"

#include <fmt/format.h>

namespace w2w::tool {
namespace {

using ptx::Operand;
using ptx::StateSpace;

std::string_view space_name(StateSpace s) {
  static constexpr std::string_view kNames[] = {"none",  "reg",   "sreg",   "const", "global",
                                                "local", "param", "shared", "tex"};
  return kNames[static_cast<unsigned>(s)];
}

std::string_view component_name(Operand::Component c) {
  static constexpr std::string_view kNames[] = {"",    ".x",  ".y",  ".z",  ".w", ".b0",
                                                ".b1", ".b2", ".b3", ".h0", ".h1"};
  return kNames[static_cast<unsigned>(c)];
}

std::string type_name(ptx::Type t) {
  return t == ptx::Type::None ? "" : fmt::format(".{}", ptx::info(t).spelling);
}

std::string with_offset(std::string base, int64_t offset) {
  return offset ? fmt::format("{}{:+}", base, offset) : base;
}

std::string operand(const Operand &o) {
  auto list = [&](std::string_view open, std::string_view separator, std::string_view close) {
    std::string text(open);
    for (size_t i = 0; i < o.elements.size(); ++i)
      text += (i ? std::string(separator) : "") + operand(o.elements[i]);
    return text + std::string(close);
  };
  std::string sign = o.negated ? "!" : "";
  switch (o.kind) {
  case Operand::Kind::None:
    return "<none>";
  case Operand::Kind::Register:
    return fmt::format("{}{}{}", sign, o.reg->name, component_name(o.component));
  case Operand::Kind::SpecialRegister:
    return fmt::format("{}{}", ptx::isa::spelling(o.special), component_name(o.component));
  case Operand::Kind::Immediate:
    return fmt::format("{:#x}{}", o.imm, type_name(o.imm_type));
  case Operand::Kind::Variable:
    return with_offset(std::string(o.variable->name), o.offset);
  case Operand::Kind::Function:
    return fmt::format("@{}", o.function->name);
  case Operand::Kind::Label:
    return fmt::format("{}", o.label->name);
  case Operand::Kind::Address: {
    std::string base = o.reg        ? std::string(o.reg->name)
                       : o.variable ? std::string(o.variable->name)
                                    : fmt::format("{:#x}", o.imm);
    return "[" + with_offset(base, o.offset) + "]";
  }
  case Operand::Kind::Vector:
    return list("{", ", ", "}");
  case Operand::Kind::Pair:
    return list("", "|", "");
  case Operand::Kind::List:
    return list("(", ", ", ")");
  case Operand::Kind::TexAddress:
    return list("[", ", ", "]");
  case Operand::Kind::Prototype:
    return fmt::format("{}", o.prototype->name);
  case Operand::Kind::TargetList:
    return fmt::format("{}", o.target_list->name);
  case Operand::Kind::Sink:
    return "_";
  }
  return "?";
}

std::string variable(const ptx::Variable &v) {
  std::string text =
      fmt::format(".{} .align {} {}", space_name(v.space), v.align, type_name(v.type));
  if (v.vector_width > 1)
    text += fmt::format(" .v{}", v.vector_width);
  text += fmt::format(" {}", v.name);
  for (uint64_t d : v.dimensions)
    text += fmt::format("[{}]", d);
  text += fmt::format("  // {} bytes", v.size);
  if (!v.initialiser.empty())
    text += fmt::format(", {} initialised elements", v.initialiser.size());
  return text;
}

void instruction(const ptx::Instruction &i, std::string &text) {
  if (i.guard.reg)
    text += fmt::format("@{}{} ", i.guard.negated ? "!" : "", i.guard.reg->name);
  text += ptx::isa::spelling(i.opcode);
  for (unsigned m = 0; m < ptx::isa::kModCount; ++m)
    if (i.mods.has(static_cast<ptx::isa::Mod>(m)))
      text += fmt::format(".{}", ptx::isa::spelling(static_cast<ptx::isa::Mod>(m)));
  for (ptx::Type t : i.types)
    text += type_name(t);
  for (size_t n = 0; n < i.operands.size(); ++n)
    text += (n ? ", " : " ") + operand(i.operands[n]);
}

void function(const ptx::Function &f, const ptx::SourceText &source, std::string &text) {
  text += fmt::format("\n{} {}{}{}\n", f.is_entry ? "entry" : "func", f.name,
                      f.has_body ? "" : " (declaration)", f.poisoned ? " (has errors)" : "");
  for (const ptx::Variable *r : f.returns)
    text += fmt::format("  returns {}\n", variable(*r));
  for (const ptx::Variable *p : f.params)
    text += f.is_entry ? fmt::format("  param @{} {}\n", p->param_offset, variable(*p))
                       : fmt::format("  param {}\n", variable(*p));
  for (const ptx::Variable *v : f.variables)
    text += fmt::format("  variable {}\n", variable(*v));
  text += fmt::format("  {} registers\n", f.registers.size());
  for (const ptx::Statement &s : f.statements) {
    switch (s.kind) {
    case ptx::Statement::Kind::Label:
      text += fmt::format("  {}:\n", s.label->name);
      break;
    case ptx::Statement::Kind::Pragma:
      text += fmt::format("    .pragma \"{}\"\n", s.pragma);
      break;
    case ptx::Statement::Kind::Instruction:
      text += fmt::format("  {:5}  ", source.position(s.instruction->loc).line);
      instruction(*s.instruction, text);
      text += '\n';
      break;
    }
  }
}

} // namespace

std::string dump_ast(const ptx::Module &m) {
  ptx::SourceText source(m.name, m.text);
  std::string text =
      fmt::format("module version {}.{} sm_{}", m.version / 10, m.version % 10, m.sm);
  if (m.sm_suffix)
    text += m.sm_suffix;
  text += fmt::format(" address_size {}\n", m.address_size);
  for (const ptx::Variable *v : m.variables)
    text += fmt::format("variable {}\n", variable(*v));
  for (const ptx::Function *f : m.functions)
    function(*f, source, text);
  return text;
}

} // namespace w2w::tool
