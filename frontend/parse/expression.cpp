// Constant expressions, PTX ISA 4.5.4 to 4.5.6. Where sections 4.5.5 and 4.5.6 contradict each
// other or leave a result open, it is what ptxas computes.
#include "frontend/parse/parser_impl.h"
#include "frontend/support/half.h"

#include <bit>

namespace w2w::ptx {

namespace {

double as_double(const Constant &c) {
  switch (c.type) {
  case Type::F64:
    return std::bit_cast<double>(c.bits);
  case Type::F32:
    return std::bit_cast<float>(static_cast<uint32_t>(c.bits));
  case Type::U64:
    return static_cast<double>(c.bits);
  default:
    return static_cast<double>(static_cast<int64_t>(c.bits));
  }
}

Constant make_double(double d) {
  return {Type::F64, std::bit_cast<uint64_t>(d)};
}
Constant make_int(Type t, uint64_t v) {
  return {t, v};
}
bool truth(const Constant &c) {
  return c.is_float() ? as_double(c) != 0 : c.bits != 0;
}

/// Binding strength of binary operators as in C; 0: not one.
int precedence_of(Tok t) {
  switch (t) {
  case Tok::PipePipe:
    return 1;
  case Tok::AmpAmp:
    return 2;
  case Tok::Pipe:
    return 3;
  case Tok::Caret:
    return 4;
  case Tok::Amp:
    return 5;
  case Tok::EqualEqual:
  case Tok::NotEqual:
    return 6;
  case Tok::Less:
  case Tok::Greater:
  case Tok::LessEqual:
  case Tok::GreaterEqual:
    return 7;
  case Tok::ShiftLeft:
  case Tok::ShiftRight:
    return 8;
  case Tok::Plus:
  case Tok::Minus:
    return 9;
  case Tok::Star:
  case Tok::Slash:
  case Tok::Percent:
    return 10;
  default:
    return 0;
  }
}

/// Applies an operator; a message on error, null otherwise.
const char *apply(Tok op, const Constant &a, const Constant &b, Constant &out) {
  const bool compares = op == Tok::EqualEqual || op == Tok::NotEqual || op == Tok::Less ||
                        op == Tok::Greater || op == Tok::LessEqual || op == Tok::GreaterEqual;
  if (a.is_float() != b.is_float())
    return "an operator takes two integers or two floating-point values, not one of each";
  if (a.is_float()) {
    const double x = as_double(a), y = as_double(b);
    switch (op) {
    case Tok::Plus:
      out = make_double(x + y);
      return nullptr;
    case Tok::Minus:
      out = make_double(x - y);
      return nullptr;
    case Tok::Star:
      out = make_double(x * y);
      return nullptr;
    case Tok::Slash:
      if (y == 0)
        return "division by zero in a constant expression";
      out = make_double(x / y);
      return nullptr;
    default:
      if (!compares)
        return "operator needs integer operands";
    }
    const bool r = op == Tok::EqualEqual  ? x == y
                   : op == Tok::NotEqual  ? x != y
                   : op == Tok::Less      ? x < y
                   : op == Tok::Greater   ? x > y
                   : op == Tok::LessEqual ? x <= y
                                          : x >= y;
    out = make_int(Type::S64, r);
    return nullptr;
  }
  // The usual conversions: unsigned if either operand is.
  const Type t = a.type == Type::U64 || b.type == Type::U64 ? Type::U64 : Type::S64;
  const uint64_t x = a.bits, y = b.bits;
  const int64_t sx = static_cast<int64_t>(x), sy = static_cast<int64_t>(y);
  if (compares) {
    const bool less = t == Type::U64 ? x < y : sx < sy;
    const bool r = op == Tok::EqualEqual     ? x == y
                   : op == Tok::NotEqual     ? x != y
                   : op == Tok::Less         ? less
                   : op == Tok::GreaterEqual ? !less
                   : op == Tok::Greater      ? !less && x != y
                                             : less || x == y;
    out = make_int(Type::S64, r);
    return nullptr;
  }
  switch (op) {
  case Tok::Plus:
    out = make_int(t, x + y);
    return nullptr;
  case Tok::Minus:
    out = make_int(t, x - y);
    return nullptr;
  case Tok::Star:
    out = make_int(t, x * y);
    return nullptr;
  case Tok::Slash:
    if (y == 0)
      return "division by zero in a constant expression";
    out = t == Type::U64 ? make_int(t, x / y)
                         : make_int(t, sy == -1 ? uint64_t{0} - x : static_cast<uint64_t>(sx / sy));
    return nullptr;
  case Tok::Percent:
    if (y == 0)
      return "division by zero in a constant expression";
    out = make_int(Type::U64, x % y); // .s64 in table 5; ptxas takes it as unsigned
    return nullptr;
  // Of the count ptxas takes the lowest six bits; the text leaves larger counts open.
  case Tok::ShiftLeft:
    out = make_int(a.type, x << (y & 63));
    return nullptr;
  case Tok::ShiftRight:
    out = make_int(a.type,
                   a.type == Type::U64 ? x >> (y & 63) : static_cast<uint64_t>(sx >> (y & 63)));
    return nullptr;
  case Tok::Amp:
    out = make_int(t, x & y);
    return nullptr;
  case Tok::Pipe:
    out = make_int(t, x | y);
    return nullptr;
  case Tok::Caret:
    out = make_int(t, x ^ y);
    return nullptr;
  case Tok::AmpAmp:
    out = make_int(Type::S64, x && y);
    return nullptr;
  default:
    out = make_int(Type::S64, x || y);
    return nullptr;
  }
}

} // namespace

bool Parser::parse_constant(Constant &out) {
  return parse_binary(out, 0, 0);
}

bool Parser::parse_binary(Constant &out, int minimum, unsigned depth) {
  if (depth > kMaxDepth) {
    error(loc(), "constant expression is nested too deeply", "4.5.4");
    return false;
  }
  if (!parse_unary(out, depth + 1))
    return false;
  for (;;) {
    const Tok op = tok_.kind;
    const int precedence = precedence_of(op);
    if (precedence > minimum) {
      const SourceLoc at_ = loc();
      advance();
      Constant right;
      if (!parse_binary(right, precedence, depth + 1))
        return false;
      if (const char *problem = apply(op, out, right, out)) {
        error(at_, problem, "4.5.6");
        return false;
      }
    } else if (op == Tok::Question && minimum == 0) {
      if (out.is_float()) {
        error(loc(), "the condition of '?:' must be an integer", "4.5.6");
        return false;
      }
      const SourceLoc at_ = loc();
      advance();
      Constant yes, no;
      if (!parse_binary(yes, 0, depth + 1) || !expect(Tok::Colon, "in a conditional expression") ||
          !parse_binary(no, 0, depth + 1))
        return false;
      if (yes.is_float() != no.is_float()) {
        error(at_, "'?:' takes two integers or two floating-point values, not one of each",
              "4.5.6");
        return false;
      }
      // An integer keeps its own type: the other one's does not count for ptxas.
      out = truth(out) ? yes : no;
      if (out.is_float())
        out = make_double(as_double(out));
    } else {
      return true;
    }
  }
}

bool Parser::parse_unary(Constant &out, unsigned depth) {
  if (depth > kMaxDepth) {
    error(loc(), "constant expression is nested too deeply", "4.5.4");
    return false;
  }
  const SourceLoc at_ = loc();
  switch (tok_.kind) {
  case Tok::Integer:
  case Tok::Float:
    out = {tok_.type, tok_.value};
    advance();
    return true;
  case Tok::Plus:
    advance();
    return parse_unary(out, depth + 1);
  case Tok::Minus:
    advance();
    if (!parse_unary(out, depth + 1))
      return false;
    if (out.type == Type::F32)
      out.bits ^= uint64_t{1} << 31;
    else if (out.type == Type::F64)
      out.bits ^= uint64_t{1} << 63;
    else
      out = make_int(out.type, uint64_t{0} - out.bits);
    return true;
  case Tok::Not:
  case Tok::Tilde: {
    const bool logical = at(Tok::Not);
    advance();
    if (!parse_unary(out, depth + 1))
      return false;
    if (out.is_float()) {
      error(at_, "operator needs an integer operand", "4.5.6");
      return false;
    }
    out = logical ? make_int(Type::S64, out.bits == 0) : make_int(Type::U64, ~out.bits);
    return true;
  }
  case Tok::LParen: {
    advance();
    if (at_word("s64") || at_word("u64")) {
      const Type to = at_word("s64") ? Type::S64 : Type::U64;
      advance();
      if (!expect(Tok::RParen, "after the type of a cast") || !parse_unary(out, depth + 1))
        return false;
      if (out.is_float()) {
        error(at_, "a cast needs an integer operand", "4.5.6");
        return false;
      }
      out.type = to;
      return true;
    }
    return parse_binary(out, 0, depth + 1) && expect(Tok::RParen, "to close the expression");
  }
  case Tok::Identifier:
    if (tok_.text == "WARP_SZ") { // PTX ISA 4.4
      out = make_int(Type::S64, 32);
      advance();
      return true;
    }
    [[fallthrough]];
  default:
    error(at_, fmt::format("expected a constant; {}", found()), "4.5");
    return false;
  }
}

bool Parser::parse_integer_constant(int64_t &out, std::string_view what) {
  const SourceLoc at_ = loc();
  Constant c;
  if (!parse_constant(c))
    return false;
  if (c.is_float()) {
    error(at_, fmt::format("{} must be an integer", what), "4.5.1");
    return false;
  }
  out = static_cast<int64_t>(c.bits);
  return true;
}

std::optional<uint64_t> Parser::parse_count(std::string_view what) {
  if (!at(Tok::Integer) && !(at(Tok::Identifier) && tok_.text == "WARP_SZ")) {
    error(loc(), fmt::format("the {} must be a literal number; {}", what, found()), "4.5.1");
    return std::nullopt;
  }
  const uint64_t value = at(Tok::Integer) ? tok_.value : 32;
  if (value > INT64_MAX) {
    error(loc(), fmt::format("the {} is too large", what), "4.5.1");
    return std::nullopt;
  }
  advance();
  return value;
}

uint64_t Parser::convert(const Constant &c, Type to) {
  const TypeInfo &t = info(to);
  if (t.kind == TypeKind::Float || t.kind == TypeKind::AltFloat) {
    // Of a single-precision literal ptxas takes the bits, for .f64 too.
    if (to == Type::F64)
      return c.type == Type::F32 ? c.bits : std::bit_cast<uint64_t>(as_double(c));
    if (to == Type::F32)
      return c.type == Type::F32 ? c.bits
                                 : std::bit_cast<uint32_t>(static_cast<float>(as_double(c)));
    if (to == Type::F16)
      return half_from_double(as_double(c));
    if (to == Type::BF16)
      return bfloat16_from_double(as_double(c));
  }
  if (t.bits == 32 && c.is_float())
    return convert(c, Type::F32);
  if (t.bits >= 64)
    return c.bits;
  const uint64_t mask = (uint64_t{1} << t.bits) - 1;
  uint64_t v = c.bits & mask;
  if (t.kind == TypeKind::Signed && (v >> (t.bits - 1)) & 1)
    v |= ~mask;
  return v;
}

} // namespace w2w::ptx
