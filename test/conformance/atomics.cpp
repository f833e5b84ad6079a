// Every atom and red of the isa table on the emulator. Each instruction runs twice: on edge values,
// each thread on memory of its own, against the ISA's semantics; and with all threads on the same
// memory, where the values returned must have come about in some order of the operations and the
// total must be exact. With --device-memory the compiler may take all pointers for ones to memory
// of the device, as they are.
#include "test/conformance/atomic_set.h"
#include "test/conformance/device.h"
#include "test/conformance/run_options.h"
#include "test/conformance/values.h"
#include "test/reference/bits.h"
#include "test/reference/meaning.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <map>

namespace w2w::conformance {

namespace {

constexpr unsigned kThreads = 128, kBlocks = 6, kAll = kThreads * kBlocks;
/// Rows of the kernels' buffers, in bytes: memory, b and c; b and c; the value returned and memory.
constexpr unsigned kValueIn = 48, kContendedIn = 32, kValueOut = 32, kContendedOut = 16;

using Space = Atomic::Space;

// ---- the kernels

/// "ld.global" and the like of one register, of which 128 bits come in two.
std::string move_registers(const Atomic &a, bool load, const char *prefix, const char *address,
                           unsigned offset) {
  const unsigned bits = a.register_bits();
  if (bits == 128)
    return load ? fmt::format(
                      "  ld.global.v2.b64 {{%x, %y}}, [{}+{}];\n  mov.b128 {}0, {{%x, %y}};\n",
                      address, offset, prefix)
                : fmt::format(
                      "  mov.b128 {{%x, %y}}, {}0;\n  st.global.v2.b64 [{}+{}], {{%x, %y}};\n",
                      prefix, address, offset);
  std::string text;
  for (unsigned k = 0; k < a.elements; ++k)
    text += load ? fmt::format("  ld.global.b{} {}{}, [{}+{}];\n", bits, prefix, k, address,
                               offset + k * bits / 8)
                 : fmt::format("  st.global.b{} [{}+{}], {}{};\n", bits, address,
                               offset + k * bits / 8, prefix, k);
  return text;
}

std::string operand_list(const Atomic &a, const char *prefix) {
  if (!a.vector())
    return fmt::format("{}0", prefix);
  std::string list;
  for (unsigned k = 0; k < a.elements; ++k)
    list += fmt::format("{}{}{}", k ? ", " : "", prefix, k);
  return "{" + list + "}";
}

std::string atomic_text(const Atomic &a) {
  return fmt::format("  {} {}[%a], {}{}{};\n", a.instruction,
                     a.returns ? operand_list(a, "%d") + ", " : "", operand_list(a, "%b"),
                     a.operation == "cas" ? ", " + operand_list(a, "%c") : "",
                     a.hinted ? ", %policy" : "");
}

std::string prologue(const Atomic &a, const char *name, size_t index, unsigned in_row,
                     unsigned out_row, bool contended) {
  return fmt::format(
      ".visible .entry {}{}(.param .u64 in, .param .u64 out, .param .u32 rows{}) {{\n"
      "  .shared .align 16 .b8 window[{}];\n"
      "  .reg .b32 %t, %thread, %block, %r;\n  .reg .b64 %in, %out, %a, %s, %acc, %policy, %x, "
      "%y;\n"
      "  .reg .pred %p, %q;\n  .reg .b{} %b<8>, %c<8>, %d<8>;\n"
      "  mov.u32 %thread, %tid.x;\n  mov.u32 %block, %ctaid.x;\n  mad.lo.u32 %t, %block, {}, "
      "%thread;\n"
      "  ld.param.u64 %in, [in];\n  cvta.to.global.u64 %in, %in;\n"
      "  mad.wide.u32 %in, %t, {}, %in;\n"
      "  ld.param.u64 %out, [out];\n  cvta.to.global.u64 %out, %out;\n"
      "  mad.wide.u32 %out, %t, {}, %out;\n{}",
      name, index, contended ? ", .param .u64 accumulators" : "", kThreads * kAtomBytes,
      a.register_bits(), kThreads, in_row, out_row,
      (a.hinted ? std::string("  createpolicy.fractional.L2::evict_last.b64 %policy, 1.0;\n")
                : "") +
          (contended ? "  ld.param.u64 %acc, [accumulators];\n" : ""));
}

/// Whether some or all threads work on shared memory: a vector never does (9.7.13.5).
bool in_window(const Atomic &a, unsigned which) {
  return a.space == Space::Shared || (a.space == Space::Generic && !a.vector() && which % 2);
}

/// Each thread on its own; through a generic address, every other thread in shared memory.
std::string value_kernel(const Atomic &a, size_t index) {
  std::string text = prologue(a, "v", index, kValueIn, kValueOut, false);
  text += "  ld.global.v2.b64 {%x, %y}, [%in];\n  st.global.v2.b64 [%out+16], {%x, %y};\n"
          "  mov.u64 %s, window;\n  mad.wide.u32 %s, %thread, 16, %s;\n"
          "  st.shared.v2.b64 [%s], {%x, %y};\n";
  text += move_registers(a, true, "%b", "%in", 16) + move_registers(a, true, "%c", "%in", 32);
  if (a.space == Space::Generic) {
    text += "  add.u64 %a, %out, 16;\n  cvta.global.u64 %a, %a;\n";
    if (!a.vector())
      text += "  cvta.shared.u64 %s, %s;\n  and.b32 %r, %thread, 1;\n  setp.ne.u32 %p, %r, 0;\n"
              "  selp.b64 %a, %s, %a, %p;\n";
  } else
    text += a.space == Space::Global ? "  add.u64 %a, %out, 16;\n" : "  mov.u64 %a, %s;\n";
  text += atomic_text(a);
  if (a.returns)
    text += move_registers(a, false, "%d", "%out", 0);
  if (a.space != Space::Global)
    text +=
        fmt::format("  ld{}.v2.b64 {{%x, %y}}, [%a];\n  st.global.v2.b64 [%out+16], {{%x, %y}};\n",
                    a.space == Space::Shared ? ".shared" : "");
  return text + "  ret;\n}\n";
}

/// Which memory a block works on: scope .cta promises nothing about threads of other blocks.
unsigned location(const Atomic &a, unsigned block) {
  return a.block_scope || in_window(a, block) ? block : 0;
}

/// All threads on the accumulators; through a generic address, every other block in shared memory.
std::string contended_kernel(const Atomic &a, size_t index) {
  std::string text = prologue(a, "c", index, kContendedIn, kContendedOut, true);
  text += move_registers(a, true, "%b", "%in", 0) + move_registers(a, true, "%c", "%in", 16);
  const bool some = a.space == Space::Generic && !a.vector(), window = some || in_window(a, 0);
  text += "  setp.eq.u32 %p, %thread, 0;\n  and.b32 %r, %block, 1;\n  setp.ne.u32 %q, %r, 0;\n"
          "  mul.wide.u32 %x, %block, 16;\n";
  if (a.block_scope || a.space == Space::Shared)
    text += "  add.u64 %acc, %acc, %x;\n";
  else if (some)
    text += "  selp.b64 %x, %x, 0, %q;\n  add.u64 %acc, %acc, %x;\n";
  text += "  mov.u64 %a, %acc;\n";
  if (window) {
    text += "  mov.u64 %s, window;\n  @!%p bra START;\n  ld.global.v2.b64 {%x, %y}, [%acc];\n"
            "  st.shared.v2.b64 [%s], {%x, %y};\nSTART:\n  bar.sync 0;\n";
    text += some ? "  cvta.shared.u64 %s, %s;\n  cvta.global.u64 %a, %a;\n"
                   "  selp.b64 %a, %s, %a, %q;\n"
                 : "  mov.u64 %a, %s;\n";
  } else if (a.space == Space::Generic)
    text += "  cvta.global.u64 %a, %a;\n";
  text += atomic_text(a);
  if (a.returns)
    text += move_registers(a, false, "%d", "%out", 0);
  if (window) {
    text += "  bar.sync 0;\n  @!%p bra END;\n";
    text += some ? "  @!%q bra END;\n  mov.u64 %s, window;\n" : "";
    text += "  ld.shared.v2.b64 {%x, %y}, [%s];\n  st.global.v2.b64 [%acc], {%x, %y};\nEND:\n";
  }
  return text + "  ret;\n}\n";
}

std::string module_text(std::span<const Atomic> atomics) {
  std::string text = ".version 8.5\n.target sm_90\n.address_size 64\n";
  for (size_t i = 0; i < atomics.size(); ++i)
    text += value_kernel(atomics[i], i) + contended_kernel(atomics[i], i);
  return text;
}

// ---- operands

class Random {
public:
  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t z = (state_ ^ state_ >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  Word word(unsigned bits) {
    Word v = static_cast<Word>(next()) << 64 | next();
    return bits == 128 ? v : v & ((static_cast<Word>(1) << bits) - 1);
  }

private:
  uint64_t state_ = 1;
};

/// Edge values of the type; of 128 bits, their halves are.
Word edge(const Atomic &a, Random &random) {
  const bool wide = a.scalar_bits() == 128;
  const std::vector<uint64_t> &edges = edge_values(wide ? "b64" : a.scalar_type());
  auto any = [&] { return edges[random.next() % edges.size()]; };
  return wide ? static_cast<Word>(any()) << 64 | any() : any();
}

/// Rows of the kernel on values: memory, b, c. A compare-and-swap finds what it looks for in every
/// second row.
std::vector<uint8_t> value_rows(const Atomic &a) {
  Random random;
  std::vector<uint8_t> rows(kAll * kValueIn);
  for (unsigned t = 0; t < kAll; ++t)
    for (unsigned k = 0; k < a.scalars(); ++k) {
      uint8_t *row = &rows[t * kValueIn];
      auto any = [&] { return t % 4 == 3 ? random.word(a.scalar_bits()) : edge(a, random); };
      const Word old = any(), b = any();
      set_scalar(a, row, k, old);
      set_scalar(a, row + 16, k, a.operation == "cas" && t / 2 % 2 ? old : b);
      set_scalar(a, row + 32, k, any());
    }
  return rows;
}

/// 0, 1 and -1 in turn, as numbers of the type: at most kAll / 3 = 256 have one sign, so that sums
/// in any order are exact even in bf16.
Word small_float(const std::string &type, unsigned n) {
  static const std::map<std::string, Word> ones = {
      {"f16", 0x3C00}, {"bf16", 0x3F80}, {"f32", 0x3F800000}, {"f64", 0x3FF0000000000000}};
  const Word one = ones.at(type);
  const Word sign = static_cast<Word>(1) << (reference::width_of(type) - 1);
  return n % 3 == 0 ? 0 : n % 3 == 1 ? one : one | sign;
}

bool is_float(const Atomic &a) {
  return a.type.find('f') != std::string::npos;
}

/// Rows of the contended kernel: b and c.
std::vector<uint8_t> contended_rows(const Atomic &a) {
  Random random;
  std::vector<uint8_t> rows(kAll * kContendedIn);
  for (unsigned t = 0; t < kAll; ++t)
    for (unsigned k = 0; k < a.scalars(); ++k) {
      const std::string &o = a.operation;
      Word b = random.word(a.scalar_bits()), c = 0;
      if (o == "exch")
        b = (a.scalar_bits() == 128 ? static_cast<Word>(t + 1) << 64 : 0) | (t + 1);
      else if (o == "cas") { // a ring of four values
        auto ring = [&](unsigned n) {
          return a.scalar_bits() == 128 ? static_cast<Word>(n % 4) << 70 | n % 4 : Word(n % 4);
        };
        b = ring(t), c = ring(t + 1);
      } else if (o == "inc" || o == "dec")
        b = 99;
      else if (is_float(a))
        b = small_float(a.scalar_type(), t + k);
      set_scalar(a, &rows[t * kContendedIn], k, b);
      set_scalar(a, &rows[t * kContendedIn + 16], k, c);
    }
  return rows;
}

/// What contended memory holds at the start.
Word start(const Atomic &a) {
  // The largest number, so that a minimum moves; everything set, so that a conjunction does.
  const unsigned bits = a.scalar_bits() - (reference::signed_type(a.type) ? 1 : 0);
  if ((a.operation == "min" && !is_float(a)) || a.operation == "and")
    return (static_cast<Word>(1) << bits) - 1;
  return 0;
}

// ---- what must hold

std::string hex(Word v) {
  const auto high = static_cast<uint64_t>(v >> 64);
  return high ? fmt::format("0x{:x}{:016x}", high, static_cast<uint64_t>(v))
              : fmt::format("0x{:x}", static_cast<uint64_t>(v));
}

std::string compare_values(const Atomic &a, const std::vector<uint8_t> &in,
                           const std::vector<uint8_t> &out) {
  for (unsigned t = 0; t < kAll; ++t)
    for (unsigned k = 0; k < a.scalars(); ++k) {
      const uint8_t *row = &in[t * kValueIn], *got = &out[t * kValueOut];
      const Word old = scalar(a, row, k), b = scalar(a, row + 16, k), c = scalar(a, row + 32, k),
                 memory = scalar(a, got + 16, k);
      if (a.returns && scalar(a, got, k) != old)
        return fmt::format("thread {}: returned {} of {}", t, hex(scalar(a, got, k)), hex(old));
      if (!a.permits(old, b, c, memory))
        return fmt::format("thread {}: {} became {} by {}, {}; expected {}", t, hex(old),
                           hex(memory), hex(b), hex(c), hex(a.apply(old, b, c)));
    }
  return "";
}

/// Whether there is an order in which all operations, each from the value it returned to the one it
/// wrote, lead from `first` to `last`: an Eulerian path of the multigraph that they are the edges
/// of.
class Order {
public:
  void edge(Word from, Word to) {
    ++balance_[from], --balance_[to];
    join(from, to);
  }
  std::string check(Word first, Word last) {
    edge(last, first); // a circuit then
    for (const auto &[value, count] : balance_)
      if (count)
        return fmt::format("{} operations {} {}", std::abs(count),
                           count > 0 ? "too many found" : "too few found", hex(value));
    for (const auto &[value, unused] : balance_)
      if (root(value) != root(first))
        return fmt::format("no order leads to {}", hex(value));
    return "";
  }

private:
  Word root(Word v) {
    while (parent_.try_emplace(v, v).first->second != v)
      v = parent_[v] = parent_[parent_[v]];
    return v;
  }
  void join(Word x, Word y) { parent_[root(x)] = root(y); }

  std::map<Word, int> balance_;
  std::map<Word, Word> parent_;
};

std::string compare_contended(const Atomic &a, const std::vector<uint8_t> &in,
                              const std::vector<uint8_t> &out,
                              const std::vector<uint8_t> &accumulators) {
  const bool any_order = a.operation != "exch" && a.operation != "cas";
  for (unsigned place = 0; place < kBlocks; ++place)
    for (unsigned k = 0; k < a.scalars(); ++k) {
      Word total = start(a);
      const Word memory = scalar(a, &accumulators[place * kAtomBytes], k);
      Order order;
      for (unsigned t = 0; t < kAll; ++t) {
        if (location(a, t / kThreads) != place)
          continue;
        const uint8_t *row = &in[t * kContendedIn];
        const Word b = scalar(a, row, k), c = scalar(a, row + 16, k);
        total = a.apply(total, b, c);
        if (a.returns) {
          const Word old = scalar(a, &out[t * kContendedOut], k);
          order.edge(old, a.apply(old, b, c));
        }
      }
      if (any_order && !a.same(total, memory))
        return fmt::format("total {} in place {}, expected {}", hex(memory), place, hex(total));
      if (a.returns)
        if (std::string wrong = order.check(start(a), memory); !wrong.empty())
          return fmt::format("place {}: {}", place, wrong);
    }
  return "";
}

// ---- running

class Run {
public:
  Run(Device &device, const RunOptions &options) : device_(device), options_(options) {}

  bool batch(std::span<const Atomic> atomics) {
    const CompiledText code = compile_text(module_text(atomics), options_.compile);
    if (!code.bytes.empty() && !device_.load(code.bytes))
      return false;
    for (size_t i = 0; i < atomics.size(); ++i) {
      if (auto it = code.errors.find(fmt::format("v{}", i)); it != code.errors.end()) {
        // 128 bits are done under a lock, of which the host and other devices know nothing.
        const bool known =
            atomics[i].type == "b128" && atomics[i].instruction.find(".sys") != std::string::npos;
        ++(known ? refused_ : failed_);
        if (!known)
          fmt::print("FAIL {}: {}\n", atomics[i].instruction, it->second);
        continue;
      }
      std::string wrong = values(atomics[i], i);
      if (wrong.empty())
        wrong = contended(atomics[i], i);
      if (wrong.empty())
        continue;
      ++failed_;
      fmt::print("FAIL {}: {}\n", atomics[i].instruction, wrong);
    }
    return true;
  }
  unsigned failed() const { return failed_; }
  unsigned refused() const { return refused_; }

private:
  std::string launch(const std::string &kernel, const std::vector<uint8_t> &in,
                     std::vector<uint8_t> &out, uint64_t accumulators = 0) {
    std::vector<uint64_t> words(in.size() / 8), results(out.size() / 8);
    std::memcpy(words.data(), in.data(), in.size());
    std::string error;
    if (!device_.run(kernel, words, results, kBlocks, kThreads, error, ~0u, accumulators))
      return error.empty() ? "launch failed" : error;
    std::memcpy(out.data(), results.data(), out.size());
    return "";
  }

  std::string values(const Atomic &a, size_t index) {
    const std::vector<uint8_t> in = value_rows(a);
    std::vector<uint8_t> out(kAll * kValueOut);
    std::string error = launch(fmt::format("v{}", index), in, out);
    return error.empty() ? compare_values(a, in, out) : error;
  }

  std::string contended(const Atomic &a, size_t index) {
    std::vector<uint8_t> accumulators(kBlocks * kAtomBytes);
    for (unsigned place = 0; place < kBlocks; ++place)
      for (unsigned k = 0; k < a.scalars(); ++k)
        set_scalar(a, &accumulators[place * kAtomBytes], k, start(a));
    if (!accumulators_)
      accumulators_ = device_.upload(accumulators);
    if (!accumulators_ || !device_.write(accumulators_, accumulators))
      return "no memory";
    const std::vector<uint8_t> rows = contended_rows(a);
    std::vector<uint8_t> out(kAll * kContendedOut);
    if (std::string error = launch(fmt::format("c{}", index), rows, out, accumulators_);
        !error.empty())
      return error;
    return device_.read(accumulators_, accumulators) ? compare_contended(a, rows, out, accumulators)
                                                     : "no memory";
  }

  Device &device_;
  const RunOptions &options_;
  uint64_t accumulators_ = 0;
  unsigned failed_ = 0, refused_ = 0;
};

int run(int argc, char **argv) {
  bool device_memory = false;
  RunOptions options = read_options(argc, argv, [&](std::string_view argument) {
    return argument == "--device-memory" && (device_memory = true);
  });
  options.compile.device_memory = device_memory;
  auto device = Device::open(options.hip, options.compile.mcpu);
  if (!device)
    return 1;
  std::vector<Atomic> chosen;
  size_t next = 0;
  for (Atomic &a : all_atomics())
    if (options.matches(a.instruction) && next++ % options.sample == 0)
      chosen.push_back(std::move(a));
  Run all(*device, options);
  constexpr size_t batch = 32;
  for (size_t i = 0; i < chosen.size(); i += batch)
    if (!all.batch(std::span(chosen).subspan(i, std::min(batch, chosen.size() - i))))
      return 1;
  fmt::print("atomics: {} at -O{}{}: {} of {} instructions, {} failed, {} refused\n",
             options.compile.mcpu, options.compile.opt_level,
             device_memory ? ", device memory" : "", chosen.size(), next, all.failed(),
             all.refused());
  return all.failed() || chosen.empty() ? 1 : 0;
}

} // namespace

} // namespace w2w::conformance

int main(int argc, char **argv) {
  return w2w::conformance::run(argc, argv);
}
