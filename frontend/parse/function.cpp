// Functions, their bodies and the statements that are not instructions: PTX ISA 11.2
// to 11.4, 11.7, 9.7.12.1.
#include "frontend/parse/parser_impl.h"

#include <algorithm>
#include <bit>

namespace w2w::ptx {

void Parser::parse_parameters(std::vector<Variable *> &params,
                              std::vector<const Register *> &registers, bool kernel, bool named,
                              bool inputs) {
  advance(); // '('
  if (accept(Tok::RParen))
    return;
  do {
    Declaration d;
    d.loc = loc();
    auto skip_parameter = [&] {
      while (!at(Tok::Comma) && !at(Tok::RParen) && !at(Tok::Semicolon) && !at(Tok::LBrace) &&
             !at(Tok::End))
        advance();
    };
    if (!parse_declaration_prefix(d)) {
      skip_parameter();
      continue;
    }
    if (d.space != StateSpace::Param && (kernel || d.space != StateSpace::Reg)) {
      error(d.loc,
            kernel ? "kernel parameters are in the .param space"
                   : "parameters are in the .param or .reg space",
            "5.1.6");
      d.space = StateSpace::Param;
    }
    const Token name_token = tok_;
    Variable *v = parse_declarator(d, true);
    if (!v) {
      skip_parameter();
      continue;
    }
    check_parameter(d, *v, kernel);
    if (v->unsized && !inputs)
      error(v->loc, "a returned array needs a size", "11.2.2");
    const Register *r = nullptr;
    if (d.space == StateSpace::Reg) {
      check_register_type(d);
      if (!v->dimensions.empty())
        error(v->loc, "a register parameter cannot be an array", "11.2.2");
      Register *reg = arena_.make<Register>();
      reg->name = v->name;
      reg->type = v->type;
      reg->vector_width = v->vector_width;
      reg->loc = v->loc;
      r = reg;
    }
    if (named && v->name != "_") {
      Symbol s;
      if (r) {
        s.kind = Symbol::Kind::Register;
        s.reg = const_cast<Register *>(r);
        s.reg->index = static_cast<uint32_t>(registers_.size());
        registers_.push_back(r);
      } else {
        s.kind = Symbol::Kind::Variable;
        s.variable = v;
      }
      declare(symbols_.intern(v->name), s, {name_token.offset}, "the parameter");
    }
    v->is_parameter = inputs;
    v->index = static_cast<uint32_t>(params.size());
    params.push_back(v);
    registers.push_back(r);
  } while (accept(Tok::Comma));
  expect(Tok::RParen, "after the parameters");
}

bool Parser::parse_dimensions(uint32_t (&out)[3]) {
  out[0] = out[1] = out[2] = 1;
  for (unsigned i = 0; i < 3; ++i) {
    const auto n = parse_count("dimension");
    if (!n)
      return false;
    if (*n == 0 || *n > UINT32_MAX) {
      error(loc(), "a dimension must be a positive number", "11.4");
      return false;
    }
    out[i] = static_cast<uint32_t>(*n);
    if (!accept(Tok::Comma))
      return true;
  }
  error(loc(), "there are at most three dimensions", "11.4");
  return false;
}

void Parser::parse_preserved(std::string_view word, SourceLoc at_, PreservedRegisters &out) {
  const bool control = word == "abi_preserve_control";
  const std::string_view section = control ? "11.4.9" : "11.4.8";
  require(90, 80, at_, fmt::format(".{}", word), section);
  const SourceLoc value_loc = loc();
  const auto n = parse_count("number of registers");
  if (!n)
    return;
  const uint32_t limit = control ? 11 : 239; // ptxas', for every target
  if (*n > limit)
    error(value_loc, fmt::format(".{} is at most {}", word, limit), section);
  std::optional<uint32_t> &slot = control ? out.control : out.general;
  if (slot)
    error(at_, fmt::format(".{} is given twice", word), section);
  slot = static_cast<uint32_t>(std::min<uint64_t>(*n, limit));
}

void Parser::parse_noreturn(SourceLoc at_, bool &noreturn, const PreservedRegisters &preserved) {
  if (noreturn || preserved != PreservedRegisters{})
    error(at_, ".noreturn is given once, before .abi_preserve", "11.4.6");
  noreturn = true;
}

void Parser::parse_performance(Function &f, PerformanceDirectives &p) {
  auto kernel_only = [&](SourceLoc at_, std::string_view what, std::string_view section) {
    if (!f.is_entry)
      error(at_, fmt::format("{} is for kernels (.entry) only", what), section);
  };
  auto function_only = [&](SourceLoc at_, std::string_view what, std::string_view section) {
    if (f.is_entry)
      error(at_, fmt::format("{} is for functions (.func) only", what), section);
  };
  auto number = [&](uint32_t &out, std::string_view what, std::string_view section, bool zero) {
    const SourceLoc at_ = loc();
    const auto n = parse_count(what);
    if (!n)
      return;
    if (*n > UINT32_MAX || (*n == 0 && !zero))
      error(at_, fmt::format("the {} must be a positive number", what), section);
    else
      out = static_cast<uint32_t>(*n);
  };
  SourceLoc clusters_are_blocks;
  const SourceLoc first = loc();
  const bool any = at(Tok::DotWord);
  while (at(Tok::DotWord)) {
    const SourceLoc at_ = loc();
    const std::string_view word = tok_.text;
    const unsigned errors = diags_.error_count();
    if (word == "pragma") {
      kernel_only(at_, ".pragma in the head", "11.4.7");
      const std::string_view text = parse_pragma_text();
      if (text.data())
        add_statement(Statement::of(*arena_.make<std::string_view>(text)));
      continue;
    }
    advance();
    if (word == "maxntid") {
      kernel_only(at_, ".maxntid", "11.4.2");
      parse_dimensions(p.maxntid);
    } else if (word == "reqntid") {
      kernel_only(at_, ".reqntid", "11.4.3");
      parse_dimensions(p.reqntid);
    } else if (word == "minnctapersm" || word == "maxnctapersm") {
      kernel_only(at_, fmt::format(".{}", word), word[1] == 'i' ? "11.4.4" : "11.4.5");
      uint32_t ignored = 0;
      if (word[1] == 'a' && module_.version > 20)
        error(at_, ".maxnctapersm was removed in PTX ISA 2.1; write .minnctapersm", "11.4.5");
      number(word[1] == 'i' ? p.minnctapersm : ignored, "number of CTAs", "11.4.4", false);
    } else if (word == "maxnreg") {
      kernel_only(at_, ".maxnreg", "11.4.1");
      number(p.maxnreg, "number of registers", "11.4.1", false);
    } else if (word == "reqnctapercluster") {
      kernel_only(at_, ".reqnctapercluster", "11.7.1");
      require(78, 90, at_, ".reqnctapercluster", "11.7.1");
      parse_dimensions(p.reqnctapercluster);
    } else if (word == "maxclusterrank") {
      kernel_only(at_, ".maxclusterrank", "11.7.3");
      require(78, 90, at_, ".maxclusterrank", "11.7.3");
      number(p.maxclusterrank, "cluster rank", "11.7.3", true);
    } else if (word == "explicitcluster") {
      kernel_only(at_, ".explicitcluster", "11.7.2");
      require(78, 90, at_, ".explicitcluster", "11.7.2");
      p.explicitcluster = true;
    } else if (word == "blocksareclusters") {
      kernel_only(at_, ".blocksareclusters", "11.8.1");
      require(90, 90, at_, ".blocksareclusters", "11.8.1");
      p.blocksareclusters = true;
      clusters_are_blocks = at_;
    } else if (word == "noreturn") {
      require(64, 30, at_, ".noreturn", "11.4.6");
      if (f.is_entry || !f.returns.empty())
        error(at_, ".noreturn is for functions without a return value", "11.4.6");
      parse_noreturn(at_, f.noreturn, f.preserved);
    } else if (word == "abi_preserve" || word == "abi_preserve_control") {
      function_only(at_, fmt::format(".{}", word), "11.4.8");
      parse_preserved(word, at_, f.preserved);
    } else {
      error(at_, fmt::format("unknown directive '.{}' of a function", word), "11.4");
    }
    if (diags_.error_count() != errors)
      while (!at(Tok::DotWord) && !at(Tok::LBrace) && !at(Tok::Semicolon) && !at(Tok::End))
        advance();
  }
  if (any && f.is_entry && at(Tok::Semicolon))
    error(first, "a kernel's directives belong to its definition, not to a declaration", "11.4");
  if (p.maxntid[0] && p.reqntid[0])
    error(loc(), ".maxntid and .reqntid cannot both be given", "11.4.3");
  if (p.reqnctapercluster[0] && p.maxclusterrank)
    error(loc(), ".reqnctapercluster and .maxclusterrank cannot both be given", "11.7.3");
  if (p.blocksareclusters && (!p.reqntid[0] || !p.reqnctapercluster[0]))
    error(clusters_are_blocks, ".blocksareclusters needs .reqntid and .reqnctapercluster",
          "11.8.1");
}

bool Parser::same_parameters(const Function &old, const Function &now) {
  auto same = [](std::span<Variable *const> a, std::span<Variable *const> b) {
    if (a.size() != b.size())
      return false;
    for (size_t i = 0; i < a.size(); ++i)
      if (a[i]->space != b[i]->space || a[i]->type != b[i]->type || a[i]->size != b[i]->size ||
          a[i]->unsized != b[i]->unsized || a[i]->align != b[i]->align)
        return false;
    return true;
  };
  return same(old.params, now.params) && same(old.returns, now.returns);
}

void Parser::check_redeclaration(const Function &old, const Function &now, SourceLoc at) {
  if (old.is_entry != now.is_entry || !same_parameters(old, now))
    error(at, fmt::format("'{}' is declared with other parameters before", now.name), "11.2.2");
}

void Parser::check_redeclared_linkage(const Function &old, const Function &now, SourceLoc at_) {
  const bool defined_now = at(Tok::LBrace);
  if (old.noreturn != now.noreturn || old.preserved != now.preserved)
    error(at_,
          fmt::format("'{}' is declared with another .noreturn or .abi_preserve before", now.name),
          "11.4.6");
  if (old.has_body) {
    if (!defined_now) // a second body has an error of its own
      error(at_,
            fmt::format("'{}' is defined before; a declaration belongs before the definition",
                        now.name),
            "11.2.2");
  } else if (old.linkage == Linkage::Extern && now.linkage != Linkage::Extern) {
    error(at_,
          fmt::format("'{}' is declared .extern before; declare it .visible or .weak{}", now.name,
                      defined_now ? ", as it is defined here" : " both times"),
          "11.6.1");
  } else if (now.linkage != Linkage::Internal && now.linkage != old.linkage &&
             !(now.linkage == Linkage::Extern && defined_now)) { // that has an error of its own
    error(at_,
          fmt::format("'{}' is declared with another linkage before; give its first declaration "
                      "the linkage",
                      now.name),
          "11.6");
  }
}

void Parser::parse_function(Linkage linkage, bool is_entry) {
  Function *f = arena_.make<Function>();
  f->is_entry = is_entry;
  f->linkage = linkage;
  function_ = f;
  registers_.clear();
  locals_.clear();
  labels_.clear();
  statements_.clear();
  pending_labels_.clear();
  debug_loc_ = 0;
  symbols_.enter();
  if (linkage == Linkage::Common)
    error(loc(), "a function cannot be .common", "11.6.4");

  Declaration attributes;
  if (at_word("attribute"))
    parse_attributes(attributes);
  std::vector<Variable *> params, returns;
  std::vector<const Register *> param_registers, return_registers;
  if (at(Tok::LParen)) {
    if (is_entry)
      error(loc(), "a kernel has no return value", "11.2.1");
    parse_parameters(returns, return_registers, false, true, false);
    if (returns.size() > 1 && module_.version >= 20 && returns[0]->space == StateSpace::Param)
      error(loc(), "a function has at most one return value", "11.2.2");
  }
  const SourceLoc name_loc = loc();
  f->loc = name_loc;
  bool ok = expect_name(f->name, "the name of a function");
  if (ok && at(Tok::LParen))
    parse_parameters(params, param_registers, is_entry, true, true);
  f->params = arena_.copy(params);
  f->returns = arena_.copy(returns);
  f->param_registers = arena_.copy(param_registers);
  f->return_registers = arena_.copy(return_registers);
  for (size_t i = 0; i < params.size(); ++i)
    if (params[i]->unsized) {
      if (is_entry || i + 1 != params.size())
        error(params[i]->loc, "only the last parameter of a .func may be an array without size",
              "11.2.2");
      f->variadic = true;
    }
  if (is_entry) {
    uint64_t offset = 0; // natural alignment, as cuLaunchKernel's `extra` buffer
    for (Variable *v : params) {
      offset = (offset + v->align - 1) & ~uint64_t{v->align - 1};
      v->param_offset = offset;
      offset += v->size;
    }
    const uint64_t limit = module_.version >= 81 && module_.sm >= 70 ? 32764 : 4352;
    if (offset > limit)
      error(name_loc,
            fmt::format("the parameters of '{}' take {} bytes; the limit is {}", f->name, offset,
                        limit),
            "5.1.6.1");
  }
  if (ok)
    parse_performance(*f, f->performance);

  // One Function for all declarations of a name: the first seen, so that calls before the
  // definition reach it.
  Function *entity = f;
  if (ok) {
    Name *name = symbols_.intern(f->name);
    if (linking())
      import_symbol(name, linkage);
    if (name->symbol.kind == Symbol::Kind::Function && name->symbol.depth == 0) {
      Function *old = name->symbol.function;
      check_redeclaration(*old, *f, name_loc);
      // In this module: .extern in one that is linked before is what the definition is for.
      if (old->loc.offset >= parts_[part_].offset)
        check_redeclared_linkage(*old, *f, name_loc);
      entity = old;
      if (linking() && at(Tok::LBrace) && !link_definition(*old, *f)) {
        entity = f; // checked, and not part of the linked module
        f->index = old->index;
      } else if (old->has_body && at(Tok::LBrace)) {
        error(name_loc, fmt::format("'{}' is already defined", f->name), "11.2.2");
        entity = f; // keep the first definition
        f->index = old->index;
      }
    } else if (name->symbol.kind != Symbol::Kind::None && name->symbol.depth == 0) {
      error(name_loc, fmt::format("'{}' is already declared as something else", f->name), "4.4");
    } else {
      f->index = static_cast<uint32_t>(functions_.size());
      functions_.push_back(f);
      Symbol s;
      s.kind = Symbol::Kind::Function;
      s.function = f;
      symbols_.bind_global(name, s);
      if (linking())
        claim_name(s, f->name, linkage);
    }
    if (linking() && name->symbol.kind == Symbol::Kind::Function && entity == name->symbol.function)
      export_symbol(name->symbol, f->name, linkage == Linkage::Internal ? entity->linkage : linkage,
                    name_loc, at(Tok::LBrace));
  }
  if (ok && at(Tok::LBrace)) {
    if (linkage == Linkage::Extern)
      error(name_loc, "an .extern function cannot have a body", "11.6.1");
    if (entity != f && !entity->has_body) {
      const uint32_t index = entity->index;
      const bool poisoned = entity->poisoned;
      const Linkage declared = entity->linkage;
      *entity = *f;
      entity->index = index;
      entity->poisoned |= poisoned;
      if (entity->linkage == Linkage::Internal && declared != Linkage::Extern)
        entity->linkage = declared;
      for (Variable *v : params)
        v->function = entity;
      for (Variable *v : returns)
        v->function = entity;
    }
    function_ = entity;
    entity->has_body = true;
    parse_body(*entity);
  } else if (ok && at(Tok::Semicolon)) {
    advance();
  } else if (ok) {
    // `.entry name (...)` without body or ';' ends at the next directive in ptxas' eyes; nvcc
    // always writes ';'.
    error(loc(), fmt::format("expected a body or ';' after the function's head; {}", found()),
          "11.2.2");
    ok = false;
  }
  if (!ok) { // behind the body, if there is one
    while (!at(Tok::LBrace) && !at(Tok::Semicolon) && !at(Tok::End))
      advance();
    if (at(Tok::LBrace))
      skip_braces();
    else
      accept(Tok::Semicolon);
  }
  entity->poisoned |= f->poisoned;
  symbols_.leave();
  function_ = nullptr;
}

void Parser::parse_body(Function &f) {
  advance(); // '{'
  unsigned open = 1;
  while (open) {
    if (at(Tok::End)) {
      error(loc(), fmt::format("the body of '{}' is not closed", f.name), "11.2");
      while (open-- > 1)
        leave_scope();
      break;
    }
    if (at(Tok::LBrace)) {
      if (open > kMaxDepth * 10) {
        error(loc(), "scopes are nested too deeply", "11.2");
        skip_braces();
        continue;
      }
      advance();
      symbols_.enter();
      ++open;
    } else if (at(Tok::RBrace)) {
      advance();
      if (--open)
        leave_scope();
    } else {
      parse_statement();
    }
  }
  // Labels of the function's own scope are the last chance for what is still open.
  for (const PendingLabel &p : pending_labels_) {
    if (p.name->symbol.kind == Symbol::Kind::Label)
      *p.slot = p.name->symbol.label;
    else
      error(p.loc, fmt::format("label '{}' is not defined in '{}'", p.name->text, f.name), "6.4.4");
  }
  f.registers = arena_.copy(registers_);
  f.variables = arena_.copy(locals_);
  f.labels = arena_.copy(labels_);
  f.statements = arena_.copy(statements_);
}

void Parser::leave_scope() {
  const uint16_t depth = symbols_.depth();
  size_t kept = 0;
  for (PendingLabel &p : pending_labels_) {
    if (p.depth == depth) {
      if (p.name->symbol.kind == Symbol::Kind::Label && p.name->symbol.depth == depth) {
        *p.slot = p.name->symbol.label;
        continue;
      }
      p.depth = static_cast<uint16_t>(depth - 1);
    }
    pending_labels_[kept++] = p;
  }
  pending_labels_.resize(kept);
  symbols_.leave();
}

Label *Parser::new_label(std::string_view text, SourceLoc at) {
  Label *label = arena_.make<Label>();
  label->name = text;
  label->loc = at;
  label->index = static_cast<uint32_t>(labels_.size());
  Symbol s;
  s.kind = Symbol::Kind::Label;
  s.label = label;
  if (!declare(symbols_.intern(text), s, at, "the label"))
    return nullptr;
  labels_.push_back(label);
  return label;
}

void Parser::parse_statement() {
  if (at(Tok::DotWord)) {
    const std::string_view word = tok_.text;
    if (word == "loc")
      return parse_loc();
    if (word == "pragma") {
      const std::string_view text = parse_pragma_text();
      if (text.data())
        add_statement(Statement::of(*arena_.make<std::string_view>(text)));
      return;
    }
    if (word == "reg" || space_of(word))
      return parse_variables(Linkage::Internal);
    if (const auto linkage = linkage_of(word)) {
      advance();
      return parse_variables(*linkage);
    }
    error(loc(), fmt::format("unknown directive '.{}' in a function", word), "11");
    advance();
    return recover();
  }
  Guard guard;
  if (at(Tok::At)) {
    if (!parse_guard(guard))
      return recover();
    if (!at(Tok::Identifier)) {
      error(loc(), fmt::format("expected an instruction after the guard; {}", found()), "9.7.12.2");
      return recover();
    }
    const Token opcode = tok_;
    return parse_instruction(opcode, guard);
  }
  if (!at(Tok::Identifier)) {
    error(loc(),
          at(Tok::Bad) ? std::string(tok_.problem)
                       : fmt::format("expected an instruction; {}", found()),
          "4.3.2");
    advance();
    return recover();
  }
  const Token first = tok_;
  if (const std::string_view rest = lexer_.suffixes(); !rest.empty()) {
    lexer_.seek(first.offset + static_cast<uint32_t>(first.text.size()));
    return parse_instruction(first, guard);
  }
  // `label:` or an instruction without suffixes.
  const uint32_t resume = lexer_.offset();
  const Token next = lexer_.next();
  if (next.kind == Tok::Colon) {
    advance();
    return parse_labelled(first.text, {first.offset});
  }
  lexer_.seek(resume);
  parse_instruction(first, guard);
}

void Parser::parse_labelled(std::string_view name, SourceLoc at_) {
  if (at_word("callprototype"))
    return parse_prototype(name, at_);
  if (at_word("branchtargets"))
    return parse_branch_targets(name, at_);
  if (at_word("calltargets"))
    return parse_call_targets(name, at_);
  if (const Label *label = new_label(name, at_))
    add_statement(Statement::of(*label));
}

void Parser::parse_prototype(std::string_view name, SourceLoc at_) {
  advance();
  Prototype *p = arena_.make<Prototype>();
  p->name = name;
  p->loc = at_;
  std::vector<Variable *> returns, params;
  std::vector<const Register *> ignored;
  if (at(Tok::LParen))
    parse_parameters(returns, ignored, false, false, false);
  if (!at(Tok::Identifier) || tok_.text != "_") {
    error(loc(), fmt::format("expected '_' in a prototype; {}", found()), "11.3.3");
    return recover();
  }
  advance();
  if (at(Tok::LParen))
    parse_parameters(params, ignored, false, false, true);
  PreservedRegisters preserved;
  while (at(Tok::DotWord)) {
    const SourceLoc word_loc = loc();
    const std::string_view word = tok_.text;
    if (word == "noreturn") {
      advance();
      parse_noreturn(word_loc, p->noreturn, preserved);
    } else if (word == "abi_preserve" || word == "abi_preserve_control") {
      advance();
      parse_preserved(word, word_loc, preserved);
    } else {
      error(loc(), fmt::format("unexpected '.{}' in a prototype", tok_.text), "11.3.3");
      return recover();
    }
  }
  p->returns = arena_.copy(std::vector<const Variable *>(returns.begin(), returns.end()));
  p->params = arena_.copy(std::vector<const Variable *>(params.begin(), params.end()));
  p->variadic = !params.empty() && params.back()->unsized;
  Symbol s;
  s.kind = Symbol::Kind::Prototype;
  s.prototype = p;
  declare(symbols_.intern(name), s, at_, "the prototype");
  if (!expect(Tok::Semicolon, "after the prototype"))
    recover();
}

void Parser::parse_branch_targets(std::string_view name, SourceLoc at_) {
  advance();
  struct Entry {
    Name *name;
    SourceLoc loc;
  };
  std::vector<Entry> entries;
  do {
    const SourceLoc label_loc = loc();
    std::string_view text;
    if (!expect_name(text, "a label"))
      return recover();
    if (accept(Tok::Less)) { // N<5>: N0 ... N4
      if (!at(Tok::Integer) || tok_.value > 65536) {
        error(loc(), fmt::format("expected the number of labels (at most 65536); {}", found()),
              "11.3.1");
        return recover();
      }
      for (uint64_t i = 0; i < tok_.value; ++i)
        entries.push_back({symbols_.intern(arena_.copy(fmt::format("{}{}", text, i))), label_loc});
      advance();
      if (!expect(Tok::Greater, "after the number of labels"))
        return recover();
    } else {
      entries.push_back({symbols_.intern(text), label_loc});
    }
  } while (accept(Tok::Comma));
  TargetList *list = arena_.make<TargetList>();
  list->name = name;
  list->loc = at_;
  const std::span<const Label *> labels =
      arena_.copy(std::vector<const Label *>(entries.size(), nullptr));
  list->labels = labels;
  for (size_t i = 0; i < entries.size(); ++i)
    pending_labels_.push_back({entries[i].name, &labels[i], entries[i].loc, symbols_.depth()});
  Symbol s;
  s.kind = Symbol::Kind::TargetList;
  s.targets = list;
  declare(symbols_.intern(name), s, at_, "the list of targets");
  if (!expect(Tok::Semicolon, "after the targets"))
    recover();
}

void Parser::parse_call_targets(std::string_view name, SourceLoc at_) {
  advance();
  std::vector<const Function *> functions;
  do {
    const Token t = tok_;
    std::string_view text;
    if (!expect_name(text, "a function"))
      return recover();
    const Symbol s = lookup(text);
    if (s.kind == Symbol::Kind::Function)
      functions.push_back(s.function);
    else if (s.kind == Symbol::Kind::None)
      undefined(t);
    else
      error({t.offset}, fmt::format("'{}' is not a function", text), "11.3.2");
  } while (accept(Tok::Comma));
  TargetList *list = arena_.make<TargetList>();
  list->name = name;
  list->loc = at_;
  list->functions = arena_.copy(functions);
  Symbol s;
  s.kind = Symbol::Kind::TargetList;
  s.targets = list;
  declare(symbols_.intern(name), s, at_, "the list of targets");
  if (!expect(Tok::Semicolon, "after the targets"))
    recover();
}

/// Under which a place is found again.
static uint64_t location_key(const DebugLocation &d) {
  return uint64_t{d.file} << 48 ^ uint64_t { d.line } << 16 ^ d.column;
}

bool Parser::parse_loc_operands(DebugLocation &l) {
  advance(); // .loc
  auto fail = [&](SourceLoc at_, std::string message) {
    error(at_, std::move(message), "11.5.4");
    return false;
  };
  auto number = [&](uint32_t &out) {
    if (!at(Tok::Integer)) {
      return fail(loc(), fmt::format("expected a number in .loc; {}", found()));
    }
    out = static_cast<uint32_t>(tok_.value);
    advance();
    return true;
  };
  if (!number(l.file) || !number(l.line) || !number(l.column))
    return false;
  l.file += first_file_;
  bool named = false, inlined = false; // function_name first, then inlined_at, or neither
  while (accept(Tok::Comma)) {
    std::string_view word;
    const SourceLoc word_loc = loc();
    if (!expect_name(word, "function_name or inlined_at"))
      return false;
    if (word == (named ? "function_name" : "inlined_at") || inlined)
      return fail(word_loc, "write function_name, then inlined_at, once each");
    if (word == "function_name") {
      named = true;
      if (at(Tok::Identifier) || at(Tok::DotWord)) {
        l.function_name = tok_.text;
        advance();
      } else {
        return fail(loc(), fmt::format("expected a label; {}", found()));
      }
      if (accept(Tok::Plus) && !accept(Tok::Integer))
        return fail(loc(), fmt::format("expected an offset; {}", found()));
    } else if (word == "inlined_at") {
      inlined = true;
      const SourceLoc place = loc();
      DebugLocation at_;
      if (!number(at_.file) || !number(at_.line) || !number(at_.column))
        return false;
      at_.file += first_file_;
      const auto it = debug_location_index_.find(location_key(at_));
      if (it != debug_location_index_.end()) {
        l.inlined_at = it->second;
      } else {
        return fail(place, "inlined_at names a place that no .loc before it has");
      }
    } else {
      return fail(loc(), fmt::format("expected function_name or inlined_at; found '{}'", word));
    }
  }
  return named == inlined || fail(loc(), "function_name needs inlined_at behind it");
}

void Parser::parse_loc() {
  // No ';' ends this directive: what follows an error on the line belongs to it.
  const size_t line_end = std::min(module_.text.find('\n', loc().offset), module_.text.size());
  DebugLocation l;
  if (!parse_loc_operands(l)) {
    while (!at(Tok::End) && loc().offset < line_end)
      advance();
    return;
  }
  // A place seen before is not stored again.
  if (l.inlined_at == 0 && l.function_name.empty()) {
    const auto it = debug_location_index_.find(location_key(l));
    if (it != debug_location_index_.end()) {
      const DebugLocation &old = debug_locations_[it->second];
      if (old.file == l.file && old.line == l.line && old.column == l.column &&
          old.inlined_at == 0) {
        debug_loc_ = it->second;
        return;
      }
    }
  }
  debug_loc_ = static_cast<uint32_t>(debug_locations_.size());
  debug_location_index_[location_key(l)] = debug_loc_;
  debug_locations_.push_back(l);
}

} // namespace w2w::ptx
