// A random program as PTX text.
#include "test/random/program.h"

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
  }
  void clear_local() {
    for (unsigned i = 0; i < kLocalWords; ++i)
      line("st.local.b32 [array+{}], 0;", 4 * i);
  }

  void function(size_t i) {
    scope_ = fmt::format("f{}", i);
    text_ +=
        fmt::format("\n.func (.reg .b32 %result) {}(.reg .b32 %a, .reg .b32 %b)\n{{\n", scope_);
    indent_ = 1;
    declare_state();
    for (unsigned r = 0; r < kRegisters; ++r) {
      line("setp.ne.u32 %p{}, 0, 0;", r);
      line("mov.b16 %h{}, 0;", r);
      line("mov.b32 %r{}, {};", r, r == 0 ? "%a" : r == 1 ? "%b" : "0");
      line("mov.b64 %d{}, 0;", r);
    }
    clear_local();
    body(program_.functions[i], "");
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
    line(".reg .b64 %in, %out, %offset;");
    line(".reg .b32 %flag, %mask;");
    line("mov.u32 %thread, %tid.x;");
    line("mov.u32 %base, %ctaid.x;");
    line("mad.lo.u32 %base, %base, {}, %thread;", program_.threads);
    line("mul.wide.u32 %offset, %base, {};", kStateWords * 8);
    line("ld.param.u64 %in, [in];");
    line("add.u64 %in, %in, %offset;");
    line("ld.param.u64 %out, [out];");
    line("add.u64 %out, %out, %offset;");
    line("mov.b32 %mask, 0xffffffff;");
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
    body(program_.body, "%mask");
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

  /// mask: the register that names the warp's threads active here; empty in functions, which have
  /// no cross-thread statements.
  void body(const Body &b, const std::string &mask) {
    for (const Statement &s : b)
      statement(s, mask);
  }

  void scoped(const Body &b, const std::string &mask) {
    line("{{");
    ++indent_;
    body(b, mask);
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

  void if_else(const Statement &s, const std::string &mask) {
    std::string otherwise = label("else"), end = label("endif"), p = name(s.inputs[0]);
    std::string yes = submask(mask, p), no = submask(mask, "!" + p);
    line("@!{} bra {};", p, otherwise);
    scoped(s.bodies[0], yes);
    line("bra {};", end);
    line("{}:", otherwise);
    scoped(s.bodies[1], no);
    line("{}:", end);
  }

  void loop(const Statement &s, const std::string &mask) {
    std::string head = label("loop"), end = label("endloop");
    std::string left = fresh("b32", "left"), more = fresh("pred", "more");
    line("and.b32 {}, {}, 7;", left, name(s.inputs[0]));
    line("setp.ne.u32 {}, {}, 0;", more, left);
    std::string inside = submask(mask, more);
    line("@!{} bra {};", more, end);
    line("{}:", head);
    scoped(s.bodies[0], inside);
    line("sub.u32 {}, {}, 1;", left, left);
    line("setp.ne.u32 {}, {}, 0;", more, left);
    line("@{} setp.ne.u32 {}, 0, 0;", name(s.inputs[1]), more);
    if (!inside.empty())
      line("vote.sync.ballot.b32 {}, {}, {};", inside, more, inside);
    line("@{} bra {};", more, head);
    line("{}:", end);
  }

  void switch_case(const Statement &s, const std::string &mask) {
    std::string end = label("endswitch"), table = label("targets"), index = fresh("b32", "index");
    line("rem.u32 {}, {}, {};", index, name(s.inputs[0]), s.bodies.size());
    std::vector<std::string> labels, masks;
    for (size_t i = 0; i < s.bodies.size(); ++i) {
      labels.push_back(label("case"));
      if (!mask.empty()) {
        std::string p = fresh("pred", "here");
        line("setp.eq.u32 {}, {}, {};", p, index, i);
        masks.push_back(submask(mask, p));
      } else {
        masks.push_back("");
      }
    }
    line("{}: .branchtargets {};", table, fmt::join(labels, ", "));
    line("brx.idx {}, {};", index, table);
    for (size_t i = 0; i < s.bodies.size(); ++i) {
      line("{}:", labels[i]);
      scoped(s.bodies[i], masks[i]);
      line("bra {};", end);
    }
    line("{}:", end);
  }

  void shared_exchange(const Statement &s) {
    line("rem.u32 %slot, {}, {};", name(s.inputs[1]), program_.threads);
    line("{{");
    line("  .reg .b32 %address, %own, %start;");
    line("  mov.u32 %start, shared;");
    line("  mad.lo.u32 %own, %thread, 4, %start;");
    line("  mad.lo.u32 %address, %slot, 4, %start;");
    line("  st.shared.b32 [%own], {};", name(s.inputs[0]));
    line("  bar.sync 0;");
    line("  ld.shared.b32 {}, [%address];", name(s.outputs[0]));
    line("  bar.sync 0;");
    line("}}");
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
    store_state();
    line("exit;");
    line("{}:", stay);
  }

  void shuffle(const Statement &s, const std::string &mask) {
    if (s.mode == "leader") {
      line("bfind.u32 %slot, {};", mask);
      line("shfl.sync.idx.b32 {}|{}, {}, %slot, 0x1f, {};", name(s.outputs[0]), name(s.outputs[1]),
           name(s.inputs[0]), mask);
      return;
    }
    line("shfl.sync.{}.b32 {}|{}, {}, {}, 0x{:x}, {};", s.mode, name(s.outputs[0]),
         name(s.outputs[1]), name(s.inputs[0]), name(s.inputs[1]), s.clamp, mask);
  }

  void statement(const Statement &s, const std::string &mask) {
    switch (s.kind) {
    case Kind::Operation:
      return operation(s);
    case Kind::If:
      return if_else(s, mask);
    case Kind::Loop:
      return loop(s, mask);
    case Kind::Switch:
      return switch_case(s, mask);
    case Kind::Exit:
      return exit(s);
    case Kind::Shuffle:
      return shuffle(s, mask);
    case Kind::Vote:
      return line("vote.sync.{}.{} {}, {}, {};", s.mode, s.mode == "ballot" ? "b32" : "pred",
                  name(s.outputs[0]), name(s.inputs[0]), mask);
    case Kind::Redux:
      return line("redux.sync.{} {}, {}, {};", s.mode, name(s.outputs[0]), name(s.inputs[0]), mask);
    case Kind::Exchange:
      return shared_exchange(s);
    case Kind::LocalStore:
    case Kind::LocalLoad:
      return local_access(s);
    case Kind::Call:
      return line("call ({}), f{}, ({}, {});", name(s.outputs[0]), s.callee, name(s.inputs[0]),
                  name(s.inputs[1]));
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
