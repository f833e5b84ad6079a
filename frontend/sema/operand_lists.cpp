// Lists in braces, what may stand for one, and pairs: their length, their elements, and how these
// go together.
#include "frontend/sema/operand_checker.h"
#include "frontend/sema/operand_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace w2w::ptx {

using isa::Mod;
using isa::Opcode;
using isa::OperandSpec;
using isa::TypeRef;
using Shape = isa::OperandSpec::Shape;

bool OperandChecker::check_vector(const OperandSpec &spec, Operand &o, Type type) {
  const bool only_register = spec.dest || spec.shape == Shape::Register;
  unsigned want = spec.vector;
  if (want == OperandSpec::kByModifier) {
    want = c_.mods.has(Mod::v2) ? 2 : c_.mods.has(Mod::v4) ? 4 : c_.mods.has(Mod::v8) ? 8 : 0;
    if (want == 0) {
      // A list of one is taken for a scalar.
      if (o.kind == Operand::Kind::Vector && o.elements.size() == 1) {
        Operand one = o.elements[0];
        in_list_ = true;
        if (!check_scalar(spec, one, type, spec.sink, only_register))
          return false;
        if (convert_)
          o = one;
        return true;
      }
      return check_scalar(spec, o, type, spec.sink, only_register);
    }
  }
  if (want == OperandSpec::kAnyLength)
    want = list_length();
  if (o.kind == Operand::Kind::Sink && spec.sink)
    return true;
  if (o.kind == Operand::Kind::Register && want > 1 && o.reg->vector_width == want &&
      o.component == Operand::Component::None) {
    if (!compatible(type, o.reg->type, relaxed()))
      return fail(o.loc, fmt::format("{} does not fit type {}", describe(o), dotted(type)));
    return true;
  }
  // mov.v4.u32 {a, b, c, d}, %tid
  if (c_.form->opcode == Opcode::mov && o.kind == Operand::Kind::SpecialRegister && !spec.dest &&
      o.component == Operand::Component::None && isa::info(o.special).vector_width == want)
    return check_special_type(o, type);
  if (o.kind != Operand::Kind::Vector)
    return fail(o.loc,
                fmt::format("expected a list of {} elements in braces, not {}", want, describe(o)));
  if (o.elements.size() != want)
    return fail(o.loc, fmt::format("expected {} elements, not {}", want, o.elements.size()));
  if (spec.type.kind == TypeRef::Kind::Fixed && !check_constants(o, type))
    return false;
  in_list_ = true;
  const bool sink = spec.dest && may_drop_results(spec);
  for (const Operand &e : o.elements) {
    Operand &element =
        const_cast<Operand &>(e); // lists are the parser's own, made for this instruction
    if (!check_stored(e, type) || !check_scalar(spec, element, type, sink, only_register))
      return false;
  }
  return check_uniform(o.elements);
}

bool OperandChecker::may_drop_results(const OperandSpec &spec) const {
  return spec.vector != OperandSpec::kAnyLength &&
         !(c_.form->opcode == Opcode::wmma && c_.mods.has(Mod::mma) &&
           std::ranges::find(c_.types, Type::TF32) != c_.types.end());
}

bool OperandChecker::check_stored(const Operand &e, Type type) {
  if (c_.form->opcode != Opcode::wmma || !c_.mods.has(Mod::store))
    return true;
  if (e.kind == Operand::Kind::SpecialRegister)
    return fail(e.loc, fmt::format("wmma.store takes no special registers; move '{}' to a register",
                                   isa::spelling(e.special)));
  if (e.kind == Operand::Kind::Immediate && e.imm_type == Type::F64 && type == Type::F32)
    return fail(e.loc, "a constant of type .f64 does not fit type .f32 in wmma.store; write 0f...");
  return true;
}

bool OperandChecker::check_pack(Operand &o, Type type, bool dest) {
  if (const auto [element, width] = whole_vector(o); width > 1) {
    if ((dest && o.kind == Operand::Kind::SpecialRegister) || element == Type::Pred ||
        bits(element) * width != bits(type))
      return fail(o.loc, fmt::format("{} does not fit type {}", describe(o), dotted(type)));
    return true;
  }
  if (o.kind != Operand::Kind::Vector)
    return fail(o.loc, fmt::format("expected a list in braces, not {}", describe(o)));
  const size_t n = o.elements.size();
  inside_ = true;
  if (n != 2 && n != 4 && n != 8)
    return fail(o.loc, fmt::format("a list of {} elements cannot make up {}", n, dotted(type)));
  const unsigned each = bits(type) / static_cast<unsigned>(n);
  for (const Operand &e : o.elements) {
    if (!check_plain(e))
      return false;
    if (e.kind == Operand::Kind::Sink && dest)
      continue;
    if (e.kind == Operand::Kind::Immediate && !dest)
      continue;
    if (e.kind == Operand::Kind::SpecialRegister && !dest) {
      const Type part = each == 64 ? Type::B64 : each == 32 ? Type::B32 : Type::B16;
      if (!check_special_element(e, part))
        return false;
      continue;
    }
    if (e.kind != Operand::Kind::Register || e.reg->type == Type::Pred)
      return fail(e.loc, fmt::format("expected a register, not {}", describe(e)));
    if (bits(e.reg->type) != each ||
        (e.reg->vector_width > 1 && e.component == Operand::Component::None))
      return fail(e.loc, fmt::format("{} elements of {} bits make up {}; register '{}' has {} bits",
                                     n, each, dotted(type), e.reg->name, bits(e.reg->type)));
  }
  return check_uniform(o.elements);
}

bool OperandChecker::check_plain(const Operand &o) {
  if (o.negated)
    return fail(o.loc, "'!' or '-' cannot be used here");
  return !selects(o) || fail(o.loc, "this byte or half selector cannot be used here");
}

bool OperandChecker::check_uniform(std::span<const Operand> elements) {
  enum class Class : uint8_t { Any, Integer, Float, Half2 } all = Class::Any;
  unsigned size = 0;
  bool sinks = !elements.empty();
  for (const Operand &e : elements) {
    Class c = Class::Any;
    const bool special = e.kind == Operand::Kind::SpecialRegister;
    if (e.kind == Operand::Kind::Register || special) {
      const unsigned have = bits(special ? isa::info(e.special).type : e.reg->type);
      if (size && have != size)
        return fail(e.loc,
                    fmt::format("{} has {} bits, others of the list {}",
                                special ? describe(e) : fmt::format("register '{}'", e.reg->name),
                                have, size));
      size = have;
      if (!special && info(e.reg->type).kind != TypeKind::Bits)
        c = e.reg->type == Type::F16x2 ? Class::Half2
            : is_float(e.reg->type)    ? Class::Float
                                       : Class::Integer;
    } else if (e.kind == Operand::Kind::Immediate) {
      c = is_float(e.imm_type) ? Class::Float : Class::Integer;
    }
    sinks &= e.kind == Operand::Kind::Sink;
    if (c == Class::Any)
      continue;
    if (all != Class::Any && c != all)
      return fail(e.loc, fmt::format("{} does not go with the others of the list: they are all "
                                     "integers, or all floating-point numbers",
                                     describe(e)));
    all = c;
  }
  if (sinks)
    return fail(elements[0].loc, "'_' cannot stand for every element of a list");
  return check_company(elements);
}

bool OperandChecker::check_company(std::span<const Operand> elements) {
  auto special = [](const Operand &o) { return o.kind == Operand::Kind::SpecialRegister; };
  if (std::ranges::any_of(elements, special))
    for (const Operand &e : elements)
      if (e.kind == Operand::Kind::Immediate)
        return fail(e.loc, "a constant cannot stand beside a special register in a list");
  return true;
}

bool OperandChecker::check_constants(const Operand &list, Type type) {
  Type own = Type::None;
  for (const Operand &e : list.elements) {
    if (e.kind != Operand::Kind::Immediate)
      return true;
    if (own == Type::None || e.imm_type == Type::F64)
      own = is_float(e.imm_type) ? e.imm_type : Type::S32;
  }
  return own == type || bits(type) < 32 ||
         fail(list.loc, fmt::format("constants alone do not make a list of type {}; use registers",
                                    dotted(type)));
}

bool OperandChecker::check_scale_selector(Operand &o, int64_t threads) {
  OperandSpec list;
  list.vector = 2;
  list.type = {TypeRef::Kind::Fixed, 0, Type::U16};
  if (!check_vector(list, o, Type::U16))
    return false;
  OperandSpec byte, thread;
  byte.ranged = thread.ranged = true;
  byte.high = 3;
  byte.multiple = c_.mods.has(Mod::scale_vec_4X) ? 4 : c_.mods.has(Mod::kind_mxf8f6f4) ? 1 : 2;
  thread.high = threads - 1;
  for (size_t i = 0; i < o.elements.size(); ++i)
    if (o.elements[i].kind == Operand::Kind::Immediate &&
        !check_range(i ? thread : byte, o.elements[i]))
      return false;
  return true;
}

unsigned OperandChecker::list_length() const {
  if (const auto n = numbered_modifier("m64n"))
    return c_.types[0] == Type::F16 ? *n / 4 : *n / 2;
  if (const auto n = numbered_modifier("x"))
    return *n * (c_.mods.has(Mod::_16x128b) ? 2 : c_.mods.has(Mod::_16x256b) ? 4 : 1);
  return c_.mods.has(Mod::cta_group_2) ? 8 : 4;
}

std::optional<unsigned> OperandChecker::numbered_modifier(std::string_view start) const {
  for (const isa::Slot &slot : c_.form->slots)
    for (const Mod m : slot.mods) {
      const std::string_view s = isa::spelling(m);
      if (!c_.mods.has(m) || !s.starts_with(start) || s.size() == start.size())
        continue;
      unsigned n = 0;
      for (size_t i = start.size(); i < s.size() && s[i] >= '0' && s[i] <= '9'; ++i)
        n = n * 10 + static_cast<unsigned>(s[i] - '0');
      if (n)
        return n;
    }
  return std::nullopt;
}

bool OperandChecker::check_pair(const OperandSpec &spec, Operand &o, Type type) {
  if (o.kind != Operand::Kind::Pair) {
    if (!spec.second_optional)
      return fail(o.loc, fmt::format("expected a pair 'd|p', not {}", describe(o)));
    return check_first(spec, o, type);
  }
  if ((c_.form->opcode == Opcode::tex || c_.form->opcode == Opcode::tld4) && module_.version < 71)
    return fail(o.loc, "a predicate beside the result requires PTX ISA 7.1");
  Operand &first = const_cast<Operand &>(o.elements[0]);
  Operand &second = const_cast<Operand &>(o.elements[1]);
  if (first.kind == Operand::Kind::Sink && second.kind == Operand::Kind::Sink)
    return fail(o.loc, "'_' cannot stand for both parts of a pair");
  return check_first(spec, first, type) &&
         check_scalar({}, second, resolve(spec.second_type), spec.second_sink, true);
}

bool OperandChecker::check_first(const OperandSpec &spec, Operand &o, Type type) {
  return spec.vector ? check_vector(spec, o, type) : check_scalar(spec, o, type, spec.sink, true);
}

} // namespace w2w::ptx
