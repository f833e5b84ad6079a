// See operands.h.
#include "frontend/sema/operands.h"

#include "frontend/sema/operand_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>

namespace w2w::ptx {

using isa::Mod;
using isa::Opcode;
using isa::OperandSpec;
using isa::TypeRef;
using Shape = isa::OperandSpec::Shape;

namespace {

std::string_view space_name(StateSpace s) {
  static constexpr std::string_view kNames[] = {"generic", "reg",   "sreg",   "const", "global",
                                                "local",   "param", "shared", "tex"};
  return kNames[static_cast<unsigned>(s)];
}

class Checker {
public:
  Checker(const Candidate &c, const Module &module, bool convert)
      : c_(c), module_(module), convert_(convert) {}

  OperandProblem run(std::span<Operand> operands, SourceLoc at) {
    const std::span<const OperandSpec> specs = c_.form->operands;
    if (c_.form->opcode == Opcode::cvta && bits(c_.types[0]) != module_.address_size)
      return {at,
              fmt::format("addresses have {} bits in this module, not {}", module_.address_size,
                          bits(c_.types[0])),
              0};
    size_t next = 0;
    size_t optional_left = operands.size() > required() ? operands.size() - required() : 0;
    for (const OperandSpec &spec : specs) {
      if (spec.shape == Shape::CallOperands)
        return {}; // checked by the parser, which knows the callee
      if (spec.condition != isa::kNoMod && !c_.mods.has(spec.condition))
        continue;
      if (spec.optional) {
        if (!optional_left)
          continue;
        --optional_left;
      }
      if (next == operands.size())
        return count_problem(operands.size(), at);
      Operand &o = operands[next];
      if (!check(spec, o))
        return {problem_loc_, std::move(problem_), static_cast<unsigned>(2 * next + 1 + inside_)};
      previous_ = &o;
      ++next;
    }
    if (next != operands.size())
      return count_problem(operands.size(), at);
    return {};
  }

private:
  size_t required() const {
    size_t n = 0;
    for (const OperandSpec &s : c_.form->operands)
      n += !s.optional && (s.condition == isa::kNoMod || c_.mods.has(s.condition));
    return n;
  }
  OperandProblem count_problem(size_t given, SourceLoc at) {
    size_t most = required();
    for (const OperandSpec &s : c_.form->operands)
      most += s.optional;
    const std::string wanted =
        most == required() ? std::to_string(most) : fmt::format("{} to {}", required(), most);
    return {at, fmt::format("{} operand(s) where {} are expected", given, wanted), 0};
  }

  bool fail(SourceLoc at, std::string message) {
    problem_loc_ = at;
    problem_ = std::move(message);
    return false;
  }

  Type resolve(const TypeRef &r) const {
    switch (r.kind) {
    case TypeRef::Kind::Slot:
      return r.index < c_.types.size() ? c_.types[r.index] : Type::None;
    case TypeRef::Kind::SlotWide:
      return widened(c_.types[r.index]);
    case TypeRef::Kind::Fixed:
      return r.type;
    default:
      return Type::None;
    }
  }

  /// A scalar that the table calls .b32 or .b64, whatever the instruction's type, holds an integer:
  /// a mask, an index, a control word, a cache policy.
  static Type scalar_type(const OperandSpec &spec, Type type) {
    if (spec.type.kind != TypeRef::Kind::Fixed || spec.exact)
      return type;
    return type == Type::B32 ? Type::U32 : type == Type::B64 ? Type::U64 : type;
  }

  /// Registers may be wider than the type in ld, st and cvt, PTX ISA 9.4.1; conversions of packed
  /// and alternative formats are exact.
  bool relaxed() const {
    const Opcode o = c_.form->opcode;
    if (o == Opcode::cvt) {
      for (const Type t : c_.types)
        if (info(t).kind == TypeKind::AltFloat || info(t).lanes > 1)
          return false;
      return true;
    }
    return o == Opcode::ld || (o == Opcode::st && !c_.mods.has(Mod::async)) || o == Opcode::ldu ||
           o == Opcode::suld || o == Opcode::sust || o == Opcode::sured;
  }

  static std::string dotted(Type t) { return fmt::format(".{}", info(t).spelling); }

  /// Whether a byte or half is written behind a register, PTX ISA 9.7.18.
  static bool selects(const Operand &o) { return o.component >= Operand::Component::B0; }

  bool check_register(const Operand &o, Type type) {
    const bool whole_vector =
        o.reg->vector_width > 1 && (o.component == Operand::Component::None || selects(o));
    // set takes any register of the size for a bfloat16 result, as ptxas does.
    if (dest_ && c_.form->opcode == Opcode::set && info(type).kind == TypeKind::AltFloat &&
        !whole_vector && bits(type) == bits(o.reg->type) &&
        info(o.reg->type).kind != TypeKind::Float)
      return true;
    if (whole_vector || !compatible(type, o.reg->type, relaxed()))
      return fail(o.loc, type == Type::None
                             ? fmt::format("{} cannot be used here", describe(o))
                             : fmt::format("{} does not fit type {}", describe(o), dotted(type)));
    return true;
  }

  bool check_immediate(Operand &o, Type type) {
    const bool is_floating = is_float(o.imm_type);
    if (type == Type::None)
      return true;
    if (bits(type) > 64)
      return fail(o.loc,
                  fmt::format("there are no constants of type {}; use a register", dotted(type)));
    const TypeKind kind = info(type).kind;
    const bool packed = info(type).lanes > 1;
    if (kind == TypeKind::Float && !packed && bits(type) >= 32) {
      if (!is_floating)
        return fail(
            o.loc,
            fmt::format("an integer constant does not fit type {}; write a decimal point or 0f...",
                        dotted(type)));
    } else if (kind == TypeKind::Float || kind == TypeKind::AltFloat || packed) {
      // 16-bit floats and packed values: no literal form exists (PTX ISA 4.5.2).
      return fail(o.loc,
                  fmt::format("there are no constants of type {}; use a register", dotted(type)));
    } else if (is_floating && (kind != TypeKind::Bits || bits(type) != bits(o.imm_type))) {
      // For bits, 0f... has 32 of them, 0d... and 1.5 have 64.
      return fail(o.loc,
                  fmt::format("a floating-point constant does not fit type {}", dotted(type)));
    }
    if (convert_)
      convert_immediate(o, type);
    return true;
  }

  bool check_scalar(const OperandSpec &spec, Operand &o, Type type, bool sink_allowed,
                    bool only_register) {
    if (o.negated && !spec.negatable)
      return fail(o.loc, "'!' or '-' cannot be used here");
    if (selects(o) ? !spec.selector || !selector_fits(spec, o)
                   : spec.selector && o.component != Operand::Component::None)
      return fail(o.loc, "this byte or half selector cannot be used here");
    switch (o.kind) {
    case Operand::Kind::Register:
      if (spec.type.kind == TypeRef::Kind::Fixed && o.reg->type == Type::F16x2 &&
          type != Type::F16x2 && !(spec.vector && type == Type::B32))
        return fail(o.loc, fmt::format("{} does not fit type {}", describe(o), dotted(type)));
      if (spec.exact && o.reg->type != type)
        return fail(o.loc, fmt::format("{} must have type {}", describe(o), dotted(type)));
      return check_register(o, type);
    case Operand::Kind::Sink:
      if (sink_allowed)
        return true;
      return fail(o.loc, "'_' cannot be used here");
    case Operand::Kind::Immediate:
      if (only_register)
        return fail(o.loc, "expected a register, not a constant");
      return check_immediate(o, type) && check_range(spec, o);
    case Operand::Kind::SpecialRegister:
      if (c_.form->opcode == Opcode::cvt && !spec.dest && !c_.mods.has(Mod::pack))
        return check_special_conversion(o, type);
      if (in_list_ && !spec.dest)
        return check_special_element(o, type);
      [[fallthrough]];
    default:
      return fail(o.loc, fmt::format("expected a register{}, not {}",
                                     only_register ? "" : " or constant", describe(o)));
    }
  }

  /// Scalar video instructions select one byte or half; of the SIMD ones, sources select a byte or
  /// half for each lane, and the destination's selector is a mask of lanes (PTX ISA 9.7.18).
  bool selector_fits(const OperandSpec &spec, const Operand &o) const {
    using Component = Operand::Component;
    const char lanes = isa::spelling(c_.form->opcode).back();
    const bool byte = o.component >= Component::B0 && o.component <= Component::B3;
    const bool half = o.component == Component::H0 || o.component == Component::H1;
    if (lanes == '2')
      return o.component == Component::Halves || (spec.dest && half);
    if (lanes == '4')
      return o.component == Component::Bytes || (spec.dest && byte);
    return byte || half;
  }

  bool check_range(const OperandSpec &spec, const Operand &o) {
    if (is_float(o.imm_type)) {
      const double d = o.imm_type == Type::F32 ? std::bit_cast<float>(static_cast<uint32_t>(o.imm))
                                               : std::bit_cast<double>(o.imm);
      return !spec.ranged ||
             (d > static_cast<double>(spec.low) && d <= static_cast<double>(spec.high)) ||
             fail(o.loc,
                  fmt::format("the constant must be above {} and at most {}", spec.low, spec.high));
    }
    const int64_t value = static_cast<int64_t>(o.imm);
    if (spec.ranged && (value < spec.low || value > spec.high))
      return fail(o.loc, spec.low == spec.high ? fmt::format("the constant must be {}", spec.low)
                                               : fmt::format("the constant must be in {} to {}",
                                                             spec.low, spec.high));
    if (spec.multiple && o.imm % spec.multiple)
      return fail(o.loc, fmt::format("the constant must be a multiple of {}", spec.multiple));
    if (spec.power_of_two && !std::has_single_bit(static_cast<uint64_t>(o.imm)))
      return fail(o.loc, "the constant must be a power of two");
    if (spec.one_of && !(spec.one_of >> (value - spec.low) & 1)) {
      std::string choices;
      for (int64_t v = spec.low; v <= spec.high; ++v)
        if (spec.one_of >> (v - spec.low) & 1)
          choices += fmt::format("{}{}", choices.empty() ? "" : ", ", v);
      return fail(o.loc, fmt::format("the constant must be one of {}", choices));
    }
    using Relation = OperandSpec::Relation;
    if (spec.relation != Relation::None && previous_ &&
        previous_->kind == Operand::Kind::Immediate) {
      const auto mine = static_cast<uint32_t>(o.imm),
                 before = static_cast<uint32_t>(previous_->imm);
      const bool most = spec.relation == Relation::AtMost;
      if (most ? mine > before : mine < before)
        return fail(o.loc, fmt::format("the constant must be {} {}, the one before it",
                                       most ? "at most" : "at least", before));
    }
    return true;
  }

  /// A special register in a list is as good as a register without type of its width.
  bool check_special_element(const Operand &o, Type type) {
    const isa::SpecialRegisterInfo &i = isa::info(o.special);
    if (i.vector_width > 1 && o.component == Operand::Component::None)
      return fail(o.loc, fmt::format("name a component of '{}', such as {}.x", i.name, i.name));
    return compatible(type, untyped(i.type), relaxed()) ||
           fail(o.loc, fmt::format("special register '{}' of type .{} does not fit type {}", i.name,
                                   info(i.type).spelling, dotted(type)));
  }
  static Type untyped(Type t) {
    return t == Type::Pred ? t : bits(t) == 64 ? Type::B64 : Type::B32;
  }

  /// The type and number of the elements of a vector register, special or not, that stands by
  /// itself.
  static std::pair<Type, unsigned> whole_vector(const Operand &o) {
    if (o.component == Operand::Component::None && o.kind == Operand::Kind::Register)
      return {o.reg->type, o.reg->vector_width};
    if (o.component == Operand::Component::None && o.kind == Operand::Kind::SpecialRegister)
      return {isa::info(o.special).type, isa::info(o.special).vector_width};
    return {Type::None, 1};
  }

  /// Neither negated, nor a byte or half.
  bool check_plain(const Operand &o) {
    if (o.negated)
      return fail(o.loc, "'!' or '-' cannot be used here");
    return !selects(o) || fail(o.loc, "this byte or half selector cannot be used here");
  }

  /// ptxas takes no constant where a list holds a special register.
  bool check_company(std::span<const Operand> elements) {
    auto special = [](const Operand &o) { return o.kind == Operand::Kind::SpecialRegister; };
    if (std::ranges::any_of(elements, special))
      for (const Operand &e : elements)
        if (e.kind == Operand::Kind::Immediate)
          return fail(e.loc, "a constant cannot stand beside a special register in a list");
    return true;
  }

  /// The elements of a list are registers of one size and one class, typed ones of any integer
  /// types; a constant is of the class of its form. They cannot all be `_`.
  bool check_uniform(std::span<const Operand> elements) {
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

  /// A fragment of constants alone has their types: integers are .s32, 1.0 is an .f64.
  bool check_constants(const Operand &list, Type type) {
    Type own = Type::None;
    for (const Operand &e : list.elements) {
      if (e.kind != Operand::Kind::Immediate)
        return true;
      if (own == Type::None || e.imm_type == Type::F64)
        own = is_float(e.imm_type) ? e.imm_type : Type::S32;
    }
    return own == type || bits(type) < 32 ||
           fail(list.loc,
                fmt::format("constants alone do not make a list of type {}; use registers",
                            dotted(type)));
  }

  bool check_pack(Operand &o, Type type, bool dest) {
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
        return fail(e.loc,
                    fmt::format("{} elements of {} bits make up {}; register '{}' has {} bits", n,
                                each, dotted(type), e.reg->name, bits(e.reg->type)));
    }
    return check_uniform(o.elements);
  }

  bool check_vector(const OperandSpec &spec, Operand &o, Type type) {
    unsigned want = spec.vector;
    if (want == OperandSpec::kByModifier) {
      want = c_.mods.has(Mod::v2) ? 2 : c_.mods.has(Mod::v4) ? 4 : c_.mods.has(Mod::v8) ? 8 : 0;
      if (want == 0) {
        // A list of one is taken for a scalar.
        if (o.kind == Operand::Kind::Vector && o.elements.size() == 1) {
          Operand one = o.elements[0];
          in_list_ = true;
          if (!check_scalar(spec, one, type, spec.sink, spec.dest))
            return false;
          if (convert_)
            o = one;
          return true;
        }
        return check_scalar(spec, o, type, spec.sink, spec.dest);
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
      return fail(o.loc, fmt::format("expected a list of {} elements in braces, not {}", want,
                                     describe(o)));
    if (o.elements.size() != want)
      return fail(o.loc, fmt::format("expected {} elements, not {}", want, o.elements.size()));
    if (spec.type.kind == TypeRef::Kind::Fixed && !check_constants(o, type))
      return false;
    for (const Operand &e : o.elements) {
      Operand &element =
          const_cast<Operand &>(e); // lists are the parser's own, made for this instruction
      in_list_ = true;
      // Lists as long as the shape says are results of wgmma and tcgen05, all of them wanted.
      const bool sink = spec.dest && spec.vector != OperandSpec::kAnyLength;
      if (!check_scalar(spec, element, type, sink, spec.dest))
        return false;
    }
    return check_uniform(o.elements);
  }

  /// {byte, thread} where a scale lies, of so many threads of four; vectors of two or four scales
  /// start at every second byte or at the first (PTX ISA 9.7.14.3, table 37).
  bool check_scale_selector(Operand &o, int64_t threads) {
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

  /// The modifier written that starts so and goes on with a number ("x" for .x16), or nothing.
  std::optional<unsigned> numbered_modifier(std::string_view start) const {
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

  /// Registers in a list whose length the shape decides: fragments of wgmma (PTX ISA 9.7.15.5.1),
  /// of tcgen05.ld and .st (9.7.16.8), lanes that tcgen05.mma leaves out (9.7.16.10.9).
  unsigned list_length() const {
    if (const auto n = numbered_modifier("m64n"))
      return c_.types[0] == Type::F16 ? *n / 4 : *n / 2;
    if (const auto n = numbered_modifier("x"))
      return *n * (c_.mods.has(Mod::_16x128b) ? 2 : c_.mods.has(Mod::_16x256b) ? 4 : 1);
    return c_.mods.has(Mod::cta_group_2) ? 8 : 4;
  }

  StateSpace space_of_form() const {
    auto has = [&](Mod m) { return c_.mods.has(m); };
    if (has(Mod::global))
      return StateSpace::Global;
    if (has(Mod::shared) || has(Mod::shared_cta) || has(Mod::shared_cluster))
      return StateSpace::Shared;
    if (has(Mod::local))
      return StateSpace::Local;
    if (has(Mod::const_))
      return StateSpace::Const;
    if (has(Mod::param) || has(Mod::param_entry) || has(Mod::param_func))
      return StateSpace::Param;
    return StateSpace::None;
  }

  bool check_address(const OperandSpec &spec, Operand &o) {
    if (o.kind == Operand::Kind::Variable && o.indexed) // ld.global.u32 d, a[3]; PTX ISA 6.4.2
      o.kind = Operand::Kind::Address;
    if (o.kind != Operand::Kind::Address)
      return fail(o.loc, fmt::format("expected an address in brackets, not {}", describe(o)));
    StateSpace space = space_of_form();
    if (spec.space == Mod::shared || spec.space == Mod::global)
      space = spec.space == Mod::shared ? StateSpace::Shared : StateSpace::Global;
    o.address_space = space;
    if (o.reg) {
      const TypeKind kind = info(o.reg->type).kind;
      const bool integer =
          kind == TypeKind::Bits || kind == TypeKind::Unsigned || kind == TypeKind::Signed;
      const unsigned width = bits(o.reg->type);
      if (!integer || (width != 32 && width != 64) ||
          (o.reg->vector_width > 1 && o.component == Operand::Component::None))
        return fail(o.loc, fmt::format("{} cannot be an address", describe_register(*o.reg)));
      const StateSpace written = space_of_form();
      if (width < module_.address_size && full_width_address() &&
          (written == StateSpace::None || written == StateSpace::Global))
        return fail(o.loc, fmt::format("{} is too narrow for a generic or global address",
                                       describe_register(*o.reg)));
      return true;
    }
    if (!o.variable && space_of_form() != StateSpace::Local)
      return fail(o.loc, "a constant can only be an address in .local; use a register");
    if (o.variable) {
      const StateSpace actual = o.variable->space;
      if (info(o.variable->type).kind == TypeKind::Opaque)
        return fail(o.loc, fmt::format("'{}' is a .{} and has no address here", o.variable->name,
                                       info(o.variable->type).spelling));
      if (c_.form->opcode == Opcode::prefetchu && actual != StateSpace::Global)
        return fail(o.loc, fmt::format("'{}' has no generic address here", o.variable->name));
      // Without a state space the address is generic; the spaces of which a variable can be
      // addressed so are checked here.
      if (c_.form->opcode == Opcode::st && o.variable->is_parameter)
        return fail(o.loc, fmt::format("'{}' is an input of the function and cannot be written",
                                       o.variable->name));
      if (space == StateSpace::None && (actual == StateSpace::Const || actual == StateSpace::Param))
        return fail(o.loc,
                    fmt::format("'{}' is a .{} variable; name the state space in the instruction",
                                o.variable->name, space_name(actual)));
      if (space != StateSpace::None && space != actual)
        return fail(o.loc, fmt::format("'{}' is a .{} variable, the instruction accesses .{}",
                                       o.variable->name, space_name(actual), space_name(space)));
    }
    return true;
  }

  /// Instructions whose generic and global addresses must be as wide as the module's.
  bool full_width_address() const {
    switch (c_.form->opcode) {
    case Opcode::st:
    case Opcode::red:
      return !c_.mods.has(Mod::async);
    case Opcode::ld:
    case Opcode::ldu:
    case Opcode::atom:
    case Opcode::multimem:
    case Opcode::prefetch:
      return !c_.mods.has(Mod::tensormap);
    case Opcode::prefetchu:
    case Opcode::applypriority:
    case Opcode::discard:
    case Opcode::mbarrier:
      return true;
    default:
      return false;
    }
  }

  bool check(const OperandSpec &spec, Operand &o) {
    const Type type = resolve(spec.type);
    dest_ = spec.dest;
    in_list_ = false;
    if (spec.vector == OperandSpec::kPack)
      return check_pack(o, type, spec.dest);
    if (spec.shape == Shape::Pair)
      return check_pair(spec, o, type);
    if (spec.shape == Shape::Coordinates)
      return check_coordinates(o, type);
    if (spec.vector)
      return check_vector(spec, o, type);
    switch (spec.shape) {
    case Shape::Register:
      return check_scalar(spec, o, scalar_type(spec, type), spec.sink, true);
    case Shape::Source:
      if (spec.type.kind == TypeRef::Kind::Pointer)
        return check_pointer(o);
      return check_scalar(spec, o, scalar_type(spec, type), spec.sink, false);
    case Shape::Immediate:
      if (o.kind != Operand::Kind::Immediate || is_float(o.imm_type))
        return fail(o.loc, fmt::format("expected an integer constant, not {}", describe(o)));
      return check_range(spec, o);
    case Shape::Sink:
      return o.kind == Operand::Kind::Sink ||
             fail(o.loc, fmt::format("expected '_', not {}", describe(o)));
    case Shape::Pair:
    case Shape::Coordinates:
      return true; // done above
    case Shape::Address:
      return check_address(spec, o);
    case Shape::RegisterAddress:
      if (o.kind == Operand::Kind::Address && !o.reg)
        return fail(o.loc, "the address must be in a register");
      return check_address(spec, o);
    case Shape::AnySource:
      return check_any_source(o, type);
    case Shape::AddressOf:
      return check_address_of(o, type);
    case Shape::Label:
    case Shape::Targets:
    case Shape::CallOperands:
      return true; // the parser has read them as such
    case Shape::ScaleSelectorA:
      return check_scale_selector(o, 2);
    case Shape::ScaleSelectorB:
      return check_scale_selector(o, 4);
    case Shape::Texture:
    case Shape::Surface:
    case Shape::Tensor:
      return check_tex_address(spec, o);
    case Shape::Query:
      return check_query(o);
    case Shape::TensorMemory:
      if (o.kind != Operand::Kind::Address || !o.reg)
        return fail(o.loc,
                    fmt::format("expected an address in tensor memory, not {}", describe(o)));
      return compatible(Type::U32, o.reg->type, false) ||
             fail(o.loc, fmt::format("{} cannot be an address in tensor memory; it needs 32 bits",
                                     describe_register(*o.reg)));
    }
    return true;
  }

  bool check_first(const OperandSpec &spec, Operand &o, Type type) {
    return spec.vector ? check_vector(spec, o, type) : check_scalar(spec, o, type, spec.sink, true);
  }

  bool check_pair(const OperandSpec &spec, Operand &o, Type type) {
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

  /// An address held in a register (isspacep), or the address of a variable.
  bool check_pointer(Operand &o) {
    if (o.kind == Operand::Kind::Immediate && !is_float(o.imm_type))
      return true;
    if (o.kind != Operand::Kind::Register || o.component != Operand::Component::None || o.negated)
      return fail(o.loc, fmt::format("expected an address, not {}", describe(o)));
    return (o.reg->type != Type::F16x2 && (compatible(Type::U64, o.reg->type, false) ||
                                           compatible(Type::U32, o.reg->type, false))) ||
           fail(o.loc, fmt::format("{} cannot be an address", describe(o)));
  }

  bool check_special(const Operand &o, Type type) {
    const isa::SpecialRegisterInfo &i = isa::info(o.special);
    if (i.vector_width > 1 && o.component == Operand::Component::None)
      return fail(o.loc, fmt::format("name a component of '{}', such as {}.x", i.name, i.name));
    return check_special_type(o, type);
  }

  bool check_special_type(const Operand &o, Type type) {
    const isa::SpecialRegisterInfo &i = isa::info(o.special);
    // What had 16 bits once, or 32, may be read so still: %tid and its like, and %gridid (PTX
    // ISA 10.1 and 10.10).
    const bool narrow = !is_float(type) && i.requirement.ptx < 13 &&
                        ((bits(type) == 16 && i.vector_width > 1) ||
                         (i.type == Type::U64 && bits(type) < 64 && bits(type) >= 16));
    if (i.type == Type::Pred ? type != Type::Pred
                             : !narrow && (bits(type) != bits(i.type) || is_float(type)))
      return fail(o.loc, fmt::format("special register '{}' of type .{} does not fit type {}",
                                     i.name, info(i.type).spelling, dotted(type)));
    return true;
  }

  /// cvt reads special registers of at least the source's width, from integer to integer.
  bool check_special_conversion(const Operand &o, Type type) {
    const isa::SpecialRegisterInfo &i = isa::info(o.special);
    const bool integers = !is_float(type) && !is_float(c_.types[0]);
    if (!integers || i.type == Type::Pred || bits(type) > bits(i.type) ||
        (i.vector_width > 1 && o.component == Operand::Component::None))
      return fail(o.loc, fmt::format("special register '{}' cannot be converted here", i.name));
    return true;
  }

  bool check_any_source(Operand &o, Type type) {
    switch (o.kind) {
    case Operand::Kind::SpecialRegister:
      return check_special(o, type);
    case Operand::Kind::Variable:
    case Operand::Kind::Function:
      if (is_float(type) || type == Type::Pred || bits(type) < 32)
        return fail(o.loc, fmt::format("{} does not fit type {}", describe(o), dotted(type)));
      if (o.kind == Operand::Kind::Function && bits(type) != module_.address_size &&
          bits(type) != 32)
        return fail(o.loc, fmt::format("{} does not fit type {}", describe(o), dotted(type)));
      if (o.kind == Operand::Kind::Variable && o.variable->space == StateSpace::Global &&
          bits(type) < module_.address_size)
        return fail(o.loc, fmt::format("{} has {} bits and does not fit type {}", describe(o),
                                       module_.address_size, dotted(type)));
      return true;
    default: {
      OperandSpec spec;
      spec.negatable = type == Type::Pred;
      return check_scalar(spec, o, type, false, false);
    }
    }
  }

  bool check_address_of(Operand &o, Type type) {
    StateSpace space = space_of_form();
    if (c_.form->opcode == Opcode::mapa || c_.form->opcode == Opcode::getctarank)
      space = StateSpace::Shared;
    if (o.kind == Operand::Kind::Variable) {
      if (space != StateSpace::None && o.variable->space != space)
        return fail(o.loc, fmt::format("'{}' is a .{} variable, not .{}", o.variable->name,
                                       space_name(o.variable->space), space_name(space)));
      return true;
    }
    return check_scalar({}, o, type, false, false);
  }

  /// Offsets of im2col copies (.u16); offsets (.s32) and gradients (.f32) of texture instructions:
  /// a list, as long as the geometry has dimensions, three given in four; an offset in one
  /// dimension may be a register or constant.
  bool check_coordinates(Operand &o, Type type) {
    const bool gradient = is_float(type);
    // Offsets of multisampled textures have no sample.
    const unsigned dimensions =
        c_.mods.has(Mod::_2dms) || c_.mods.has(Mod::a2dms) ? 2 : geometry().dimensions;
    if (o.kind != Operand::Kind::Vector) {
      if (gradient || c_.form->opcode == Opcode::cp || dimensions != 1)
        return fail(o.loc, fmt::format("expected a list in braces, not {}", describe(o)));
      OperandSpec offset;
      offset.type = {TypeRef::Kind::Fixed, 0, type};
      return check_scalar(offset, o, type, false, false);
    }
    const size_t n = o.elements.size();
    const bool im2col = c_.form->opcode == Opcode::cp; // PTX ISA 9.7.9.25.5.2
    const size_t want = !im2col                    ? (dimensions == 3 ? 4 : dimensions)
                        : c_.mods.has(Mod::im2col) ? dimensions - 2
                                                   : 2;
    if (gradient || im2col ? n != want : n < want || (n != 1 && n != 2 && n != 4))
      return fail(o.loc, fmt::format("expected a list of {} elements, not {}", want, n));
    in_list_ = true;
    for (const Operand &e : o.elements)
      if (!check_scalar({}, const_cast<Operand &>(e), type, false, false))
        return false;
    return check_company(o.elements);
  }

  bool check_query(Operand &o) {
    if (o.kind != Operand::Kind::Address || o.offset != 0)
      return fail(o.loc, fmt::format("expected a texture, sampler or surface in brackets, not {}",
                                     describe(o)));
    if (!o.variable && !o.reg)
      return fail(o.loc, "expected a texture, sampler or surface, not a constant");
    const Type want = query_type();
    if (o.variable && o.variable->type != want &&
        (o.variable->space != StateSpace::Param || bits(o.variable->type) != 64 ||
         !o.variable->dimensions.empty()))
      return fail(o.loc, fmt::format("'{}' is not a .{}", o.variable->name, info(want).spelling));
    if (o.reg && (bits(o.reg->type) != 64 || is_float(o.reg->type)))
      return fail(
          o.loc, fmt::format("{} cannot be a handle; it needs 64 bits", describe_register(*o.reg)));
    return true;
  }

  /// What a texture or surface instruction names. In the independent mode samplers have queries of
  /// their own, PTX ISA 9.7.10.5.
  Type query_type() const {
    const Opcode op = c_.form->opcode;
    if (op == Opcode::suld || op == Opcode::sust || op == Opcode::sured || op == Opcode::suq)
      return Type::SurfRef;
    if (c_.mods.has(Mod::force_unnormalized_coords))
      return Type::SamplerRef;
    if (module_.texmode_independent)
      for (const Mod m : {Mod::filter_mode, Mod::addr_mode_0, Mod::addr_mode_1, Mod::addr_mode_2})
        if (c_.mods.has(m))
          return Type::SamplerRef;
    return Type::TexRef;
  }

  /// A generic address in a register, or a variable in .global, PTX ISA 9.7.9.25.5.2.
  bool check_tensor_map(const Operand &o) {
    const bool good = o.kind == Operand::Kind::Address && o.offset == 0 &&
                      (o.reg || (o.variable && o.variable->space == StateSpace::Global));
    return good || fail(o.loc, "a tensor map is named by a register, or by a variable in .global, "
                               "without an offset");
  }

  bool check_tex_address(const OperandSpec &spec, Operand &o) {
    if (o.kind != Operand::Kind::TexAddress)
      return fail(o.loc, fmt::format("expected '[{}, {{coordinates}}]', not {}",
                                     spec.shape == Shape::Surface  ? "surface"
                                     : spec.shape == Shape::Tensor ? "tensor map"
                                                                   : "texture",
                                     describe(o)));
    const size_t most = spec.shape == Shape::Texture ? 3 : 2;
    if (o.elements.size() < 2 || o.elements.size() > most)
      return fail(o.loc, "expected the texture or surface, and its coordinates");
    if (spec.shape == Shape::Tensor ? !check_tensor_map(o.elements[0])
                                    : !check_query(const_cast<Operand &>(o.elements[0])))
      return false;
    if (o.elements.size() == 3 && o.elements[1].kind != Operand::Kind::Register &&
        o.elements[1].kind != Operand::Kind::Variable)
      return fail(o.elements[1].loc,
                  fmt::format("expected a sampler, not {}", describe(o.elements[1])));
    const Operand &coordinates = o.elements.back();
    const Geometry shape = geometry();
    const unsigned want = shape.dimensions + shape.array;
    // Textures take 32-bit integers or floats as the last type says, the index of an array's layer
    // an integer; surfaces and tensors integers.
    const Type type = spec.shape == Shape::Texture ? c_.types.back() : Type::S32;
    auto fits = [&](const Operand &e, bool layer) {
      if (e.kind == Operand::Kind::Immediate)
        return is_float(e.imm_type) == (is_float(type) && !layer);
      if (e.kind == Operand::Kind::SpecialRegister)
        return bits(isa::info(e.special).type) == 32 &&
               check_special_element(e, layer ? Type::S32 : type);
      return e.kind == Operand::Kind::Register && check_plain(e) && whole_vector(e).second == 1 &&
             compatible(layer ? Type::S32 : type, e.reg->type, false);
    };
    if (coordinates.kind == Operand::Kind::Register && spec.shape != Shape::Tensor) {
      const auto [element, width] = whole_vector(coordinates);
      if (want == 1 ? fits(coordinates, false)
                    : !coordinates.negated && width >= want && bits(element) == 32 &&
                          (is_float(type) || !is_float(element)))
        return true;
    } else if (coordinates.kind == Operand::Kind::Vector) {
      // Lists have 1, 2 or 4 elements (PTX ISA 9.7.10.3); what is too many is ignored.
      const size_t n = coordinates.elements.size();
      if (spec.shape == Shape::Tensor ? n != want : n < want || (n != 1 && n != 2 && n != 4))
        return fail(coordinates.loc,
                    fmt::format("expected {} coordinates, not {}",
                                want == 3 && spec.shape != Shape::Tensor ? 4 : want, n));
      for (size_t i = 0; i < n; ++i)
        if (i < want ? !fits(coordinates.elements[i], shape.array && i == 0)
                     : coordinates.elements[i].kind == Operand::Kind::Sink)
          return fail(coordinates.elements[i].loc, fmt::format("{} cannot be a coordinate here",
                                                               describe(coordinates.elements[i])));
      return check_company(coordinates.elements);
    } else if (coordinates.kind == Operand::Kind::Immediate && want == 1 &&
               spec.shape != Shape::Tensor) {
      return fits(coordinates, false) ||
             fail(coordinates.loc,
                  fmt::format("{} cannot be a coordinate here", describe(coordinates)));
    }
    return fail(coordinates.loc, fmt::format("expected {} coordinates", want));
  }

  struct Geometry {
    unsigned dimensions = 0; // of a coordinate; for multisampled textures the sample counts
    bool array = false;      // an index of the layer comes first
  };
  Geometry geometry() const {
    static constexpr struct {
      std::string_view name;
      Geometry geometry;
    } kGeometries[] = {{"1d", {1, false}},   {"2d", {2, false}},   {"3d", {3, false}},
                       {"4d", {4, false}},   {"5d", {5, false}},   {"a1d", {1, true}},
                       {"a2d", {2, true}},   {"cube", {3, false}}, {"acube", {3, true}},
                       {"2dms", {3, false}}, {"a2dms", {3, true}}};
    // Gather and scatter take one column and four rows, PTX ISA 5.5.3.4.
    if (c_.mods.has(Mod::tile_gather4) || c_.mods.has(Mod::tile_scatter4))
      return {5, false};
    for (const isa::Slot &slot : c_.form->slots)
      for (const Mod m : slot.mods)
        if (c_.mods.has(m))
          for (const auto &k : kGeometries)
            if (k.name == isa::spelling(m))
              return k.geometry;
    return {};
  }

  const Candidate &c_;
  const Module &module_;
  bool convert_;
  const Operand *previous_ = nullptr;
  bool dest_ = false;    // the operand being checked is the destination
  bool inside_ = false;  // the problem lies in an element of a list
  bool in_list_ = false; // the operand being checked is an element of a list
  SourceLoc problem_loc_;
  std::string problem_;
};

} // namespace

OperandProblem check_operands(const Candidate &c, std::span<Operand> operands, const Module &module,
                              SourceLoc at, bool convert) {
  return Checker(c, module, convert).run(operands, at);
}

} // namespace w2w::ptx
