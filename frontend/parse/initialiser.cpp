// Initialisers of variables, PTX ISA 5.4.4.
#include "frontend/parse/parser_impl.h"

#include <algorithm>
#include <bit>

namespace w2w::ptx {

void Parser::parse_initialiser(Variable &v, std::vector<uint64_t> &dimensions) {
  const SourceLoc at_ = loc();
  advance(); // '='
  if (v.linkage == Linkage::Extern)
    error(at_, "an .extern variable cannot have an initialiser", "5.4.4");
  else if (v.space != StateSpace::Global && v.space != StateSpace::Const)
    error(at_, "only .global and .const variables can have an initialiser", "5.4.4");
  if (info(v.type).kind == TypeKind::Opaque) {
    if (!at(Tok::LBrace))
      return error(loc(), fmt::format("expected '{{'; {}", found()), "5.3");
    std::vector<InitialiserElement> fields;
    const uint64_t count = parse_opaque_values(v, dimensions, 0, fields);
    if (v.unsized && !dimensions.empty()) {
      dimensions[0] = count;
      v.unsized = false;
    }
    v.initialiser = arena_.copy(fields);
    return;
  }
  std::vector<uint64_t> levels = dimensions;
  if (v.vector_width > 1)
    levels.push_back(v.vector_width);
  InitialiserCursor c{v, levels};
  if (levels.empty()) {
    if (at(Tok::LBrace)) {
      error(loc(), fmt::format("'{}' is not an array; write its value without braces", v.name),
            "5.4.4");
      return skip_braces();
    }
    parse_initialiser_value(c);
  } else {
    if (!dimensions.empty() && !v.unsized && dimensions[0] == 0)
      error(at_, fmt::format("array '{}' has no elements to initialise", v.name), "5.4.4");
    parse_initialiser_list(c, 0);
  }
  if (v.unsized && !dimensions.empty()) {
    dimensions[0] = c.outer_extent;
    v.unsized = false;
  }
  v.initialiser = arena_.copy(c.elements);
}

/// Fields of a texture, sampler or surface, `{ width = 4, addr_mode_0 = wrap }`, PTX ISA 5.3; or,
/// with dimensions, a list of values, of which a field by itself is one. `first` is the index of
/// the first element that the list is for. Returns how many values the list has.
uint64_t Parser::parse_opaque_values(const Variable &v, std::span<const uint64_t> dimensions,
                                     uint64_t first, std::vector<InitialiserElement> &out) {
  const unsigned errors = diags_.error_count();
  uint64_t stride = 1, count = 0; // elements a value is for, values
  for (const uint64_t n : dimensions.subspan(std::min<size_t>(dimensions.size(), 1)))
    stride *= n; // more than 64 bits are refused with the size
  const bool open = v.unsized && first == 0 && !dimensions.empty() && dimensions[0] == 0;
  if (dimensions.size() > kMaxDepth)
    error(loc(), "initialiser is nested too deeply", "5.4.4");
  else
    advance(); // '{'
  const auto parse_value = [&] {
    if (dimensions.empty())
      return parse_opaque_field(v, first, out);
    if (!open && count >= dimensions[0])
      return error(
          loc(),
          fmt::format("too many values for '{}': the dimension has {}", v.name, dimensions[0]),
          "5.4.4");
    const uint64_t index = first + stride * count++;
    if (at(Tok::LBrace))
      parse_opaque_values(v, dimensions.subspan(1), index, out);
    else
      parse_opaque_field(v, index, out);
  };
  if (!at(Tok::RBrace) && diags_.error_count() == errors)
    do
      parse_value();
    while (diags_.error_count() == errors && accept(Tok::Comma));
  if (diags_.error_count() == errors && expect(Tok::RBrace, "at the end of the fields"))
    return count;
  while (!at(Tok::Semicolon) && !at(Tok::End))
    advance();
  return count;
}

void Parser::parse_opaque_field(const Variable &v, uint64_t index,
                                std::vector<InitialiserElement> &out) {
  const Type type = v.type;
  InitialiserElement e;
  e.kind = InitialiserElement::Kind::Field;
  e.loc = loc();
  e.offset = index * bytes(type);
  std::string_view name;
  if (!expect_name(name, "a field"))
    return;
  const std::optional<OpaqueField> field = find_opaque_field(name);
  if (!field || !info(*field).belongs_to(type))
    return error(e.loc, fmt::format("a .{} has no field '{}'", info(type).spelling, name), "5.3");
  if (!expect(Tok::Equal, "after the field"))
    return;
  e.field = *field;
  const std::optional<OpaqueWord> word =
      at(Tok::Identifier) ? find_opaque_word(tok_.text) : std::nullopt;
  if (word) {
    e.word = *word;
    advance();
  } else {
    Constant value;
    if (!parse_constant(value))
      return;
    // No field is a fraction: all ones is a number that none takes.
    e.bits = value.is_float() ? ~uint64_t{0} : value.bits;
  }
  if (type == Type::TexRef && module_.texmode_independent && info(*field).sampler)
    return warning(e.loc,
                   fmt::format("'{}' of a .texref is ignored in independent texture mode; give it "
                               "to the .samplerref",
                               name),
                   "5.3.2");
  if (type != Type::SamplerRef)
    warning(e.loc,
            fmt::format("'{}' of a .{} has no effect, as with ptxas: what the host binds says it",
                        name, info(type).spelling),
            "5.3.1");
  out.push_back(e);
}

void Parser::parse_initialiser_list(InitialiserCursor &c, size_t level) {
  if (level > kMaxDepth)
    return error(loc(), "initialiser is nested too deeply", "5.4.4");
  const SourceLoc at_ = loc();
  if (!at(Tok::LBrace))
    return error(at_,
                 fmt::format("expected '{{' for dimension {} of '{}'; {}", level + 1,
                             c.variable.name, found()),
                 "5.4.4");
  advance();
  const bool open = level == 0 && c.variable.unsized;
  const bool innermost = level + 1 == c.dimensions.size();
  uint64_t count = 0;
  const unsigned errors = diags_.error_count();
  while ((count > 0 || !at(Tok::RBrace)) && !at(Tok::End)) {
    if (!open && count >= c.dimensions[level])
      error(loc(),
            fmt::format("too many values for '{}': the dimension has {}", c.variable.name,
                        c.dimensions[level]),
            "5.4.4");
    if (!innermost) {
      parse_initialiser_list(c, level + 1);
    } else {
      if (c.incomplete) {
        warning(*c.incomplete,
                fmt::format("fewer values than this dimension of '{}' has: the next list's follow "
                            "them directly, as ptxas places them; write every value",
                            c.variable.name),
                "5.4.4");
        c.incomplete.reset();
      }
      parse_initialiser_value(c);
      c.offset += bytes(c.variable.type);
    }
    if (diags_.error_count() != errors) {
      // The rest of the list would only repeat the error.
      while (!at(Tok::Semicolon) && !at(Tok::End))
        advance();
      return;
    }
    ++count;
    if (!accept(Tok::Comma))
      break;
  }
  if (open)
    c.outer_extent = count;
  else if (innermost && c.variable.vector_width > 1 && count != c.dimensions[level])
    error(at_,
          fmt::format("a .v{} vector takes {} values", c.variable.vector_width,
                      c.variable.vector_width),
          "5.4.4");
  else if (count < c.dimensions[level] && !c.incomplete)
    c.incomplete = at_;
  if (!expect(Tok::RBrace, "at the end of the initialiser"))
    while (!at(Tok::Semicolon) && !at(Tok::End))
      advance();
}

bool Parser::parse_address_expression(InitialiserElement &e) {
  const SourceLoc at_ = loc();
  bool generic = false;
  if (tok_.text == "generic") {
    generic = true;
    advance();
    if (!expect(Tok::LParen, "after 'generic'"))
      return false;
  }
  std::string_view text;
  const Token name = tok_;
  if (!expect_name(text, "the name of a variable or function"))
    return false;
  const Symbol s = lookup(text);
  e.addend = 0;
  // The offset stands behind `generic(x)`, never inside.
  if (generic && !expect(Tok::RParen, "after the operand of generic()"))
    return false;
  const bool moved = at(Tok::Plus);
  if (!parse_offset(e.addend))
    return false;
  if (s.kind == Symbol::Kind::Variable) {
    const StateSpace space = s.variable->space;
    if (space != StateSpace::Global && space != StateSpace::Const) {
      error(at_,
            fmt::format("the address of '{}' is not known before the kernel runs; only .global and "
                        ".const variables may be named here",
                        text),
            "5.4.4");
      return false;
    }
    e.variable = s.variable;
    e.kind = generic || module_.version < 31 ? InitialiserElement::Kind::GenericAddress
                                             : InitialiserElement::Kind::VariableAddress;
    return true;
  }
  if (s.kind == Symbol::Kind::Function) {
    if (generic || moved) {
      error(at_,
            fmt::format("function '{}' stands by itself, without an offset or generic()", text),
            "5.4.4");
      return false;
    }
    e.function = s.function;
    e.kind = InitialiserElement::Kind::FunctionAddress;
    return true;
  }
  if (s.kind == Symbol::Kind::None)
    undefined(name);
  else
    error(at_, fmt::format("'{}' is neither a variable nor a function", text), "5.4.4");
  return false;
}

void Parser::parse_initialiser_value(InitialiserCursor &c) {
  const SourceLoc at_ = loc();
  const Type type = c.variable.type;
  InitialiserElement e;
  e.offset = c.offset;
  if (type == Type::F16 || type == Type::F16x2 || type == Type::Pred)
    return error(at_,
                 fmt::format("variables of type .{} cannot have an initialiser; use .b{}",
                             info(type).spelling, bits(type)),
                 "5.4.4");
  // `0xff00(symbol)`: one byte of an address.
  if (at(Tok::Integer)) {
    const Token first = tok_;
    const uint32_t resume = lexer_.offset();
    advance();
    if (at(Tok::LParen)) {
      advance();
      if (!std::has_single_bit(first.value / 0xff) || first.value % 0xff != 0 ||
          std::countr_zero(first.value) % 8 != 0)
        return error(at_, "mask() takes one whole byte: 0xff, 0xff00, ...", "5.4.4");
      require(71, 0, at_, "the mask() operator", "5.4.4");
      e.mask = first.value;
      e.mask_shift = static_cast<uint8_t>(std::countr_zero(first.value));
      if (at(Tok::Identifier) && tok_.text != "WARP_SZ") {
        if (!parse_address_expression(e))
          return;
        if (type != Type::U8 && type != Type::U32 && type != Type::U64)
          return error(at_,
                       fmt::format("a byte of an address needs a variable of type .u8, not .{}",
                                   info(type).spelling),
                       "5.4.4");
      } else {
        Constant value;
        if (!parse_constant(value))
          return;
        e.bits = (value.bits & e.mask) >> e.mask_shift;
        e.mask = ~uint64_t{0};
        e.mask_shift = 0;
      }
      if (!expect(Tok::RParen, "after the operand of mask()"))
        return;
      if (e.kind != InitialiserElement::Kind::Bits || e.bits)
        c.elements.push_back(e);
      return;
    }
    tok_ = first;
    lexer_.seek(resume);
    // The common case, a list of plain integers.
  } else if (at(Tok::Identifier) && tok_.text != "WARP_SZ") {
    if (!parse_address_expression(e))
      return;
    if (type != Type::U32 && type != Type::U64)
      return error(at_,
                   fmt::format("an address needs a variable of type .u32 or .u64, not .{}",
                               info(type).spelling),
                   "5.4.4");
    c.elements.push_back(e);
    return;
  }
  Constant value;
  if (!parse_constant(value))
    return;
  if (value.is_float() && !is_float(type) &&
      !(is_bits(type) && (bits(type) == 32 || bits(type) == 64)))
    return error(at_,
                 fmt::format("a floating-point value cannot initialise a variable of type .{}",
                             info(type).spelling),
                 "5.4.4");
  if (!value.is_float() && is_float(type))
    return error(
        at_,
        fmt::format("an integer cannot initialise a variable of type .{}; write a decimal point",
                    info(type).spelling),
        "5.4.4");
  e.bits = convert(value, type);
  if (bits(type) < 64)
    e.bits &= (uint64_t{1} << bits(type)) - 1;
  if (e.bits) // what is not listed is zero
    c.elements.push_back(e);
}

} // namespace w2w::ptx
