// Operands, PTX ISA 6.2 to 6.4, 9.7.10 (textures). What an operand may be in an instruction is
// checked later, against the instruction's form (sema/operands.cpp).
#include "frontend/parse/parser_impl.h"

namespace w2w::ptx {

RegisterRange *Parser::find_range(std::string_view text, uint64_t &number) const {
  // Split trailing digits: "%r12" is 12 in the range "%r". A shorter prefix may be declared too
  // ("%r1<4>").
  size_t digits = text.size();
  while (digits > 1 && text[digits - 1] >= '0' && text[digits - 1] <= '9')
    --digits;
  uint64_t scale = 1;
  number = 0;
  for (size_t cut = text.size() - 1; cut >= digits && cut > 0 && text.size() - cut <= 10; --cut) {
    number += scale * static_cast<uint64_t>(text[cut] - '0');
    scale *= 10;
    if (text[cut] == '0' && text.size() - cut > 1)
      continue; // no leading zeros
    const Name *prefix = symbols_.find(text.substr(0, cut));
    if (prefix && prefix->range && number < prefix->range->count)
      return prefix->range;
  }
  return nullptr;
}

Register *Parser::range_register(Name *name) {
  uint64_t number = 0;
  RegisterRange *range = find_range(name->text, number);
  // A name declared where the range is, or further inside, is no register of it.
  if (!range || (name->symbol.kind != Symbol::Kind::None && name->symbol.depth >= range->depth))
    return nullptr;
  Register **slot = nullptr;
  if (number < RegisterRange::kDense) {
    if (range->dense.size() <= number)
      range->dense.resize(
          std::min<uint64_t>({range->count, RegisterRange::kDense,
                              std::max<uint64_t>(number + 1, range->dense.size() * 2)}));
    slot = &range->dense[number];
  } else {
    slot = &range->sparse[number];
  }
  if (!*slot) {
    Register *r = arena_.make<Register>();
    r->name = name->text;
    r->type = range->type;
    r->vector_width = range->vector_width;
    r->loc = range->loc;
    r->index = static_cast<uint32_t>(registers_.size());
    registers_.push_back(r);
    *slot = r;
  }
  return *slot;
}

Symbol Parser::lookup(std::string_view text) {
  Name *name = symbols_.intern(text);
  if (function_) {
    if (name->epoch != symbols_.epoch()) {
      name->ranged = range_register(name);
      name->epoch = symbols_.epoch();
    }
    if (name->ranged) {
      Symbol s;
      s.kind = Symbol::Kind::Register;
      s.reg = name->ranged;
      return s;
    }
  }
  if (linking() && name->symbol.depth == 0 && name->symbol.kind != Symbol::Kind::None)
    references_.try_emplace(name->symbol.none, loc());
  return name->symbol;
}

bool Parser::parse_component(Operand &out) {
  static constexpr struct {
    std::string_view name;
    Operand::Component component;
  } kNames[] = {{"x", Operand::Component::X},   {"y", Operand::Component::Y},
                {"z", Operand::Component::Z},   {"w", Operand::Component::W},
                {"r", Operand::Component::X},   {"g", Operand::Component::Y},
                {"b", Operand::Component::Z},   {"a", Operand::Component::W},
                {"b0", Operand::Component::B0}, {"b1", Operand::Component::B1},
                {"b2", Operand::Component::B2}, {"b3", Operand::Component::B3},
                {"h0", Operand::Component::H0}, {"h1", Operand::Component::H1}};
  for (const auto &n : kNames)
    if (n.name == tok_.text) {
      out.component = n.component;
      advance();
      return true;
    }
  // SIMD video: .h10, .b3210 and their like, PTX ISA 9.7.18.2.
  const std::string_view t = tok_.text;
  if ((t[0] == 'h' && (t.size() == 2 || t.size() == 3)) ||
      (t[0] == 'b' && t.size() >= 2 && t.size() <= 5)) {
    uint16_t packed = 0;
    bool good = true;
    for (const char c : t.substr(1)) {
      good &= c >= '0' && c <= '7';
      packed = static_cast<uint16_t>(packed << 4 | (c & 7));
    }
    if (good) {
      out.component = t[0] == 'h' ? Operand::Component::Halves : Operand::Component::Bytes;
      out.selector = packed;
      out.selector_count = static_cast<uint8_t>(t.size() - 1);
      advance();
      return true;
    }
  }
  error(loc(), fmt::format("'.{}' is not a component", tok_.text), "5.4.2");
  return false;
}

bool Parser::parse_offset(int64_t &offset) {
  offset = 0;
  const SourceLoc at_ = loc();
  if (at(Tok::Minus)) {
    error(at_, "an offset is added to an address; write '+-' to subtract", "6.4.1");
    return false;
  }
  if (!accept(Tok::Plus))
    return true;
  Constant value;
  if (!parse_constant(value))
    return false;
  if (value.is_float()) {
    error(at_, "an address offset must be an integer", "6.4.1");
    return false;
  }
  offset = static_cast<int64_t>(value.bits);
  return true;
}

const isa::SpecialRegister *Parser::find_special_register(const Token &name) {
  const isa::SpecialRegister *sreg = isa::find_special_register(name.text);
  if (!sreg)
    return nullptr;
  const isa::SpecialRegisterInfo &i = isa::info(*sreg);
  if (!isa::satisfies(i.requirement, module_.version, module_.sm, module_.sm_suffix))
    error({name.offset}, fmt::format("{} requires {}", i.name, isa::describe(i.requirement)),
          i.section);
  return sreg;
}

/// Whether a register has the component written behind it; any has those of video instructions.
static bool has_component(const Register &r, Operand::Component c) {
  using Component = Operand::Component;
  if (c < Component::X || c > Component::W)
    return true;
  return r.vector_width > 1 &&
         static_cast<unsigned>(c) - static_cast<unsigned>(Component::X) < r.vector_width;
}

bool Parser::parse_name_operand(Operand &out) {
  const Token name = tok_;
  if (name.text == "_") {
    out.kind = Operand::Kind::Sink;
    advance();
    return true;
  }
  const Symbol s = lookup(name.text);
  switch (s.kind) {
  case Symbol::Kind::Register:
    out.kind = Operand::Kind::Register;
    out.reg = s.reg;
    advance();
    if (!at(Tok::DotWord))
      return true;
    if (!parse_component(out))
      return false;
    if (!has_component(*s.reg, out.component)) {
      error({name.offset}, fmt::format("register '{}' has no such component", s.reg->name),
            "6.4.3");
      return false;
    }
    return true;
  case Symbol::Kind::Variable: {
    out.kind = Operand::Kind::Variable;
    out.variable = s.variable;
    advance();
    if (at(Tok::LBracket)) { // array element, PTX ISA 6.4.2
      advance();
      int64_t index = 0;
      if (at(Tok::Identifier) && tok_.text != "WARP_SZ") {
        error(loc(),
              "an array can only be indexed by a constant here; compute the address in a register",
              "6.4.2");
        return false;
      }
      if (!parse_integer_constant(index, "array index") ||
          !expect(Tok::RBracket, "after the array index"))
        return false;
      out.indexed = true;
      out.offset = index * static_cast<int64_t>(bytes(s.variable->type)) * s.variable->vector_width;
      return true;
    }
    int64_t offset = 0;
    if (!parse_offset(offset))
      return false;
    out.offset = offset;
    return true;
  }
  case Symbol::Kind::Function:
    out.kind = Operand::Kind::Function;
    out.function = s.function;
    advance();
    return true;
  case Symbol::Kind::Prototype:
    out.kind = Operand::Kind::Prototype;
    out.prototype = s.prototype;
    advance();
    return true;
  case Symbol::Kind::TargetList:
    out.kind = Operand::Kind::TargetList;
    out.target_list = s.targets;
    advance();
    return true;
  case Symbol::Kind::Label:
    out.kind = Operand::Kind::Label;
    out.label = s.label;
    advance();
    return true;
  case Symbol::Kind::None:
    break;
  }
  if (const isa::SpecialRegister *sreg = find_special_register(name)) {
    out.kind = Operand::Kind::SpecialRegister;
    out.special = *sreg;
    const isa::SpecialRegisterInfo &i = isa::info(*sreg);
    advance();
    if (at(Tok::DotWord) && !parse_component(out))
      return false;
    if (out.component != Operand::Component::None && i.vector_width == 1) {
      error({name.offset}, fmt::format("{} has no components", i.name), i.section);
      return false;
    }
    return true;
  }
  undefined(name);
  return false;
}

bool Parser::parse_address(Operand &out, unsigned depth) {
  const SourceLoc at_ = loc();
  advance(); // '['
  out.kind = Operand::Kind::Address;
  Operand base;
  base.loc = loc();
  if (at(Tok::Identifier) && tok_.text != "WARP_SZ") {
    if (!parse_name_operand(base))
      return false;
    if (base.kind == Operand::Kind::Register) {
      if (base.component != Operand::Component::None) {
        error(at_, "an address is in a register by itself, not in a part of one", "6.4.1");
        return false;
      }
      out.reg = base.reg;
      int64_t offset = 0;
      if (!parse_offset(offset))
        return false;
      out.offset = offset;
    } else if (base.kind == Operand::Kind::Variable) {
      if (base.indexed) {
        error(at_, "an array element stands without brackets around it, or as variable plus offset",
              "6.4.2");
        return false;
      }
      out.variable = base.variable;
      out.offset = base.offset;
    } else {
      error(at_, "an address is a register, a variable or a constant, plus an offset", "6.4.1");
      return false;
    }
  } else {
    Constant value;
    if (!parse_constant(value))
      return false;
    if (value.is_float()) {
      error(at_, "an address must be an integer", "6.4.1");
      return false;
    }
    out.imm = value.bits;
    out.imm_type = value.type;
  }
  if (at(Tok::Comma)) {
    // [texture, {coordinates}] or [texture, sampler, {coordinates}]
    const size_t first = operands_.size();
    Operand head = out;
    head.loc = at_;
    operands_.push_back(head);
    while (accept(Tok::Comma)) {
      Operand next;
      if (!parse_operand(next, depth + 1))
        return false;
      operands_.push_back(next);
      if (operands_.size() - first > 8) {
        error(next.loc, "an address has at most 8 parts", "6.4.1");
        return false;
      }
    }
    out = Operand{};
    out.kind = Operand::Kind::TexAddress;
    out.elements = arena_.copy(std::span<const Operand>(operands_).subspan(first));
    operands_.resize(first);
  }
  if (!expect(Tok::RBracket, "at the end of an address"))
    return false;
  if (at_word("unified")) { // [a].unified
    unified_ = true;
    advance();
  }
  return true;
}

bool Parser::parse_list(Operand &out, Operand::Kind kind, Tok close, unsigned depth) {
  const size_t first = operands_.size();
  advance(); // '{' or '('
  open_lists_ += close == Tok::RBrace;
  if (!at(close)) {
    do {
      Operand next;
      if (!parse_operand(next, depth + 1))
        return false;
      operands_.push_back(next);
      if (operands_.size() - first > Slice<Operand>::kMax) {
        error(next.loc, "too many operands", "6.1");
        return false;
      }
    } while (accept(Tok::Comma));
  }
  out.kind = kind;
  out.elements = arena_.copy(std::span<const Operand>(operands_).subspan(first));
  operands_.resize(first);
  if (!expect(close, "at the end of the list"))
    return false;
  open_lists_ -= close == Tok::RBrace;
  return true;
}

bool Parser::parse_primary_operand(Operand &out, unsigned depth) {
  out.loc = loc();
  switch (tok_.kind) {
  case Tok::Identifier:
    if (tok_.text != "WARP_SZ")
      return parse_name_operand(out);
    break;
  case Tok::LBracket:
    return parse_address(out, depth);
  case Tok::LBrace:
    return parse_list(out, Operand::Kind::Vector, Tok::RBrace, depth);
  case Tok::Not: {
    // `!p`; `!5` is a constant expression.
    const Token bang = tok_;
    const uint32_t resume = lexer_.offset();
    advance();
    if (at(Tok::Identifier) && tok_.text != "WARP_SZ") {
      out.negated = true;
      return parse_name_operand(out);
    }
    tok_ = bang;
    lexer_.seek(resume);
    break;
  }
  case Tok::Minus: {
    // `-a` in vmad; otherwise a constant expression.
    const Token minus = tok_;
    const uint32_t resume = lexer_.offset();
    advance();
    if (at(Tok::Identifier) && tok_.text != "WARP_SZ") {
      out.negated = true;
      return parse_name_operand(out);
    }
    tok_ = minus;
    lexer_.seek(resume);
    break;
  }
  default:
    break;
  }
  Constant value;
  const SourceLoc at_ = loc();
  switch (tok_.kind) { // what may start a constant
  case Tok::Integer:
  case Tok::Float:
  case Tok::Identifier:
  case Tok::Minus:
  case Tok::Plus:
  case Tok::Not:
  case Tok::Tilde:
  case Tok::LParen:
    break;
  default:
    error(at_, fmt::format("expected an operand; {}", found()), "6.1");
    return false;
  }
  // '|' separates the parts of a pair, and no constant is part of one.
  if (!parse_constant(value))
    return false;
  out.kind = Operand::Kind::Immediate;
  out.imm = value.bits;
  out.imm_type = value.type;
  return true;
}

bool Parser::parse_operand(Operand &out, unsigned depth) {
  if (depth > 4) {
    error(loc(), "operand is nested too deeply", "6.1");
    return false;
  }
  if (!parse_primary_operand(out, depth))
    return false;
  if (at(Tok::Pipe)) { // p|q
    advance();
    Operand parts[2];
    parts[0] = out;
    if (!parse_primary_operand(parts[1], depth + 1))
      return false;
    const SourceLoc at_ = out.loc;
    out = Operand{};
    out.kind = Operand::Kind::Pair;
    out.loc = at_;
    out.elements = arena_.copy(std::span<const Operand>(parts));
  }
  return true;
}

bool Parser::parse_label_operand(Operand &out) {
  out.loc = loc();
  std::string_view text;
  if (!expect_name(text, "a label"))
    return false;
  out.kind = Operand::Kind::Label;
  Name *name = symbols_.intern(text);
  if (name->symbol.kind == Symbol::Kind::Label && name->symbol.depth == symbols_.depth())
    out.label = name->symbol.label;
  return true; // a label not known yet is entered in pending_labels_ by the caller
}

} // namespace w2w::ptx
