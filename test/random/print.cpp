// A random program as PTX text.
#include "test/random/program.h"

#include <bit>
#include <fmt/format.h>

namespace w2w::random_programs {

namespace {

constexpr const char *kPrefix[] = {"p", "h", "r", "d"}; // by Class
constexpr const char *kDeclared[] = {"pred", "b16", "b32", "b64"};

class Printer {
public:
  explicit Printer(const Program &p) : program_(p) {}

  std::string run() {
    text_ = fmt::format(
        "// seed {}, {} blocks of {} threads\n.version 9.0\n.target sm_100\n.address_size 64\n",
        program_.seed, program_.blocks, program_.threads);
    for (size_t i = 0; i < program_.functions.size(); ++i)
      function(i);
    kernel();
    return std::move(text_);
  }

private:
  using Kind = Statement::Kind;

  template <typename... T> void line(fmt::format_string<T...> format, T &&...args) {
    text_.append(2 * indent_, ' ');
    text_ += fmt::format(format, std::forward<T>(args)...);
    text_ += '\n';
  }

  static std::string name(const Operand &o) {
    if (o.immediate)
      return fmt::format("0x{:x}", o.bits);
    return fmt::format("%{}{}", kPrefix[static_cast<unsigned>(o.cls)], o.reg);
  }
  std::string label(const char *what) { return fmt::format("$L{}_{}_{}", scope_, labels_++, what); }
  std::string fresh(const char *type, const char *stem) {
    std::string n = fmt::format("%{}_{}", stem, temporaries_++);
    line(".reg .{} {};", type, n);
    return n;
  }

  void declare_state() {
    for (unsigned c = 0; c < kClasses.size(); ++c)
      line(".reg .{} %{}<{}>;", kDeclared[c], kPrefix[c], kRegisters);
    line(".local .align 4 .b32 array[{}];", kLocalWords);
    line(".reg .b32 %thread, %slot, %base;");
    line(".reg .pred %true;");
    line("setp.eq.u32 %true, 0, 0;");
  }
  void clear_local() {
    for (unsigned i = 0; i < kLocalWords; ++i)
      line("st.local.b32 [array+{}], 0;", 4 * i);
  }

  void function(size_t i) {
    scope_ = fmt::format("f{}", i);
    text_ += fmt::format(
        "\n.func (.reg .b32 %result) {}(.reg .b32 %a, .reg .b32 %b, .reg .b32 %mask)\n{{\n",
        scope_);
    indent_ = 1;
    declare_state();
    for (unsigned r = 0; r < kRegisters; ++r) {
      line("setp.ne.u32 %p{}, 0, 0;", r);
      line("mov.b16 %h{}, 0;", r);
      line("mov.b32 %r{}, {};", r, r == 0 ? "%a" : r == 1 ? "%b" : "0");
      line("mov.b64 %d{}, 0;", r);
    }
    clear_local();
    const Function &f = program_.functions[i];
    body(f.body, {f.crosses ? "%mask" : "", {}});
    line("mov.b32 %result, %r0;");
    line("ret;");
    text_ += "}\n";
  }

  void kernel() {
    scope_ = "k";
    text_ += "\n.visible .entry k(.param .u64 in, .param .u64 out, .param .u32 rows)\n{\n";
    indent_ = 1;
    declare_state();
    line(".shared .align 4 .b32 shared[{}];", kMaxThreads);
    line(".reg .b64 %in, %out, %offset, %counters;");
    line(".reg .b32 %flag, %mask, %warp, %odd, %own;");
    line("mov.u32 %thread, %tid.x;");
    line("shr.u32 %warp, %thread, 5;");
    line("mov.u32 %base, %ctaid.x;");
    line("and.b32 %odd, %base, 1;");
    line("mad.lo.u32 %base, %base, {}, %thread;", program_.threads);
    line("mov.u32 %own, shared;");
    line("mad.lo.u32 %own, %thread, 4, %own;");
    line("st.shared.b32 [%own], 0;");
    line("bar.sync 0;");
    line("mul.wide.u32 %offset, %base, {};", kStateWords * 8);
    line("ld.param.u64 %in, [in];");
    line("add.u64 %in, %in, %offset;");
    line("ld.param.u64 %out, [out];");
    line("add.u64 %counters, %out, {};", program_.threads * program_.blocks * kStateWords * 8);
    line("add.u64 %out, %out, %offset;");
    line("mov.b32 %mask, 0xffffffff;");
    if (unsigned rest = program_.threads % 32) {
      line("{{");
      line("  .reg .pred %last;");
      line("  setp.eq.u32 %last, %warp, {};", program_.warps() - 1);
      line("  @%last mov.b32 %mask, 0x{:x};", (1u << rest) - 1);
      line("}}");
    }
    each_word([&](Class c, unsigned r, unsigned at) {
      const char *prefix = kPrefix[static_cast<unsigned>(c)];
      if (c == Class::Pred) {
        line("ld.global.b32 %flag, [%in+{}];", at);
        line("setp.ne.u32 %p{}, %flag, 0;", r);
      } else {
        line("ld.global.b{} %{}{}, [%in+{}];", width(c), prefix, r, at);
      }
    });
    clear_local();
    body(program_.body, {"%mask", program_.whole_block()});
    store_state();
    line("ret;");
    text_ += "}\n";
  }

  template <typename F> void each_word(F f) {
    unsigned at = 0;
    for (Class c : kClasses)
      for (unsigned r = 0; r < kRegisters; ++r, at += 8)
        f(c, r, at);
  }
  void store_state() {
    each_word([&](Class c, unsigned r, unsigned at) {
      if (c == Class::Pred) {
        line("selp.b32 %flag, 1, 0, %p{};", r);
        line("st.global.b32 [%out+{}], %flag;", at);
      } else {
        line("st.global.b{} [%out+{}], %{}{};", width(c), at, kPrefix[static_cast<unsigned>(c)], r);
      }
    });
  }

  /// Where a statement is printed.
  struct Place {
    std::string mask; // register with the warp's threads that are here; empty where nothing asks
    Group group;
    Place with(std::string m) const { return {std::move(m), group}; }
  };

  void body(const Body &b, const Place &place) {
    for (const Statement &s : b)
      statement(s, place);
  }

  void scoped(const Body &b, const Place &place) {
    line("{{");
    ++indent_;
    body(b, place);
    --indent_;
    line("}}");
  }

  void operation(const Statement &s) {
    std::string text = s.operation->instruction + " " + name(s.outputs[0]);
    if (s.outputs.size() == 2)
      text += "|" + name(s.outputs[1]);
    for (const Operand &o : s.inputs)
      text += ", " + name(o);
    line("{};", text);
    const std::string &type = s.operation->meaning.outputs[0];
    if (!needs_canonical_nan(type))
      return;
    // NaN payloads are not specified: give them one.
    std::string nan = fmt::format("0x{:x}", canonical_nan(type));
    std::string d = name(s.outputs[0]);
    line("{{");
    line("  .reg .pred %nan;");
    line("  setp.nan.{} %nan, {}, {};", type, d, d);
    if (reference::width_of(type) == 16) {
      line("  .reg .b16 %canonical;");
      line("  mov.b16 %canonical, {};", nan);
      line("  selp.b16 {}, %canonical, {}, %nan;", d, d);
    } else {
      line("  selp.b{} {}, {}, {}, %nan;", reference::width_of(type), d, nan, d);
    }
    line("}}");
  }

  /// The threads of `mask` for which `condition` holds, in a new register.
  std::string submask(const std::string &mask, const std::string &condition) {
    if (mask.empty())
      return "";
    std::string m = fresh("b32", "mask");
    line("vote.sync.ballot.b32 {}, {}, {};", m, condition, mask);
    return m;
  }

  void if_else(const Statement &s, const Place &place) {
    std::string otherwise = label("else"), end = label("endif"), p = name(s.inputs[0]);
    std::string yes = submask(place.mask, p), no = submask(place.mask, "!" + p);
    line("@!{} bra {};", p, otherwise);
    scoped(s.bodies[0], place.with(yes));
    line("bra {};", end);
    line("{}:", otherwise);
    scoped(s.bodies[1], place.with(no));
    line("{}:", end);
  }

  void loop(const Statement &s, const Place &place) {
    std::string head = label("loop"), end = label("endloop");
    std::string left = fresh("b32", "left"), more = fresh("pred", "more");
    line("and.b32 {}, {}, 7;", left, name(s.inputs[0]));
    line("setp.ne.u32 {}, {}, 0;", more, left);
    std::string inside = submask(place.mask, more);
    line("@!{} bra {};", more, end);
    line("{}:", head);
    scoped(s.bodies[0], place.with(inside));
    line("sub.u32 {}, {}, 1;", left, left);
    line("setp.ne.u32 {}, {}, 0;", more, left);
    line("@{} setp.ne.u32 {}, 0, 0;", name(s.inputs[1]), more);
    if (!inside.empty())
      line("vote.sync.ballot.b32 {}, {}, {};", inside, more, inside);
    line("@{} bra {};", more, head);
    line("{}:", end);
  }

  void two_entries(const Statement &s, const Place &place) {
    std::string head = label("head"), middle = label("middle"), p = name(s.inputs[1]);
    std::string left = fresh("b32", "left"), more = fresh("pred", "more");
    line("and.b32 {}, {}, 3;", left, name(s.inputs[0]));
    std::string first = submask(place.mask, "!" + p), second;
    if (!place.mask.empty()) {
      second = fresh("b32", "mask");
      line("mov.b32 {}, {};", second, place.mask);
    }
    line("@{} bra {};", p, middle);
    line("{}:", head);
    scoped(s.bodies[0], place.with(first));
    line("{}:", middle);
    scoped(s.bodies[1], place.with(second));
    line("setp.ne.u32 {}, {}, 0;", more, left);
    line("sub.u32 {}, {}, 1;", left, left);
    if (!second.empty()) {
      line("vote.sync.ballot.b32 {}, {}, {};", second, more, second);
      line("mov.b32 {}, {};", first, second);
    }
    line("@{} bra {};", more, head);
  }

  void switch_case(const Statement &s, const Place &place) {
    std::string end = label("endswitch"), table = label("targets"), index = fresh("b32", "index");
    line("rem.u32 {}, {}, {};", index, name(s.inputs[0]), s.bodies.size());
    std::vector<std::string> labels, masks;
    for (size_t i = 0; i < s.bodies.size(); ++i) {
      labels.push_back(label("case"));
      if (!place.mask.empty()) {
        std::string p = fresh("pred", "here");
        line("setp.eq.u32 {}, {}, {};", p, index, i);
        masks.push_back(submask(place.mask, p));
      } else {
        masks.push_back("");
      }
    }
    line("{}: .branchtargets {};", table, fmt::join(labels, ", "));
    line("brx.idx {}, {};", index, table);
    for (size_t i = 0; i < s.bodies.size(); ++i) {
      line("{}:", labels[i]);
      scoped(s.bodies[i], place.with(masks[i]));
      line("bra {};", end);
    }
    line("{}:", end);
  }

  void block_if(const Statement &s, const Place &place) {
    std::string end = label("endif"), p = fresh("pred", "odd");
    line("setp.ne.u32 {}, %odd, 0;", p);
    line("@!{} bra {};", p, end);
    scoped(s.bodies[0], place);
    line("{}:", end);
  }

  /// `left` iterations.
  void counted_loop(const Statement &s, const Place &place, const std::string &left) {
    std::string head = label("loop"), end = label("endloop"), more = fresh("pred", "more");
    line("setp.ne.u32 {}, {}, 0;", more, left);
    line("@!{} bra {};", more, end);
    line("{}:", head);
    scoped(s.bodies[0], place);
    line("sub.u32 {}, {}, 1;", left, left);
    line("setp.ne.u32 {}, {}, 0;", more, left);
    line("@{} bra {};", more, head);
    line("{}:", end);
  }

  /// A predicate: this thread's warp is one of `warps`.
  std::string warp_in(uint32_t warps) {
    std::string bit = fresh("b32", "bit"), p = fresh("pred", "in");
    line("shr.u32 {}, 0x{:x}, %warp;", bit, warps);
    line("and.b32 {}, {}, 1;", bit, bit);
    line("setp.ne.u32 {}, {}, 0;", p, bit);
    return p;
  }

  void warp_split(const Statement &s, const Place &place) {
    std::string otherwise = label("others"), end = label("endsplit"), p = warp_in(s.warps);
    line("@!{} bra {};", p, otherwise);
    for (bool others : {false, true}) {
      if (Group part = place.group.part(s.warps, others); part.warps != 0)
        scoped(s.bodies[others], {place.mask, part});
      if (!others) {
        line("bra.uni {};", end);
        line("{}:", otherwise);
      }
    }
    line("{}:", end);
  }

  /// %slot: the address of the shared word of a thread of `warps`, chosen by `choice`.
  void choose_slot(const Operand &choice, uint32_t warps) {
    line("{{");
    line("  .reg .b32 %w, %start;");
    line("  rem.u32 %slot, {}, {};", name(choice), 32 * std::popcount(warps));
    line("  shr.u32 %w, %slot, 5;");
    line("  add.u32 %w, %w, 1;");
    line("  fns.b32 %w, 0x{:x}, 0, %w;", warps);
    line("  and.b32 %slot, %slot, 31;");
    line("  mad.lo.u32 %slot, %w, 32, %slot;");
    line("  min.u32 %slot, %slot, {};", program_.threads - 1);
    line("  mov.u32 %start, shared;");
    line("  mad.lo.u32 %slot, %slot, 4, %start;");
    line("}}");
  }

  static unsigned thread_count(uint32_t warps) {
    return 32 * static_cast<unsigned>(std::popcount(warps));
  }

  /// The operands of a barrier at which the group meets.
  static std::string barrier(const Statement &s, const Group &group) {
    return s.mode == "all" ? "0" : fmt::format("{}, {}", group.node, thread_count(group.warps));
  }

  void shared_exchange(const Statement &s, const Place &place) {
    choose_slot(s.inputs[1], place.group.warps);
    line("st.shared.b32 [%own], {};", name(s.inputs[0]));
    line("bar.sync {};", barrier(s, place.group));
    line("ld.shared.b32 {}, [%slot];", name(s.outputs[0]));
    line("barrier.sync {};", barrier(s, place.group));
  }

  void handoff(const Statement &s, const Place &place) {
    uint32_t from = place.group.warps & s.warps;
    if (from == 0) // a smaller program may have lost them
      return;
    unsigned threads = thread_count(place.group.warps);
    std::string others = label("take"), end = label("taken"), p = warp_in(s.warps);
    choose_slot(s.inputs[1], from);
    line("@!{} bra {};", p, others);
    line("st.shared.b32 [%own], {};", name(s.inputs[0]));
    line("bar.arrive {}, {};", kHandoffBarrier, threads);
    line("bra {};", end);
    line("{}:", others);
    line("bar.sync {}, {};", kHandoffBarrier, threads);
    line("ld.shared.b32 {}, [%slot];", name(s.outputs[0]));
    line("{}:", end);
    line("bar.sync {}, {};", kHandoffDone, threads);
  }

  void critical(const Statement &s) {
    std::string head = label("try"), skip = label("skip"), p = fresh("pred", "free"),
                v = fresh("b32", "sum");
    auto section = [&] {
      line("ld.relaxed.gpu.global.u32 {}, [%counters+8];", v);
      line("add.u32 {}, {}, {};", v, v, name(s.inputs[0]));
      line("st.relaxed.gpu.global.u32 [%counters+8], {};", v);
      line("st.release.gpu.global.u32 [%counters], 0;");
    };
    line("{}:", head);
    line("atom.acquire.gpu.global.cas.b32 {}, [%counters], 0, 1;", v);
    line("setp.eq.u32 {}, {}, 0;", p, v);
    if (s.mode == "inside") {
      line("@!{} bra {};", p, skip);
      section();
      line("{}:", skip);
      line("@!{} bra {};", p, head);
    } else {
      line("@!{} bra {};", p, head);
      section();
    }
  }

  void local_access(const Statement &s) {
    line("{{");
    line("  .reg .b32 %address, %start;");
    line("  mov.u32 %start, array;");
    line("  and.b32 %address, {}, {};", name(s.inputs[0]), kLocalWords - 1);
    line("  mad.lo.u32 %address, %address, 4, %start;");
    if (s.kind == Kind::LocalStore)
      line("  st.local.b32 [%address], {};", name(s.inputs[1]));
    else
      line("  ld.local.b32 {}, [%address];", name(s.outputs[0]));
    line("}}");
  }

  void exit(const Statement &s) {
    std::string stay = label("stay");
    line("@!{} bra {};", name(s.inputs[0]), stay);
    if (scope_ == "k")
      store_state();
    line("exit;");
    line("{}:", stay);
  }

  void shuffle(const Statement &s, const std::string &mask) {
    if (s.mode == "leader") { // of those that have not exited
      line("vote.sync.ballot.b32 %slot, %true, {};", mask);
      line("bfind.u32 %slot, %slot;");
      line("shfl.sync.idx.b32 {}|{}, {}, %slot, 0x1f, {};", name(s.outputs[0]), name(s.outputs[1]),
           name(s.inputs[0]), mask);
      return;
    }
    line("shfl.sync.{}.b32 {}|{}, {}, {}, 0x{:x}, {};", s.mode, name(s.outputs[0]),
         name(s.outputs[1]), name(s.inputs[0]), name(s.inputs[1]), s.clamp, mask);
  }

  void call(const Statement &s, const std::string &mask) {
    std::string arguments =
        fmt::format("({}, {}, {})", name(s.inputs[0]), name(s.inputs[1]),
                    program_.functions[s.callee].crosses ? mask : std::string("0"));
    if (s.mode != "indirect")
      return line("call ({}), f{}, {};", name(s.outputs[0]), s.callee, arguments);
    std::string pointer = fresh("b64", "pointer"), prototype = label("prototype");
    line("{}: .callprototype (.reg .b32 _) _ (.reg .b32 _, .reg .b32 _, .reg .b32 _);", prototype);
    line("mov.u64 {}, f{};", pointer, s.callee);
    line("call ({}), {}, {}, {};", name(s.outputs[0]), pointer, arguments, prototype);
  }

  void leave(const Statement &s) {
    std::string stay = label("stay");
    line("@!{} bra {};", name(s.inputs[0]), stay);
    line("mov.b32 %result, %r0;");
    line("ret;");
    line("{}:", stay);
  }

  void statement(const Statement &s, const Place &place) {
    const std::string &mask = place.mask;
    switch (s.kind) {
    case Kind::Operation:
      return operation(s);
    case Kind::If:
      return if_else(s, place);
    case Kind::Loop:
      return loop(s, place);
    case Kind::TwoEntries:
      return two_entries(s, place);
    case Kind::Switch:
      return switch_case(s, place);
    case Kind::BlockIf:
      return block_if(s, place);
    case Kind::CountedLoop: {
      std::string left = fresh("b32", "left");
      line("add.u32 {}, %odd, {};", left, s.count);
      return counted_loop(s, place, left);
    }
    case Kind::WarpLoop: {
      std::string left = fresh("b32", "left");
      line("add.u32 {}, %warp, {};", left, s.count);
      line("and.b32 {}, {}, 3;", left, left);
      return counted_loop(s, place, left);
    }
    case Kind::WarpSplit:
      return warp_split(s, place);
    case Kind::Exit:
      return exit(s);
    case Kind::Return:
      return leave(s);
    case Kind::Shuffle:
      return shuffle(s, mask);
    case Kind::Vote:
      return line("vote.sync.{}.{} {}, {}, {};", s.mode, s.mode == "ballot" ? "b32" : "pred",
                  name(s.outputs[0]), name(s.inputs[0]), mask);
    case Kind::Redux:
      return line("redux.sync.{} {}, {}, {};", s.mode, name(s.outputs[0]), name(s.inputs[0]), mask);
    case Kind::Exchange:
      return shared_exchange(s, place);
    case Kind::BarrierVote:
      return line("barrier.red.{} {}, {}, {};", s.mode, name(s.outputs[0]), barrier(s, place.group),
                  name(s.inputs[0]));
    case Kind::Handoff:
      return handoff(s, place);
    case Kind::LocalStore:
    case Kind::LocalLoad:
      return local_access(s);
    case Kind::Contribute:
      if (s.mode.ends_with("64")) {
        std::string wide = fresh("b64", "wide");
        line("cvt.u64.u32 {}, {};", wide, name(s.inputs[0]));
        return line("red.global.{} [%counters+{}], {};", s.mode, 8 * (2 + s.count), wide);
      }
      return line("red.global.{} [%counters+{}], {};", s.mode, 8 * (2 + s.count),
                  name(s.inputs[0]));
    case Kind::Critical:
      return critical(s);
    case Kind::Call:
      return call(s, mask);
    }
  }

  const Program &program_;
  std::string text_, scope_;
  unsigned indent_ = 0, labels_ = 0, temporaries_ = 0;
};

} // namespace

std::string print(const Program &p) {
  return Printer(p).run();
}

} // namespace w2w::random_programs
