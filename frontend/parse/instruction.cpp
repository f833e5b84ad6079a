// Instruction statements: guard, mnemonic, operands, choice of the form. PTX ISA 4.3.2, 9.7.12.5
// (call).
#include "frontend/parse/parser_impl.h"
#include "frontend/sema/operands.h"

namespace w2w::ptx {

void Parser::undefined(const Token &name) {
  // Suggest the nearest name that is visible here.
  std::string_view best;
  unsigned best_distance = name.text.size() < 4 ? 2 : 3;
  if (diags_.error_count() <
      20) // a table of many names is not searched for every one of many errors
    symbols_.for_each([&](const Name &n) {
      if (n.symbol.kind == Symbol::Kind::None)
        return;
      const unsigned d = edit_distance(name.text, n.text, best_distance);
      if (d < best_distance && d > 0)
        best = n.text, best_distance = d;
    });
  error({name.offset},
        best.empty() ? fmt::format("'{}' is not declared", name.text)
                     : fmt::format("'{}' is not declared; did you mean '{}'?", name.text, best),
        "4.4");
}

bool Parser::parse_guard(Guard &guard) {
  advance(); // '@'
  guard.negated = accept(Tok::Not);
  const Token name = tok_;
  std::string_view text;
  if (!expect_name(text, "a predicate"))
    return false;
  const Symbol s = lookup(text);
  if (s.kind == Symbol::Kind::None) {
    const isa::SpecialRegister *special = find_special_register(name);
    if (!special) {
      undefined(name);
      return false;
    }
    if (isa::info(*special).type == Type::Pred) {
      guard.special = *special;
      guard.is_special = true;
      return true;
    }
  }
  if (s.kind != Symbol::Kind::Register || s.reg->type != Type::Pred) {
    error({name.offset}, fmt::format("a guard must be a register of type .pred; '{}' is not", text),
          "9.7.12.2");
    return false;
  }
  guard.reg = s.reg;
  return true;
}

void Parser::parse_instruction(const Token &opcode, Guard guard) {
  // Suffixes follow directly; white space before one is allowed, and then they are joined.
  std::string_view suffixes = lexer_.suffixes();
  const unsigned errors = diags_.error_count();
  advance();
  if (at(Tok::DotWord)) {
    std::string joined(suffixes);
    while (at(Tok::DotWord)) {
      (joined += '.') += tok_.text;
      joined += lexer_.suffixes();
      advance();
    }
    suffixes = arena_.copy(joined);
  }
  if (suffixes.find(".unified") != std::string_view::npos) {
    error({opcode.offset}, "'.unified' is written behind the address", "9.7.9.8");
    return recover();
  }
  const Mnemonic *m = &mnemonics_.find(opcode.text, suffixes);
  if (m->candidates.empty()) {
    error({opcode.offset}, std::string(m->error), m->section);
    return recover();
  }
  operands_.clear();
  unified_ = false;
  bool ok = true;
  if (m->opcode == isa::Opcode::bra || m->opcode == isa::Opcode::brx)
    ok = parse_branch_operands(m->opcode);
  else if (m->opcode == isa::Opcode::call)
    ok = parse_call_operands();
  else if (!at(Tok::Semicolon) && !at(Tok::RBrace) && !at(Tok::End))
    ok = parse_operands();
  if (!ok) {
    // An operand that could not be understood was reported already.
    if (diags_.error_count() == errors)
      function_->poisoned = true;
    return recover();
  }
  if (!at(Tok::Semicolon)) {
    error(loc(), fmt::format("expected ';' after the instruction; {}", found()), "4.3.2");
    return recover();
  }
  if (unified_) {
    m = &mnemonics_.find(opcode.text, arena_.copy(fmt::format("{}.unified", suffixes)));
    if (m->candidates.empty())
      error({opcode.offset}, std::string(m->error), m->section);
  }
  if (!m->candidates.empty())
    finish_instruction(*m, opcode, guard);
  advance();
}

bool Parser::parse_operands() {
  do {
    Operand o;
    if (!parse_operand(o))
      return false;
    operands_.push_back(o);
    if (operands_.size() > Slice<Operand>::kMax) {
      error(o.loc, "too many operands", "6.1");
      return false;
    }
  } while (accept(Tok::Comma));
  return true;
}

bool Parser::parse_branch_operands(isa::Opcode opcode) {
  Operand o;
  if (opcode == isa::Opcode::bra) {
    if (!parse_label_operand(o))
      return false;
    operands_.push_back(o);
    return true;
  }
  if (!parse_operand(o) || !expect(Tok::Comma, "after the index"))
    return false;
  operands_.push_back(o);
  Operand list;
  list.loc = loc();
  const Token name = tok_;
  if (!at(Tok::Identifier) || !parse_name_operand(list))
    return false;
  if (list.kind != Operand::Kind::TargetList || list.target_list->labels.empty()) {
    error({name.offset}, fmt::format("'{}' is not a list of .branchtargets", name.text),
          "9.7.12.4");
    return false;
  }
  operands_.push_back(list);
  return true;
}

// call (ret), f, (args), proto: operands are always {List of returns, callee, List of arguments[,
// prototype or targets]}.
bool Parser::parse_call_operands() {
  Operand returns, callee, args;
  returns.kind = args.kind = Operand::Kind::List;
  returns.loc = args.loc = loc();
  if (at(Tok::LParen)) {
    if (!parse_list(returns, Operand::Kind::List, Tok::RParen, 0) ||
        !expect(Tok::Comma, "after the return value"))
      return false;
  }
  callee.loc = loc();
  if (!at(Tok::Identifier)) {
    error(loc(), fmt::format("expected a function or a register; {}", found()), "9.7.12.5");
    return false;
  }
  if (!parse_name_operand(callee))
    return false;
  operands_.push_back(returns);
  operands_.push_back(callee);
  Operand prototype;
  if (accept(Tok::Comma)) {
    if (at(Tok::LParen)) {
      args.loc = loc();
      if (!parse_list(args, Operand::Kind::List, Tok::RParen, 0))
        return false;
      if (accept(Tok::Comma)) {
        prototype.loc = loc();
        if (!at(Tok::Identifier) || !parse_name_operand(prototype))
          return false;
      }
    } else {
      prototype.loc = loc();
      if (!at(Tok::Identifier) || !parse_name_operand(prototype))
        return false;
    }
  }
  operands_.push_back(args);
  if (prototype.kind != Operand::Kind::None)
    operands_.push_back(prototype);
  return check_call(operands_, callee.loc);
}

bool Parser::check_call(std::span<const Operand> operands, SourceLoc at_) {
  constexpr std::string_view kSection = "9.7.12.5";
  const Operand &callee = operands[1];
  std::vector<const Variable *> returns, params;
  bool variadic = false;
  auto signature = [&](auto r, auto p, bool v) {
    returns.assign(r.begin(), r.end());
    params.assign(p.begin(), p.end());
    variadic = v;
  };
  if (callee.kind == Operand::Kind::Function) {
    if (callee.function->is_entry) {
      error(at_, fmt::format("'{}' is a kernel and cannot be called", callee.function->name),
            kSection);
      return false;
    }
    if (operands.size() > 3) {
      error(operands[3].loc, "a direct call takes no prototype", kSection);
      return false;
    }
    signature(callee.function->returns, callee.function->params, callee.function->variadic);
  } else if (callee.kind == Operand::Kind::Register) {
    if (bits(callee.reg->type) != module_.address_size || is_float(callee.reg->type)) {
      error(at_, fmt::format("an indirect call needs a {}-bit register", module_.address_size),
            kSection);
      return false;
    }
    if (operands.size() < 4) {
      error(at_, "an indirect call needs a prototype or a list of call targets", kSection);
      return false;
    }
    if (operands[3].kind == Operand::Kind::Prototype) {
      const Prototype &p = *operands[3].prototype;
      signature(p.returns, p.params, p.variadic);
    } else if (operands[3].kind == Operand::Kind::TargetList &&
               !operands[3].target_list->functions.empty()) {
      const Function &f = *operands[3].target_list->functions[0];
      signature(f.returns, f.params, f.variadic);
    } else {
      error(operands[3].loc, "expected a prototype or a list of call targets", kSection);
      return false;
    }
  } else {
    error(at_, "expected a function or a register", kSection);
    return false;
  }
  auto agree = [&](const Operand &list, const std::vector<const Variable *> &formal, bool open,
                   std::string_view what) {
    const std::span<const Operand> actual = list.elements;
    const size_t least = open && !formal.empty() ? formal.size() - 1 : formal.size();
    if (actual.size() < least || actual.size() > formal.size()) {
      error(
          list.loc,
          fmt::format("the call has {} {}(s), the function {}", actual.size(), what, formal.size()),
          kSection);
      return false;
    }
    for (size_t i = 0; i < actual.size(); ++i) {
      const Operand &a = actual[i];
      const Variable &f = *formal[i];
      if (a.kind == Operand::Kind::Sink && what == "return value")
        continue;
      if (a.kind == Operand::Kind::Variable) {
        if (a.variable->space != StateSpace::Param) {
          error(a.loc,
                fmt::format("'{}' must be a .param variable or a register", a.variable->name),
                kSection);
          return false;
        }
        if (f.space == StateSpace::Param && !f.unsized && a.variable->size != f.size) {
          error(a.loc,
                fmt::format("'{}' has {} bytes, the function's {} has {}", a.variable->name,
                            a.variable->size, what, f.size),
                kSection);
          return false;
        }
        if (f.unsized && (a.variable->dimensions.empty() || a.variable->align != f.align)) {
          error(a.loc,
                fmt::format("'{}' must be an array aligned to {} bytes, as the function's last "
                            "parameter is",
                            a.variable->name, f.align),
                kSection);
          return false;
        }
        if (f.space == StateSpace::Reg && a.variable->size != bytes(f.type)) {
          error(a.loc,
                fmt::format("'{}' does not agree with the function's {}", a.variable->name, what),
                kSection);
          return false;
        }
      } else if (a.kind == Operand::Kind::Register) {
        const uint64_t size = uint64_t{bytes(a.reg->type)} * a.reg->vector_width;
        if ((f.space == StateSpace::Param ? f.size : uint64_t{bytes(f.type)} * f.vector_width) !=
                size ||
            f.unsized) {
          error(
              a.loc,
              fmt::format("register '{}' does not agree with the function's {}", a.reg->name, what),
              kSection);
          return false;
        }
      } else if (a.kind != Operand::Kind::Immediate || what != "argument") {
        error(a.loc,
              fmt::format("a {} must be a .param variable{}", what,
                          what == "argument" ? ", a register or a constant" : " or a register"),
              kSection);
        return false;
      }
    }
    return true;
  };
  return agree(operands[0], returns, false, "return value") &&
         agree(operands[2], params, variadic, "argument");
}

void Parser::finish_instruction(const Mnemonic &m, const Token &opcode, Guard guard) {
  const bool only = m.candidates.size() == 1;
  const Candidate *chosen = &m.candidates.front();
  OperandProblem problem = check_operands(*chosen, operands_, module_, {opcode.offset}, only);
  for (const Candidate &c : m.candidates.subspan(1)) {
    if (problem.message.empty())
      break;
    OperandProblem p = check_operands(c, operands_, module_, {opcode.offset}, false);
    if (p.message.empty() || p.progress > problem.progress) {
      chosen = &c;
      problem = std::move(p);
    }
  }
  if (!only && problem.message.empty())
    problem = check_operands(*chosen, operands_, module_, {opcode.offset}, true);
  const isa::Form &form = *chosen->form;
  if (!problem.message.empty())
    return error(problem.loc, fmt::format("{} in '{}'", problem.message, m.text), form.section);
  if (chosen->unmet) {
    std::string what = chosen->unmet_by.empty()
                           ? fmt::format("'{}'", m.text)
                           : fmt::format("'.{}' of '{}'", chosen->unmet_by, m.text);
    return error({opcode.offset},
                 fmt::format("{} requires {}; the module has .version {}.{} and .target sm_{}{}",
                             what, isa::describe(*chosen->unmet), module_.version / 10,
                             module_.version % 10, module_.sm,
                             module_.sm_suffix ? std::string(1, module_.sm_suffix) : ""),
                 form.section);
  }
  Instruction *i = arena_.make<Instruction>();
  i->form = &form;
  i->opcode = m.opcode;
  i->mods = Modifiers(chosen->mods);
  i->types = chosen->types;
  const std::span<Operand> operands = arena_.copy(operands_);
  i->operands = operands;
  i->guard = guard;
  i->debug_loc = debug_loc_;
  i->loc = {opcode.offset};
  if (m.opcode == isa::Opcode::bra && !operands[0].label) {
    // The label follows, perhaps in an enclosing scope.
    const Token name = [&] {
      Lexer l(module_.text);
      l.seek(operands[0].loc.offset);
      return l.next();
    }();
    pending_labels_.push_back(
        {symbols_.intern(name.text), &operands[0].label, operands[0].loc, symbols_.depth()});
  }
  add_statement(Statement::of(*i));
}

} // namespace w2w::ptx
