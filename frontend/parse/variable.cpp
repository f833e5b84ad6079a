// Declarations of variables and registers, PTX ISA 5.1, 5.4.
#include "frontend/parse/parser_impl.h"

#include <algorithm>
#include <bit>

namespace w2w::ptx {

std::optional<StateSpace> Parser::space_of(std::string_view word) {
  if (word == "global")
    return StateSpace::Global;
  if (word == "const")
    return StateSpace::Const;
  if (word == "local")
    return StateSpace::Local;
  if (word == "shared")
    return StateSpace::Shared;
  if (word == "param")
    return StateSpace::Param;
  if (word == "tex")
    return StateSpace::Tex;
  return std::nullopt;
}

std::optional<Linkage> Parser::linkage_of(std::string_view word) {
  if (word == "visible")
    return Linkage::Visible;
  if (word == "extern")
    return Linkage::Extern;
  if (word == "weak")
    return Linkage::Weak;
  if (word == "common")
    return Linkage::Common;
  return std::nullopt;
}

bool Parser::check_name(std::string_view name, SourceLoc at) {
  if (name == "_" || name == "$" || name == "WARP_SZ") {
    error(at, fmt::format("'{}' cannot be declared; it has a meaning of its own", name), "4.4");
    return false;
  }
  // A function may hide a special register.
  if (!function_ && isa::find_special_register(name)) {
    error(at, fmt::format("'{}' is a special register", name), "4.4");
    return false;
  }
  return true;
}

bool Parser::declare(Name *name, Symbol symbol, SourceLoc at, std::string_view what) {
  if (!check_name(name->text, at))
    return false;
  if (name->symbol.kind != Symbol::Kind::None && name->symbol.depth == symbols_.depth()) {
    error(at,
          fmt::format("'{}' is already declared in this scope; {} needs another name", name->text,
                      what),
          "4.4");
    return false;
  }
  const bool storage =
      symbol.kind == Symbol::Kind::Register || symbol.kind == Symbol::Kind::Variable;
  uint64_t number = 0;
  const RegisterRange *range = storage ? find_range(name->text, number) : nullptr;
  if (range && range->depth == symbols_.depth()) {
    error(at,
          fmt::format("'{}' is one of the registers '{}<{}>' of this scope; {} needs another name",
                      name->text, range->prefix, range->count, what),
          "5.4.6");
    return false;
  }
  symbols_.bind(name, symbol);
  return true;
}

void Parser::parse_attributes(Declaration &d) {
  const SourceLoc at_ = loc();
  advance(); // .attribute
  if (!expect(Tok::LParen, "after .attribute"))
    return;
  do {
    if (at_word("managed")) {
      d.managed = true;
      require(40, 30, at_, ".managed", "5.4.8");
      advance();
    } else if (at_word("unified")) {
      d.unified = true;
      require(80, 90, at_, ".unified", "5.4.8");
      d.unified = true;
      advance();
      Constant ignored;
      if (accept(Tok::LParen) &&
          (!parse_constant(ignored) || !expect(Tok::Comma, "between the two halves of the id") ||
           !parse_constant(ignored) || !expect(Tok::RParen, "after the id")))
        return;
    } else {
      error(loc(), fmt::format("expected .managed or .unified; {}", found()), "5.4.8");
      return;
    }
  } while (accept(Tok::Comma));
  expect(Tok::RParen, "after the attributes");
}

bool Parser::parse_declaration_prefix(Declaration &d) {
  while (at(Tok::DotWord)) {
    const std::string_view word = tok_.text;
    const SourceLoc at_ = loc();
    if (const std::optional<Type> type = type_from_spelling(word)) {
      if (d.type != Type::None) {
        error(at_,
              fmt::format("a declaration has one type; found '.{}' after '.{}'", word,
                          info(d.type).spelling),
              "5.4.1");
        return false;
      }
      d.type = *type;
      advance();
      // `.ptr .global .align 8` follows the type of a kernel parameter, PTX ISA 5.1.6.3.
      if (d.space == StateSpace::Param && at_word("ptr")) {
        d.is_pointer = true;
        advance();
        if (const auto space = at(Tok::DotWord) ? space_of(tok_.text) : std::nullopt) {
          d.pointee_space = *space;
          advance();
        }
        if (at_word("align")) {
          advance();
          const auto align = parse_count("alignment");
          if (!align)
            return false;
          if (!std::has_single_bit(*align) || *align > UINT32_MAX)
            error(at_, "an alignment must be a power of two", "5.1.6.3");
          else
            d.pointee_align = static_cast<uint32_t>(*align);
        }
      }
    } else if (word == "align") {
      advance();
      const SourceLoc value_loc = loc();
      const auto align = parse_count("alignment");
      if (!align)
        return false;
      if (!std::has_single_bit(*align) || *align > (uint64_t{1} << 31)) {
        error(value_loc, "an alignment must be a power of two", "5.4.5");
        return false;
      }
      d.align = static_cast<uint32_t>(*align);
    } else if (word == "v2" || word == "v4") {
      d.vector_width = word == "v2" ? 2 : 4;
      advance();
    } else if (word == "attribute") {
      parse_attributes(d);
    } else if (const auto space = word == "reg" ? StateSpace::Reg : space_of(word)) {
      if (d.space != StateSpace::None) {
        error(at_, fmt::format("a declaration has one state space; {}", found()), "5.1");
        return false;
      }
      d.space = *space;
      advance();
      if (d.space == StateSpace::Const && accept(Tok::LBracket)) { // .const[3], PTX ISA 5.1.3.1
        const auto bank = parse_count("constant bank");
        if (!bank || !expect(Tok::RBracket, "after the constant bank"))
          return false;
        if (*bank > 10)
          error(at_, "constant banks are numbered 0 to 10", "5.1.3.1");
        else if (module_.version >= 22)
          error(at_, "constant banks were removed in PTX ISA 2.2; declare the variable .const",
                "5.1.3.1");
        d.const_bank = static_cast<uint32_t>(*bank);
      }
    } else {
      error(at_, fmt::format("unexpected '.{}' in a declaration", word), "5.4.1");
      return false;
    }
  }
  if (d.space == StateSpace::Tex && d.type == Type::U32)
    d.type = Type::TexRef; // PTX ISA 5.1.8
  if (d.type == Type::None) {
    error(loc(), fmt::format("expected a type; {}", found()), "5.4.1");
    return false;
  }
  if (d.vector_width > 1 && (d.type == Type::Pred || info(d.type).kind == TypeKind::Opaque)) {
    error(d.loc, fmt::format("there are no vectors of .{}", info(d.type).spelling), "5.4.2");
    return false;
  }
  if (d.vector_width * bits(d.type) > 128) {
    error(d.loc,
          fmt::format("a vector has at most 128 bits; .v{} .{} has {}", d.vector_width,
                      info(d.type).spelling, d.vector_width * bits(d.type)),
          "5.4.2");
    return false;
  }
  return true;
}

void Parser::check_register_type(const Declaration &d) {
  const TypeKind kind = info(d.type).kind;
  const bool fundamental =
      (kind != TypeKind::AltFloat && kind != TypeKind::Opaque && info(d.type).lanes == 1) ||
      d.type == Type::F16x2;
  if (!fundamental || (bits(d.type) < 8 && d.type != Type::Pred))
    error(d.loc,
          fmt::format(".{} is not a type of registers; use .b{}", info(d.type).spelling,
                      std::max(16u, bits(d.type))),
          "5.2.1");
  if (d.type == Type::B128)
    require(83, 70, d.loc, ".b128", "5.2.1");
}

void Parser::declare_registers(const Declaration &d) {
  check_register_type(d);
  do {
    const SourceLoc at_ = loc();
    std::string_view text;
    if (!expect_name(text, "the name of a register"))
      return recover();
    Name *name = symbols_.intern(text);
    if (at(Tok::Less) && !check_name(text, at_))
      return recover();
    if (accept(Tok::Less)) {
      // Not a constant expression: '>' closes it.
      if (!at(Tok::Integer) || tok_.value > UINT32_MAX) {
        error(loc(), fmt::format("expected the number of registers; {}", found()), "5.4.6");
        return recover();
      }
      RegisterRange *range = nullptr;
      ranges_.push_back(std::make_unique<RegisterRange>());
      range = ranges_.back().get();
      range->prefix = text;
      range->count = tok_.value;
      range->type = d.type;
      range->vector_width = d.vector_width;
      range->loc = at_;
      range->depth = symbols_.depth();
      advance();
      if (!expect(Tok::Greater, "after the number of registers"))
        return recover();
      if (name->range && name->range->depth == symbols_.depth())
        error(at_,
              fmt::format("registers '{}<{}>' are already declared in this scope", text,
                          name->range->count),
              "5.4.6");
      symbols_.bind_range(name, range);
      symbols_.for_each_here([&](const Name &n) {
        uint64_t number = 0;
        if ((n.symbol.kind == Symbol::Kind::Register || n.symbol.kind == Symbol::Kind::Variable) &&
            n.text.size() > text.size() && n.text.starts_with(text) &&
            find_range(n.text, number) == range)
          error(at_,
                fmt::format("registers '{}<{}>' hold '{}', which is already declared in this scope",
                            text, range->count, n.text),
                "5.4.6");
      });
    } else {
      Register *r = arena_.make<Register>();
      r->name = text;
      r->type = d.type;
      r->vector_width = d.vector_width;
      r->loc = at_;
      Symbol s;
      s.kind = Symbol::Kind::Register;
      s.reg = r;
      if (declare(name, s, at_, "the register")) {
        r->index = static_cast<uint32_t>(registers_.size());
        registers_.push_back(r);
      }
    }
  } while (accept(Tok::Comma));
  if (!expect(Tok::Semicolon, "after the declaration"))
    recover();
}

void Parser::layout(Variable &v, const Declaration &d) {
  const uint64_t element = uint64_t{bytes(v.type)} * v.vector_width;
  // A .v4 of 8-bit elements is aligned to all of it, PTX ISA 5.4.5.
  const uint32_t natural =
      info(v.type).kind == TypeKind::Opaque
          ? 8
          : static_cast<uint32_t>(std::bit_ceil(std::max<uint64_t>(element, 1)));
  v.align = d.align ? d.align : natural;
  uint64_t size = element;
  for (const uint64_t n : v.dimensions)
    if (__builtin_mul_overflow(size, n, &size) || size > (uint64_t{1} << 47)) {
      error(v.loc, fmt::format("variable '{}' is too large", v.name), "5.4.3");
      size = 0;
      break;
    }
  v.size = v.unsized ? 0 : size;
}

Variable *Parser::parse_declarator(const Declaration &d, bool is_parameter) {
  Variable *v = arena_.make<Variable>();
  v->loc = loc();
  v->space = d.space;
  v->linkage = d.linkage;
  v->type = d.type;
  v->vector_width = d.vector_width;
  v->const_bank = d.const_bank;
  v->managed = d.managed;
  v->is_pointer = d.is_pointer;
  v->pointee_space = d.pointee_space;
  v->pointee_align = d.pointee_align;
  v->function = function_;
  if (!expect_name(v->name, is_parameter ? "the name of a parameter" : "the name of a variable"))
    return nullptr;
  std::vector<uint64_t> dimensions;
  while (at(Tok::LBracket)) {
    const SourceLoc at_ = loc();
    advance();
    if (at(Tok::RBracket)) {
      if (!dimensions.empty())
        error(at_, "only the first dimension of an array may be left open", "5.4.3");
      dimensions.push_back(0);
      v->unsized = true;
    } else {
      const auto n = parse_count("array dimension");
      if (!n)
        return nullptr;
      dimensions.push_back(*n);
    }
    if (!expect(Tok::RBracket, "after the array dimension"))
      return nullptr;
  }
  if (at(Tok::Equal)) {
    if (is_parameter) {
      error(loc(), "a parameter cannot have an initialiser", "5.4.4");
      return nullptr;
    }
    parse_initialiser(*v, dimensions);
  }
  if (!is_parameter && !dimensions.empty() && dimensions[0] == 0 && d.space != StateSpace::Shared &&
      d.space != StateSpace::Local)
    v->unsized = true; // a dimension of 0 declares no more than an open one
  v->dimensions = arena_.copy(dimensions);
  layout(*v, d);
  return v;
}

void Parser::parse_variables(Linkage linkage) {
  Declaration d;
  d.linkage = linkage;
  d.loc = loc();
  if (!parse_declaration_prefix(d))
    return recover();
  if (d.space == StateSpace::Reg) {
    if (!function_) {
      error(d.loc, "registers can only be declared inside a function", "5.1.1");
      return recover();
    }
    return declare_registers(d);
  }
  if (d.space == StateSpace::None) {
    error(d.loc, "expected a state space such as .global or .shared", "5.1");
    return recover();
  }
  check_variable(d);
  parse_declared_variables(d);
}

/// A type of variables in memory: not a format that only instructions know.
static bool is_memory_type(Type t) {
  return (info(t).lanes == 1 && info(t).kind != TypeKind::AltFloat && bits(t) >= 8) ||
         t == Type::F16x2;
}

void Parser::check_parameter(const Declaration &d, const Variable &v, bool kernel) {
  if (d.space != StateSpace::Param)
    return;
  const TypeInfo &type = info(d.type);
  if (d.type == Type::Pred)
    error(v.loc, "a .param variable cannot have type .pred", "5.2.1");
  else if (type.kind == TypeKind::Opaque) {
    if (!kernel)
      error(v.loc,
            fmt::format("a .{} is a parameter of kernels only; pass its address", type.spelling),
            "5.3");
    else if (d.type == Type::SamplerRef && !module_.texmode_independent)
      error(v.loc, "a .samplerref needs .target texmode_independent", "5.3");
  } else if (!is_memory_type(d.type))
    error(v.loc,
          fmt::format(".{} is not a type of variables; use .b{}", type.spelling,
                      std::max(8u, bits(d.type))),
          "5.2.1");
  else if (v.dimensions.empty() && (d.vector_width > 1 || d.type == Type::F16x2))
    error(v.loc,
          fmt::format("a .param variable cannot be a {}; use an array of .b8",
                      d.vector_width > 1 ? "vector" : ".f16x2"),
          "5.1.6");
  if (d.align > 128 && !kernel)
    error(v.loc, "the alignment of a parameter is at most 128", "5.4.5");
  if (d.is_pointer && !kernel)
    error(v.loc, ".ptr describes parameters of kernels only", "5.1.6.3");
}

void Parser::check_variable(const Declaration &d) {
  if (d.space == StateSpace::Tex)
    error(d.loc, "the .tex state space is gone; declare a .texref in .global", "5.1.8");
  if (d.space == StateSpace::Local && !function_)
    error(d.loc, ".local variables can only be declared inside a function", "5.1.5");
  if (d.linkage == Linkage::Common && d.space != StateSpace::Global)
    error(d.loc, "a .common variable is in the .global state space", "11.6.4");
  if (d.space == StateSpace::Param && !function_)
    error(d.loc, ".param variables can only be declared inside a function", "5.1.6");
  if (d.type == Type::Pred)
    error(d.loc, ".pred is a type of registers only", "5.2.1");
  const bool opaque = info(d.type).kind == TypeKind::Opaque;
  if (opaque && d.space != StateSpace::Tex && (function_ || d.space != StateSpace::Global))
    error(d.loc, "textures, samplers and surfaces are .global variables of the module", "5.3");
  else if (d.type == Type::SamplerRef && !module_.texmode_independent)
    error(d.loc, "a .samplerref needs .target texmode_independent", "5.3");
  if (!opaque && d.type != Type::Pred && !is_memory_type(d.type))
    error(d.loc,
          fmt::format(".{} is not a type of variables; use .b{}", info(d.type).spelling,
                      std::max(8u, bits(d.type))),
          "5.2.1");
  if ((d.managed || d.unified) && d.space != StateSpace::Global)
    error(d.loc,
          fmt::format(".{} needs the .global state space", d.managed ? "managed" : "unified"),
          "5.4.8");
}

void Parser::merge_declarations(Variable &old, const Variable &now) {
  const bool sizes_differ = !old.unsized && !now.unsized && old.size != now.size;
  if (old.space != now.space || old.type != now.type || sizes_differ)
    error(now.loc, fmt::format("'{}' is declared differently before", now.name), "11.6.1");
  if (now.linkage == Linkage::Extern)
    return;
  if (now.linkage == Linkage::Internal)
    error(now.loc,
          fmt::format("'{}' is declared .extern before; define it .visible or .weak", now.name),
          "11.6.1");
  const uint32_t index = old.index;
  old = now; // earlier uses see the definition
  old.index = index;
}

void Parser::parse_declared_variables(const Declaration &d) {
  for (;;) {
    // `name<n>` declares name0 ... name(n-1), PTX ISA 5.4.6.
    const Token name_token = tok_;
    const unsigned errors = diags_.error_count();
    Variable *v = parse_declarator(d, false);
    if (!v)
      return recover();
    const bool broken = diags_.error_count() != errors;
    uint64_t count = 1;
    bool ranged = false;
    if (accept(Tok::Less)) {
      ranged = true;
      if (!at(Tok::Integer) || tok_.value > 65536) {
        error(loc(), fmt::format("expected the number of variables (at most 65536); {}", found()),
              "5.4.6");
        return recover();
      }
      count = tok_.value;
      advance();
      if (!expect(Tok::Greater, "after the number of variables"))
        return recover();
    }
    if (function_)
      check_parameter(d, *v, false);
    if (v->unsized && !broken && v->linkage != Linkage::Extern)
      error(v->loc,
            fmt::format(
                "array '{}' has neither a size nor an initialiser; only .extern arrays may be open",
                v->name),
            "5.4.3");
    for (uint64_t i = 0; i < count; ++i) {
      Variable *one = v;
      if (ranged) {
        one = arena_.make<Variable>(*v);
        one->name = arena_.copy(fmt::format("{}{}", v->name, i));
      }
      Name *name = symbols_.intern(one->name);
      Symbol s;
      s.kind = Symbol::Kind::Variable;
      s.variable = one;
      if (!function_ && linking() && one->linkage != Linkage::Internal &&
          !is_dynamic_shared(*one)) {
        import_symbol(name, one->linkage);
        if (name->symbol.kind == Symbol::Kind::Variable) {
          link_variable(*name->symbol.variable, *one);
          continue;
        }
      }
      // Module-scope variables may be declared .extern and then defined.
      if (!function_ && name->symbol.kind == Symbol::Kind::Variable && name->symbol.depth == 0 &&
          (name->symbol.variable->linkage == Linkage::Extern || one->linkage == Linkage::Extern)) {
        merge_declarations(*name->symbol.variable, *one);
        continue;
      }
      if (!declare(name, s, {name_token.offset}, "the variable"))
        continue;
      if (function_) {
        one->index = static_cast<uint32_t>(locals_.size());
        locals_.push_back(one);
      } else {
        one->index = static_cast<uint32_t>(variables_.size());
        variables_.push_back(one);
        if (linking()) {
          claim_name(s, one->name, one->linkage);
          if (is_dynamic_shared(*one))
            dynamic_shared_.push_back({name->text, one->loc, part_});
          else
            export_symbol(s, name->text, one->linkage, one->loc, is_definition(*one));
        }
      }
    }
    if (broken && !at(Tok::Comma) && !at(Tok::Semicolon))
      return recover(); // what is wrong was said
    if (!accept(Tok::Comma))
      break;
  }
  if (!expect(Tok::Semicolon, "after the declaration"))
    recover();
}

} // namespace w2w::ptx
