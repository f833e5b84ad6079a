// See print.h.
#include "frontend/ast/print.h"

#include "frontend/isa/form.h"

#include <fmt/format.h>

namespace w2w::ptx {

std::string_view spelling(StateSpace s) {
  static constexpr std::string_view kNames[] = {"none",  "reg",   "sreg",   "const", "global",
                                                "local", "param", "shared", "tex"};
  return kNames[static_cast<unsigned>(s)];
}

std::string_view spelling(Linkage l) {
  static constexpr std::string_view kNames[] = {"internal", "visible", "extern", "weak", "common"};
  return kNames[static_cast<unsigned>(l)];
}

namespace {

std::string component(const Operand &o) {
  static constexpr std::string_view kNames[] = {"",    ".x",  ".y",  ".z",  ".w", ".b0",
                                                ".b1", ".b2", ".b3", ".h0", ".h1"};
  if (o.component < Operand::Component::Halves)
    return std::string(kNames[static_cast<unsigned>(o.component)]);
  std::string out = o.component == Operand::Component::Halves ? ".h" : ".b";
  for (unsigned i = o.selector_count; i-- > 0;)
    out += static_cast<char>('0' + (o.selector >> (4 * i) & 15));
  return out;
}

std::string with_offset(std::string base, int64_t offset) {
  return offset ? fmt::format("{}{:+}", base, offset) : base;
}

std::string list(std::span<const Operand> elements, std::string_view open,
                 std::string_view separator, std::string_view close) {
  std::string out(open);
  for (size_t i = 0; i < elements.size(); ++i) {
    if (i)
      out += separator;
    out += print(elements[i]);
  }
  return out += close;
}

std::string immediate(const Operand &o) {
  if (o.imm_type == Type::F32)
    return fmt::format("0f{:08X}", static_cast<uint32_t>(o.imm));
  if (o.imm_type == Type::F64)
    return fmt::format("0d{:016X}", o.imm);
  if (o.imm_type == Type::U64)
    return fmt::format("{}U", o.imm);
  return fmt::format("{}", static_cast<int64_t>(o.imm));
}

std::string register_type(const Register &r) {
  return (r.vector_width > 1 ? fmt::format(".v{} ", r.vector_width) : "") +
         fmt::format(".{}", info(r.type).spelling);
}

std::string print(const Variable &v) {
  std::string out =
      fmt::format("{} .{} .align {}", spelling(v.linkage), spelling(v.space), v.align);
  if (v.vector_width > 1)
    out += fmt::format(" .v{}", v.vector_width);
  out += fmt::format(" .{} {}", info(v.type).spelling, v.name);
  for (const uint64_t n : v.dimensions)
    out += fmt::format("[{}]", n);
  out += v.unsized ? " size=?" : fmt::format(" size={}", v.size);
  if (v.const_bank)
    out += fmt::format(" bank={}", v.const_bank);
  if (v.is_pointer)
    out += fmt::format(" ptr={}:{}", spelling(v.pointee_space), v.pointee_align);
  if (v.managed)
    out += " managed";
  if (!v.initialiser.empty()) {
    out += " = {";
    constexpr size_t kShown = 64;
    for (size_t i = 0; i < v.initialiser.size(); ++i) {
      if (i == kShown) {
        out += fmt::format(" ... {} values", v.initialiser.size());
        break;
      }
      const InitialiserElement &e = v.initialiser[i];
      std::string value;
      switch (e.kind) {
      case InitialiserElement::Kind::Bits:
        value = fmt::format("{:#x}", e.bits);
        break;
      case InitialiserElement::Kind::VariableAddress:
        value = with_offset(std::string(e.variable->name), e.addend);
        break;
      case InitialiserElement::Kind::GenericAddress:
        value = with_offset(fmt::format("generic({})", e.variable->name), e.addend);
        break;
      case InitialiserElement::Kind::FunctionAddress:
        value = with_offset(fmt::format("function({})", e.function->name), e.addend);
        break;
      case InitialiserElement::Kind::Field:
        value = fmt::format("{}={}", info(e.field).name,
                            e.word == OpaqueWord::None ? fmt::format("{:#x}", e.bits)
                                                       : std::string(spelling(e.word)));
        break;
      }
      if (e.mask != ~uint64_t{0})
        value = fmt::format("{:#x}({})", e.mask, value);
      out += fmt::format("{}{}:{}", i ? ", " : "", e.offset, value);
    }
    out += '}';
  }
  return out;
}

std::string print_dimensions(std::string_view name, const uint32_t (&d)[3]) {
  return d[0] ? fmt::format(" .{} {},{},{}", name, d[0], d[1], d[2]) : "";
}

void print(std::string &out, const Function &f) {
  out += fmt::format("\n{} {} {}{}{}{}{}\n", f.is_entry ? "entry" : "func", f.index,
                     spelling(f.linkage), " ", f.name, f.has_body ? "" : " (declaration)",
                     f.poisoned ? " (poisoned)" : "");
  if (f.alias_of)
    out += fmt::format("  alias of {}\n", f.alias_of->name);
  const PerformanceDirectives &p = f.performance;
  std::string performance = print_dimensions("maxntid", p.maxntid) +
                            print_dimensions("reqntid", p.reqntid) +
                            print_dimensions("reqnctapercluster", p.reqnctapercluster);
  if (p.minnctapersm)
    performance += fmt::format(" .minnctapersm {}", p.minnctapersm);
  if (p.maxnreg)
    performance += fmt::format(" .maxnreg {}", p.maxnreg);
  if (p.maxclusterrank)
    performance += fmt::format(" .maxclusterrank {}", p.maxclusterrank);
  if (f.noreturn)
    performance += " .noreturn";
  if (!performance.empty())
    out += " " + performance + "\n";
  for (const Variable *v : f.returns)
    out += fmt::format("  return {}\n", print(*v));
  for (const Variable *v : f.params)
    out += fmt::format("  param {}{}\n", print(*v),
                       f.is_entry ? fmt::format(" at {}", v->param_offset) : "");
  for (const Register *r : f.registers)
    out += fmt::format("  reg {} {} {}\n", r->index, register_type(*r), r->name);
  for (const Variable *v : f.variables)
    out += fmt::format("  var {} {}\n", v->index, print(*v));
  for (const Statement &s : f.statements) {
    switch (s.kind) {
    case Statement::Kind::Label:
      out += fmt::format("{}:\n", s.label->name);
      break;
    case Statement::Kind::Pragma:
      out += fmt::format("  .pragma \"{}\"\n", *s.pragma);
      break;
    case Statement::Kind::Instruction:
      out += fmt::format("  {}\n", print(*s.instruction));
      break;
    }
  }
}

} // namespace

std::string print(const Operand &o) {
  const std::string sign =
      o.negated ? (o.kind == Operand::Kind::Register && o.reg->type != Type::Pred ? "-" : "!") : "";
  switch (o.kind) {
  case Operand::Kind::None:
    return "none";
  case Operand::Kind::Register:
    return sign + std::string(o.reg->name) + component(o);
  case Operand::Kind::SpecialRegister:
    return sign + std::string(isa::spelling(o.special)) + component(o);
  case Operand::Kind::Immediate:
    return sign + immediate(o);
  case Operand::Kind::Variable:
    return with_offset(std::string(o.variable->name), o.offset);
  case Operand::Kind::Function:
    return std::string(o.function->name);
  case Operand::Kind::Label:
    return o.label ? std::string(o.label->name) : "undefined";
  case Operand::Kind::Address: {
    std::string base = o.reg        ? std::string(o.reg->name) + component(o)
                       : o.variable ? std::string(o.variable->name)
                                    : fmt::format("{}", static_cast<int64_t>(o.imm));
    return "[" + with_offset(base, o.offset) + "]";
  }
  case Operand::Kind::Vector:
    return list(o.elements, "{", ", ", "}");
  case Operand::Kind::Pair:
    return list(o.elements, "", "|", "");
  case Operand::Kind::List:
    return list(o.elements, "(", ", ", ")");
  case Operand::Kind::TexAddress:
    return list(o.elements, "[", ", ", "]");
  case Operand::Kind::Prototype:
    return std::string(o.prototype->name);
  case Operand::Kind::TargetList: {
    std::string out = std::string(o.target_list->name) + "<";
    for (const Label *l : o.target_list->labels)
      out += (out.back() == '<' ? "" : " ") + (l ? std::string(l->name) : "undefined");
    for (const Function *f : o.target_list->functions)
      out += (out.back() == '<' ? "" : " ") + std::string(f->name);
    return out + ">";
  }
  case Operand::Kind::Sink:
    return "_";
  }
  return "none";
}

std::string print(const Instruction &i) {
  std::string out;
  if (i.guard)
    out += fmt::format("@{}{} ", i.guard.negated ? "!" : "",
                       i.guard.reg ? i.guard.reg->name : isa::spelling(i.guard.special));
  out += isa::spelling(i.opcode);
  // Suffixes in the form's order.
  size_t type_index = 0;
  for (const isa::Slot &slot : i.form->slots) {
    if (slot.is_type) {
      if (i.types[type_index] != Type::None)
        out += fmt::format(".{}", info(i.types[type_index]).spelling);
      ++type_index;
      continue;
    }
    for (const isa::Mod m : slot.mods)
      if (i.mods.has(m)) {
        out += fmt::format(".{}", isa::spelling(m));
        break;
      }
  }
  for (size_t n = 0; n < i.operands.size(); ++n)
    out += (n ? ", " : " ") + print(i.operands[n]);
  if (i.debug_loc)
    out += fmt::format("  // loc {}", i.debug_loc);
  return out;
}

std::string print(const Module &m) {
  std::string out =
      fmt::format("module version {}.{} sm_{}{} address_size {}\n", m.version / 10, m.version % 10,
                  m.sm, m.sm_suffix ? std::string(1, m.sm_suffix) : "", m.address_size);
  for (const std::string_view p : m.pragmas)
    out += fmt::format("pragma \"{}\"\n", p);
  for (const DebugFile &f : m.debug_files)
    out += fmt::format("file {} \"{}\"\n", f.number, f.path);
  for (size_t i = 1; i < m.debug_locations.size(); ++i) {
    const DebugLocation &l = m.debug_locations[i];
    out += fmt::format("loc {} file {} line {} column {}", i, l.file, l.line, l.column);
    if (!l.function_name.empty())
      out += fmt::format(" function {}", l.function_name);
    if (l.inlined_at)
      out += fmt::format(" inlined at loc {}", l.inlined_at);
    out += '\n';
  }
  for (const Variable *v : m.variables)
    out += fmt::format("var {} {}\n", v->index, print(*v));
  for (const Function *f : m.functions)
    print(out, *f);
  return out;
}

} // namespace w2w::ptx
