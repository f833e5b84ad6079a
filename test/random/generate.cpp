#include "test/conformance/values.h"
#include "test/random/program.h"

#include <bit>
#include <optional>
#include <random>

namespace w2w::random_programs {

unsigned width(Class c) {
  constexpr unsigned widths[] = {1, 16, 32, 64};
  return widths[static_cast<unsigned>(c)];
}

Class class_of(std::string_view type) {
  unsigned w = reference::width_of(type);
  return w == 1 ? Class::Pred : w <= 16 ? Class::B16 : w == 32 ? Class::B32 : Class::B64;
}

bool needs_canonical_nan(std::string_view type) {
  return type[0] == 'f' || type.starts_with("bf");
}

uint64_t canonical_nan(std::string_view type) {
  return type == "f64" ? 0x7ff8000000000000 : type == "f32" ? 0x7fffffff : 0x7fff;
}

std::vector<const conformance::Case *> usable(const conformance::Enumeration &all) {
  std::vector<const conformance::Case *> list;
  for (const conformance::Case &c : all.cases) {
    bool ok = !c.meaning.accepts && !c.meaning.defined;
    for (const auto *types : {&c.meaning.outputs, &c.meaning.inputs})
      for (const std::string &t : *types) {
        // 8-bit values live in wider registers; packed floats would need a NaN check for each half.
        // CC.CF does not live from one statement to the next.
        bool constant =
            c.meaning.constant_input && &t == &c.meaning.inputs[*c.meaning.constant_input];
        ok &= (constant || reference::width_of(t) != 8) && t != "carry" &&
              !(needs_canonical_nan(t) && t.ends_with("x2"));
      }
    if (ok)
      list.push_back(&c);
  }
  return list;
}

namespace {

class Generator {
public:
  Generator(uint64_t seed, const std::vector<const conformance::Case *> &operations,
            const GenerateOptions &options)
      : random_(seed), options_(options), budget_(options.statements) {
    // The table has thousands of comparisons and conversions: choose the opcode first, then the
    // form.
    for (const conformance::Case *c : operations) {
      std::string opcode = c->instruction.substr(0, c->instruction.find('.'));
      if (by_opcode_.empty() || by_opcode_.back().first != opcode)
        by_opcode_.push_back({opcode, {}});
      by_opcode_.back().second.push_back(c);
    }
  }

  Program run(uint64_t seed) {
    Program p;
    p.seed = seed;
    constexpr unsigned sizes[] = {32, 64, 96, 128, 256, 48, 80, 200};
    p.threads = sizes[below(8)];
    p.blocks = 1 + below(2);
    unsigned functions = below(3);
    for (unsigned i = 0; i < functions; ++i)
      p.functions.push_back(function());
    functions_ = p.functions;
    in_function_ = false;
    whole_block_ = p.whole_block();
    ragged_ = p.threads % 32 != 0;
    while (budget_ > 0) {
      Body more = body(budget_, {.group = whole_block_});
      std::move(more.begin(), more.end(), std::back_inserter(p.body));
    }
    return p;
  }

private:
  using Kind = Statement::Kind;

  /// Where statements are made.
  struct Flow {
    unsigned depth = 0;
    bool converged = true; // all threads of a warp that still run are here
    bool together = true;  // all warps of the group are here, equally often
    Group group;

    Flow deeper() const {
      Flow f = *this;
      ++f.depth;
      return f;
    }
    Flow parted() const {
      Flow f = deeper();
      f.converged = f.together = false;
      return f;
    }
    Flow apart() const { // warps go different ways, each as one
      Flow f = deeper();
      f.together = false;
      return f;
    }
    Flow within(Group g) const {
      Flow f = deeper();
      f.group = g;
      return f;
    }
  };

  /// A function either returns early or has operations across threads: a mask that names a thread
  /// that has returned would wait for it.
  Function function() {
    in_function_ = true;
    returns_ = chance(50);
    Function f;
    crosses_ = false;
    f.body =
        body(4 + below(6), Flow{.depth = 1, .converged = false, .together = false, .group = {}});
    f.crosses = crosses_;
    functions_.push_back(f); // a function may call those before it
    return f;
  }

  uint64_t below(uint64_t n) { return n ? random_() % n : 0; }
  bool chance(unsigned percent) { return below(100) < percent; }

  Operand reg(Class c) { return {false, c, static_cast<unsigned>(below(kRegisters)), 0}; }

  Operand source(std::string_view type) {
    Class c = class_of(type);
    // Immediates of predicates do not exist; those of 16-bit floats are not accepted everywhere.
    bool allowed = c == Class::B32 || c == Class::B64;
    if (allowed && !needs_canonical_nan(type) && !type.ends_with("x2") && chance(15)) {
      const std::vector<uint64_t> &edges = conformance::edge_values(type);
      return {true, c, 0, edges[below(edges.size())]};
    }
    return reg(c);
  }

  Statement operation() {
    Statement s;
    const auto &choices = by_opcode_[below(by_opcode_.size())].second;
    s.operation = choices[below(choices.size())];
    bool all_immediate = true;
    const reference::Meaning &meaning = s.operation->meaning;
    for (size_t i = 0; i < meaning.inputs.size(); ++i) {
      const std::string &t = meaning.inputs[i];
      if (meaning.constant_input == i)
        s.inputs.push_back({true, class_of(t), 0, s.operation->constant});
      else
        s.inputs.push_back(source(t));
      all_immediate &= s.inputs.back().immediate;
    }
    if (all_immediate)
      s.inputs[0] = reg(class_of(s.operation->meaning.inputs[0]));
    for (const std::string &t : s.operation->meaning.outputs)
      s.outputs.push_back(reg(class_of(t)));
    // setp p|q must name two registers.
    if (s.outputs.size() == 2 && s.outputs[0].reg == s.outputs[1].reg)
      s.outputs[1].reg = (s.outputs[0].reg + 1) % kRegisters;
    return s;
  }

  Statement simple(Kind kind, std::vector<Operand> outputs, std::vector<Operand> inputs) {
    Statement s;
    s.kind = kind;
    s.outputs = std::move(outputs);
    s.inputs = std::move(inputs);
    return s;
  }

  Statement shuffle(const Flow &flow) {
    constexpr const char *modes[] = {"up", "down", "bfly", "idx"};
    Statement s = simple(Kind::Shuffle, {reg(Class::B32), reg(Class::Pred)},
                         {reg(Class::B32), reg(Class::B32)});
    s.mode = modes[below(4)];
    constexpr uint32_t segments[] = {0x0000, 0x1000, 0x1800, 0x1c00, 0x1e00};
    s.clamp = segments[below(5)] | (s.mode == "up" ? 0 : 0x1f);
    // A source lane that is not here would give an undefined value: read from a member.
    if (!flow.converged || exited_ || ragged_)
      s.mode = "leader";
    // Half of the lane operands are constants, as in real code.
    else if (chance(50))
      s.inputs[1] = {true, Class::B32, 0, below(32)};
    return s;
  }

  /// A barrier with a count waits for warps that have gone; one without does not.
  std::string barrier_mode(const Flow &flow) {
    return flow.group.node == 1 && (exited_ || chance(50)) ? "all" : "counted";
  }

  Statement barrier(const Flow &flow) {
    unsigned warps = static_cast<unsigned>(std::popcount(flow.group.warps));
    if (!exited_ && flow.group.node == 1 && warps > 1 && chance(30)) {
      Statement s = simple(Kind::Handoff, {reg(Class::B32)}, {reg(Class::B32), reg(Class::B32)});
      s.warps = 1 + static_cast<uint32_t>(below((uint64_t{1} << warps) - 2));
      return s;
    }
    if (!exited_ && chance(25)) {
      constexpr const char *modes[] = {"popc.u32", "and.pred", "or.pred"};
      unsigned m = static_cast<unsigned>(below(3));
      Statement s =
          simple(Kind::BarrierVote, {reg(m == 0 ? Class::B32 : Class::Pred)}, {reg(Class::Pred)});
      s.mode = modes[m];
      return s;
    }
    Statement s = simple(Kind::Exchange, {reg(Class::B32)}, {reg(Class::B32), reg(Class::B32)});
    s.mode = barrier_mode(flow);
    return s;
  }

  /// A statement with operations across threads, where they are allowed.
  Statement cross_thread(const Flow &flow) {
    if (flow.together && (!exited_ || flow.group.node == 1) && chance(40))
      return barrier(flow);
    switch (below(3)) {
    case 0:
      return shuffle(flow);
    case 1: {
      constexpr const char *modes[] = {"ballot", "all", "any", "uni"};
      unsigned m = static_cast<unsigned>(below(4));
      Statement s =
          simple(Kind::Vote, {reg(m == 0 ? Class::B32 : Class::Pred)}, {reg(Class::Pred)});
      s.mode = modes[m];
      return s;
    }
    default: {
      constexpr const char *modes[] = {"add.u32", "min.u32", "max.u32", "min.s32",
                                       "max.s32", "and.b32", "or.b32",  "xor.b32"};
      Statement s = simple(Kind::Redux, {reg(Class::B32)}, {reg(Class::B32)});
      s.mode = modes[below(8)];
      return s;
    }
    }
  }

  bool cross_allowed(const Flow &flow) const {
    if (options_.warp == GenerateOptions::Warp::None || (in_function_ && returns_))
      return false;
    return flow.converged || options_.warp == GenerateOptions::Warp::Divergent;
  }

  Body nested(const Flow &flow) { return body(1 + below(5), flow); }

  /// What stands before an exit in a loop also comes after it.
  Body loop_body(const Flow &flow) {
    bool outer = no_exit_;
    if (chance(60))
      no_exit_ = true;
    else if (!no_exit_)
      exited_ = true;
    Body b = nested(flow);
    no_exit_ = outer;
    return b;
  }

  /// Flow in which the threads of a warp stay together.
  Statement uniform_flow(const Flow &flow) {
    unsigned warps = static_cast<unsigned>(std::popcount(flow.group.warps));
    switch (below(4)) {
    case 0: {
      Statement s = simple(Kind::BlockIf, {}, {});
      s.bodies.push_back(nested(flow.deeper()));
      return s;
    }
    case 1: {
      Statement s = simple(Kind::CountedLoop, {}, {});
      s.count = static_cast<unsigned>(below(3));
      s.bodies.push_back(loop_body(flow.deeper()));
      return s;
    }
    case 2: {
      Statement s = simple(Kind::WarpLoop, {}, {});
      s.count = static_cast<unsigned>(below(4));
      s.bodies.push_back(loop_body(flow.apart()));
      return s;
    }
    default: {
      Statement s = simple(Kind::WarpSplit, {}, {});
      s.warps = static_cast<uint32_t>(random_() & 0xff);
      bool named = warps > 1 && flow.group.node <= kLastSplit;
      for (bool others : {false, true})
        s.bodies.push_back(
            nested(named ? flow.within(flow.group.part(s.warps, others)) : flow.apart()));
      return s;
    }
    }
  }

  /// Flow in which each thread goes its own way.
  Statement divergent_flow(const Flow &flow) {
    switch (below(5)) {
    case 0:
    case 1: {
      Statement s = simple(Kind::If, {}, {reg(Class::Pred)});
      s.bodies.push_back(nested(flow.parted()));
      s.bodies.push_back(chance(50) ? nested(flow.parted()) : Body{});
      return s;
    }
    case 2: {
      Statement s = simple(Kind::Loop, {}, {reg(Class::B32), reg(Class::Pred)});
      s.bodies.push_back(loop_body(flow.parted()));
      return s;
    }
    case 3: {
      Statement s = simple(Kind::TwoEntries, {}, {reg(Class::B32), reg(Class::Pred)});
      s.bodies.push_back(loop_body(flow.parted()));
      s.bodies.push_back(loop_body(flow.parted()));
      return s;
    }
    default: {
      Statement s = simple(Kind::Switch, {}, {reg(Class::B32)});
      for (unsigned i = 0, n = 2 + static_cast<unsigned>(below(4)); i < n; ++i)
        s.bodies.push_back(nested(flow.parted()));
      return s;
    }
    }
  }

  std::optional<Statement> call() {
    unsigned callee = static_cast<unsigned>(below(functions_.size()));
    if (functions_[callee].crosses && !(in_function_ ? !returns_ : true))
      return std::nullopt;
    crosses_ |= functions_[callee].crosses;
    Statement s = simple(Kind::Call, {reg(Class::B32)}, {reg(Class::B32), reg(Class::B32)});
    s.callee = callee;
    // Operations across threads stay where the compiler can bring them into the kernel.
    if (!functions_[callee].crosses && chance(30))
      s.mode = "indirect";
    return s;
  }

  Statement statement(const Flow &flow) {
    if (flow.depth < 4 && chance(22))
      return !in_function_ && flow.converged && chance(45) ? uniform_flow(flow)
                                                           : divergent_flow(flow);
    if (cross_allowed(flow) && chance(20)) {
      crosses_ = true;
      return cross_thread(flow);
    }
    if (chance(8))
      return simple(Kind::LocalStore, {}, {reg(Class::B32), reg(Class::B32)});
    if (chance(8))
      return simple(Kind::LocalLoad, {reg(Class::B32)}, {reg(Class::B32)});
    if (!functions_.empty() && chance(8))
      if (std::optional<Statement> s = call())
        return *s;
    if (in_function_) {
      if (returns_ && chance(6))
        return simple(Kind::Return, {}, {reg(Class::Pred)});
      if (chance(1)) {
        exited_ = true; // all functions come before the kernel
        return simple(Kind::Exit, {}, {reg(Class::Pred)});
      }
      return operation();
    }
    if (!no_exit_ && chance(3)) {
      exited_ = true; // from here on some threads may be gone
      return simple(Kind::Exit, {}, {reg(Class::Pred)});
    }
    if (chance(4)) {
      Statement s = simple(Kind::Contribute, {}, {reg(Class::B32)});
      s.count = static_cast<unsigned>(below(kContributions.size()));
      s.mode = kContributions[s.count];
      return s;
    }
    if (!locked_ && options_.locks && flow.depth <= 1 && chance(2)) {
      locked_ = true; // hundreds of threads take turns: once a program is enough
      Statement s = simple(Kind::Critical, {}, {reg(Class::B32)});
      s.mode = chance(50) ? "inside" : "after";
      return s;
    }
    return operation();
  }

  Body body(uint64_t statements, const Flow &flow) {
    Body b;
    for (uint64_t i = 0; i < statements; ++i) {
      b.push_back(statement(flow));
      if (budget_ > 0)
        --budget_;
    }
    return b;
  }

  std::mt19937_64 random_;
  std::vector<std::pair<std::string, std::vector<const conformance::Case *>>> by_opcode_;
  GenerateOptions options_;
  uint64_t budget_;
  std::vector<Function> functions_;
  Group whole_block_;
  bool in_function_ = false, returns_ = false, crosses_ = false;
  bool no_exit_ = false, exited_ = false, locked_ = false;
  bool ragged_ = false; // the last warp is not full
};

} // namespace

Program generate(uint64_t seed, const std::vector<const conformance::Case *> &operations,
                 const GenerateOptions &options) {
  return Generator(seed, operations, options).run(seed);
}

std::vector<uint64_t> initial_state(const Program &p) {
  std::vector<uint64_t> state;
  std::mt19937_64 random(p.seed ^ 0x5eed);
  constexpr const char *types[] = {"pred", "f16", "s32", "f64"};
  constexpr const char *alternative[] = {"pred", "u16", "f32", "u64"};
  for (unsigned t = 0; t < p.threads * p.blocks; ++t)
    for (Class c : kClasses)
      for (unsigned r = 0; r < kRegisters; ++r) {
        unsigned k = static_cast<unsigned>(c);
        const auto &edges = conformance::edge_values(r & 1 ? alternative[k] : types[k]);
        uint64_t mask = c == Class::B64 ? ~uint64_t{0} : (uint64_t{1} << width(c)) - 1;
        state.push_back((random() % 3 == 0 ? edges[random() % edges.size()] : random()) & mask);
      }
  return state;
}

} // namespace w2w::random_programs
