// mma and wmma on the emulator, every dense form: three warps (two in one wave of 64) with matrices
// of their own, on values whose sums are exact, on random ones and on edges; and ldmatrix, stmatrix
// and movmatrix in all forms, each lane's row at a place of its own.
//   matrices --mcpu=gfx942 [-O0|-O3] [--filter=TEXT] [--sample=N] [--hip=LIBRARY]
// Exit status 0: all results are right.
#include "lowering/emit/emit.h"
#include "test/conformance/device.h"
#include "test/conformance/enumerate.h"
#include "test/conformance/matrix_values.h"
#include "test/conformance/run_options.h"
#include "test/reference/matrix.h"

#include <bit>
#include <cstdio>
#include <fmt/format.h>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace w2w::conformance {

namespace {

using reference::MatrixProduct;
using reference::Position;

constexpr unsigned kWarps = 3, kThreads = 32 * kWarps;

using Words = std::vector<uint64_t>;

struct Case {
  std::string instruction;
  std::string body;         // the kernel's own registers, loads and the instruction
  unsigned in = 0, out = 0; // 8-byte slots of a thread
  Words (*inputs)(const Case &) = nullptr;
  /// The first difference, if any.
  std::string (*compare)(const Case &, const Words &in, const Words &out,
                         unsigned &compared) = nullptr;
};

std::string registers(std::string_view name, unsigned count) {
  std::string list;
  for (unsigned k = 0; k < count; ++k)
    list += fmt::format("{}%{}{}", k ? ", " : "", name, k);
  return "{" + list + "}";
}

std::string loads(std::string_view name, unsigned count, unsigned first, unsigned bits) {
  std::string text = fmt::format("  .reg .b{} %{}<{}>;\n", bits, name, count);
  for (unsigned k = 0; k < count; ++k)
    text += fmt::format("  ld.global.b{} %{}{}, [%in+{}];\n", bits, name, k, 8 * (first + k));
  return text;
}

std::string stores(std::string_view name, unsigned count, unsigned bits) {
  std::string text;
  for (unsigned k = 0; k < count; ++k)
    text += fmt::format("  st.global.b{} [%out+{}], %{}{};\n", bits, 8 * k, name, k);
  return text;
}

std::string kernel_text(const Case &c, size_t index) {
  return fmt::format(".visible .entry k{}(.param .u64 in, .param .u64 out, .param .u32 rows) {{\n"
                     "  .reg .b32 %t, %lane, %n;\n  .reg .b64 %in, %out;\n"
                     "  mov.u32 %t, %tid.x;\n  and.b32 %lane, %t, 31;\n"
                     "  mov.u32 %n, %ctaid.x;\n  mad.lo.u32 %n, %n, {}, %t;\n"
                     "  ld.param.u64 %in, [in];\n  mad.wide.u32 %in, %n, {}, %in;\n"
                     "  ld.param.u64 %out, [out];\n  mad.wide.u32 %out, %n, {}, %out;\n"
                     "{}  ret;\n}}\n",
                     index, kThreads, 8 * c.in, 8 * c.out, c.body);
}

// ---- mma

/// Registers of `elements`.
unsigned register_bits(std::string_view type) {
  return type == "f64" ? 64 : 32;
}
unsigned register_count(unsigned elements, std::string_view type) {
  return elements * reference::element_bits(type) / register_bits(type);
}

Case product_case(const std::string &instruction) {
  const MatrixProduct p(instruction);
  const unsigned a = register_count(p.a_elements(), p.a), b = register_count(p.b_elements(), p.b),
                 c = register_count(p.c_elements(), p.c), d = register_count(p.c_elements(), p.d);
  Case r;
  r.instruction = instruction;
  r.in = a + b + c;
  r.out = d;
  r.body = loads("a", a, 0, register_bits(p.a)) + loads("b", b, a, register_bits(p.b)) +
           loads("c", c, a + b, register_bits(p.c)) +
           fmt::format("  .reg .b{} %d<{}>;\n", register_bits(p.d), d) +
           fmt::format("  {} {}, {}, {}, {};\n", instruction, registers("d", d), registers("a", a),
                       registers("b", b), registers("c", c)) +
           stores("d", d, register_bits(p.d));
  return r;
}

/// The elements in a thread's slots from `first` on.
uint64_t element_of(const uint64_t *slots, std::string_view type, unsigned i) {
  const unsigned bits = reference::element_bits(type), per = register_bits(type) / bits;
  const uint64_t v = slots[i / per] >> (i % per * bits);
  return bits == 64 ? v : v & ((1ull << bits) - 1);
}

Words product_inputs(const Case &c) {
  const MatrixProduct p(c.instruction);
  Words in(size_t{kInputs} * kThreads * c.in);
  std::mt19937_64 random(0x5eed);
  for (unsigned kind = 0; kind < kInputs; ++kind)
    for (unsigned t = 0; t < kThreads; ++t) {
      uint64_t *slots = &in[(size_t{kind} * kThreads + t) * c.in];
      auto fill = [&](std::string_view type, unsigned elements) {
        const unsigned bits = reference::element_bits(type), per = register_bits(type) / bits;
        for (unsigned i = 0; i < elements; ++i)
          slots[i / per] |= matrix_element(Inputs(kind), type, random) << (i % per * bits);
        slots += elements / per;
      };
      fill(p.a, p.a_elements());
      fill(p.b, p.b_elements());
      fill(p.c, p.c_elements());
    }
  return in;
}

std::string compare_product(const Case &c, const Words &in, const Words &out, unsigned &compared) {
  const MatrixProduct p(c.instruction);
  const unsigned b_at = register_count(p.a_elements(), p.a),
                 c_at = b_at + register_count(p.b_elements(), p.b);
  for (unsigned warp = 0; warp < kInputs * kWarps; ++warp) {
    const bool exact = warp / kWarps == kExact;
    auto slots = [&](unsigned lane) { return &in[(size_t{warp} * 32 + lane) * c.in]; };
    for (unsigned product = 0; product < p.products(); ++product) {
      std::vector<Words> rows(p.m, Words(p.k)), columns(p.n, Words(p.k)), start(p.m, Words(p.n));
      for (unsigned lane = 0; lane < 32; ++lane) {
        if (p.product_of(lane) != product)
          continue;
        for (unsigned i = 0; i < p.a_elements(); ++i) {
          const Position at = p.a_position(lane, i);
          rows[at.row][at.column] = element_of(slots(lane), p.a, i);
        }
        for (unsigned i = 0; i < p.b_elements(); ++i) {
          const Position at = p.b_position(lane, i);
          columns[at.column][at.row] = element_of(slots(lane) + b_at, p.b, i);
        }
        for (unsigned i = 0; i < p.c_elements(); ++i) {
          const Position at = p.c_position(lane, i, p.c);
          start[at.row][at.column] = element_of(slots(lane) + c_at, p.c, i);
        }
      }
      for (unsigned lane = 0; lane < 32; ++lane)
        for (unsigned i = 0; p.product_of(lane) == product && i < p.c_elements(); ++i) {
          const Position at = p.c_position(lane, i, p.d);
          const uint64_t got = element_of(&out[(size_t{warp} * 32 + lane) * c.out], p.d, i);
          const auto want = reference::expected_element(p, rows[at.row], columns[at.column],
                                                        start[at.row][at.column], exact);
          ++compared;
          if (!want.accepts(p.d, got))
            return fmt::format("warp {} lane {} element {} (row {}, column {}): 0x{:x}; expected "
                               "0x{:x} or {} within {}",
                               warp, lane, i, at.row, at.column, got, want.bits,
                               static_cast<double>(want.value), static_cast<double>(want.bound));
        }
    }
  }
  return "";
}

// ---- wmma: whole matrices in memory, by way of fragments that only wmma knows

/// A matrix in a warp's part of memory: rows or columns `stride` elements apart, with a gap
/// between.
struct Stored {
  std::string type;
  unsigned rows = 0, columns = 0;
  bool by_row = true;
  unsigned first = 0; // 8-byte slot

  unsigned minor() const { return by_row ? columns : rows; }
  unsigned stride() const { return minor() + 128 / reference::element_bits(type); }
  unsigned slots() const {
    const unsigned bits = (by_row ? rows : columns) * stride() * reference::element_bits(type);
    return (bits / 64 + 3) / 4 * 4; // each starts at 32 bytes
  }
  uint64_t get(const uint64_t *warp, unsigned row, unsigned column) const {
    const unsigned bits = reference::element_bits(type);
    const unsigned at = ((by_row ? row : column) * stride() + (by_row ? column : row)) * bits;
    const uint64_t v = warp[first + at / 64] >> at % 64;
    return bits == 64 ? v : v & ((1ull << bits) - 1);
  }
  std::string order() const { return by_row ? "row" : "col"; }
};

struct WarpMatrices {
  MatrixProduct p;
  Stored a, b, c, d;
  unsigned space; // none, .global, .shared

  explicit WarpMatrices(const std::string &instruction) : p(instruction) {
    const size_t draw = std::hash<std::string>()(instruction);
    space = draw % 3;
    a = {p.a, p.m, p.k, p.a_by_row, 0};
    b = {p.b, p.k, p.n, p.b_by_row, a.slots()};
    c = {p.c, p.m, p.n, draw / 3 % 2 == 0, b.first + b.slots()};
    d = {p.d, p.m, p.n, draw / 6 % 2 == 0, 0};
  }
  unsigned in() const { return (c.first + c.slots() + 31) / 32; } // slots of a thread
  unsigned out() const { return (d.slots() + 31) / 32; }
};

unsigned wmma_registers(std::string_view type, unsigned elements, bool is_factor) {
  if (is_factor && type == "f16")
    return 8;
  return elements * reference::element_bits(type) / 32 / register_bits(type);
}

Case wmma_case(const std::string &instruction) {
  const WarpMatrices w(instruction);
  const MatrixProduct &p = w.p;
  Case r;
  r.instruction = instruction;
  r.in = w.in();
  r.out = w.out();
  const char *const spaces[] = {"", ".global", ".shared"};
  const bool is_shared = w.space == 2;
  r.body = fmt::format("  .reg .b64 %warp_in, %warp_out, %v;\n  .reg .b32 %s, %own, %back;\n"
                       "  mul.wide.u32 %warp_in, %lane, {};\n  sub.u64 %warp_in, %in, %warp_in;\n"
                       "  mul.wide.u32 %warp_out, %lane, {};\n"
                       "  sub.u64 %warp_out, %out, %warp_out;\n",
                       8 * r.in, 8 * r.out);
  std::string from = "%warp_in", to = "%warp_out";
  if (is_shared) {
    r.body += fmt::format("  .shared .align 32 .b8 matrices[{}];\n  mov.u32 %s, matrices;\n"
                          "  sub.u32 %own, %t, %lane;\n  mad.lo.u32 %s, %own, {}, %s;\n"
                          "  mad.lo.u32 %own, %lane, {}, %s;\n  mad.lo.u32 %back, %lane, {}, %s;\n",
                          kThreads * 8 * std::max(r.in, r.out), 8 * std::max(r.in, r.out), 8 * r.in,
                          8 * r.out);
    for (unsigned k = 0; k < r.in; ++k)
      r.body += fmt::format("  ld.global.b64 %v, [%in+{}];\n  st.shared.b64 [%own+{}], %v;\n",
                            8 * k, 8 * k);
    r.body += "  bar.warp.sync -1;\n";
    from = to = "%s";
  }
  const std::string shape = fmt::format("m{}n{}k{}{}", p.m, p.n, p.k, spaces[w.space]);
  auto load = [&](char name, const Stored &m, bool is_factor) {
    const unsigned n = wmma_registers(m.type, m.rows * m.columns, is_factor);
    r.body +=
        fmt::format("  .reg .b{} %{}<{}>;\n  wmma.load.{}.sync.aligned.{}.{}.{} {}, [{}+{}], {};\n",
                    register_bits(m.type), name, n, name, m.order(), shape, m.type,
                    registers(std::string(1, name), n), from, 8 * m.first, m.stride());
    return registers(std::string(1, name), n);
  };
  const std::string a = load('a', w.a, true), b = load('b', w.b, true), c = load('c', w.c, false);
  const unsigned n = wmma_registers(p.d, p.m * p.n, false);
  r.body += fmt::format("  .reg .b{} %d<{}>;\n  {} {}, {}, {}, {};\n", register_bits(p.d), n,
                        instruction, registers("d", n), a, b, c);
  if (is_shared) {
    r.body += "  bar.warp.sync -1;\n";
    for (unsigned k = 0; k < r.out; ++k) // what the matrix leaves alone stays zero
      r.body += fmt::format("  mov.b64 %v, 0;\n  st.shared.b64 [%back+{}], %v;\n", 8 * k);
    r.body += "  bar.warp.sync -1;\n";
  }
  r.body += fmt::format("  wmma.store.d.sync.aligned.{}.{}.{} [{}], {}, {};\n", w.d.order(), shape,
                        p.d, to, registers("d", n), w.d.stride());
  if (is_shared) {
    r.body += "  bar.warp.sync -1;\n";
    for (unsigned k = 0; k < r.out; ++k)
      r.body += fmt::format("  ld.shared.b64 %v, [%back+{}];\n  st.global.b64 [%out+{}], %v;\n",
                            8 * k, 8 * k);
  }
  return r;
}

Words wmma_inputs(const Case &c) {
  const WarpMatrices w(c.instruction);
  Words in(size_t{kInputs} * kThreads * c.in);
  std::mt19937_64 random(0x5eed);
  for (unsigned warp = 0; warp < kInputs * kWarps; ++warp)
    for (const Stored *m : {&w.a, &w.b, &w.c}) {
      const unsigned bits = reference::element_bits(m->type);
      uint64_t *at = &in[size_t{warp} * 32 * c.in + m->first];
      for (unsigned i = 0; i < m->slots() * 64 / bits; ++i)
        at[i * bits / 64] |= matrix_element(Inputs(warp / kWarps), m->type, random)
                             << (i * bits % 64);
    }
  return in;
}

std::string compare_wmma(const Case &c, const Words &in, const Words &out, unsigned &compared) {
  const WarpMatrices w(c.instruction);
  const MatrixProduct &p = w.p;
  for (unsigned warp = 0; warp < kInputs * kWarps; ++warp) {
    const uint64_t *from = &in[size_t{warp} * 32 * c.in], *to = &out[size_t{warp} * 32 * c.out];
    for (unsigned row = 0; row < p.m; ++row)
      for (unsigned column = 0; column < p.n; ++column, ++compared) {
        Words factors(p.k), others(p.k);
        for (unsigned k = 0; k < p.k; ++k) {
          factors[k] = w.a.get(from, row, k);
          others[k] = w.b.get(from, k, column);
        }
        const auto want = reference::expected_element(
            p, factors, others, w.c.get(from, row, column), warp / kWarps == kExact);
        const uint64_t got = w.d.get(to, row, column);
        if (!want.accepts(p.d, got))
          return fmt::format("warp {} row {} column {}: 0x{:x}; expected 0x{:x} or {} within {}",
                             warp, row, column, got, want.bits, static_cast<double>(want.value),
                             static_cast<double>(want.bound));
      }
  }
  return "";
}

// ---- ldmatrix, stmatrix, movmatrix

Words random_words(const Case &c) {
  Words in(size_t{kInputs} * kThreads * c.in);
  std::mt19937_64 random(0x5eed);
  for (uint64_t &v : in)
    v = random();
  return in;
}

unsigned matrices_of(const std::string &instruction) {
  return instruction.find(".x4") != instruction.npos   ? 4
         : instruction.find(".x2") != instruction.npos ? 2
                                                       : 1;
}

/// Sixteen bytes of shared memory for each thread, not in order; %at is their address.
constexpr const char *kRowAddress =
    "  .shared .align 16 .b8 rows_of_lanes[1536];\n"
    "  .reg .b32 %at;\n  .reg .b64 %g, %w0, %w1;\n"
    "  mul.lo.u32 %at, %lane, 5;\n  and.b32 %at, %at, 31;\n  xor.b32 %n, %t, %lane;\n"
    "  add.u32 %at, %at, %n;\n  shl.b32 %at, %at, 4;\n"
    "  mov.u32 %n, rows_of_lanes;\n  add.u32 %at, %at, %n;\n  cvt.u64.u32 %g, %at;\n"
    "  cvta.shared.u64 %g, %g;\n";

std::string address_of(const std::string &instruction) {
  return instruction.find(".shared") != instruction.npos ? "[%at]" : "[%g]";
}

/// 16-bit element (row, column) of matrix m, its rows being those of the lanes 8m + row.
uint16_t stored_element(const Words &words, size_t warp, unsigned m, unsigned row,
                        unsigned column) {
  return static_cast<uint16_t>(words[(warp * 32 + 8 * m + row) * 2 + column / 4] >>
                               (column % 4 * 16));
}

/// Matrices in memory, `n` of them, against the lanes' fragments of them.
std::string compare_rows(const Case &c, const Words &stored, const Words &fragments, unsigned n,
                         bool got_fragments, unsigned &compared) {
  const bool transposes = c.instruction.find(".trans") != c.instruction.npos;
  for (size_t warp = 0; warp < kInputs * kWarps; ++warp)
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned m = 0; m < n; ++m)
        for (unsigned k = 0; k < 2; ++k, ++compared) {
          const unsigned row = lane / 4, column = lane % 4 * 2 + k;
          const uint16_t in_memory = transposes ? stored_element(stored, warp, m, column, row)
                                                : stored_element(stored, warp, m, row, column);
          const auto in_lane =
              static_cast<uint16_t>(fragments[(warp * 32 + lane) * n + m] >> 16 * k);
          if (in_lane != in_memory)
            return fmt::format("warp {} lane {} matrix {}: 0x{:x}, expected 0x{:x}", warp, lane, m,
                               got_fragments ? in_lane : in_memory,
                               got_fragments ? in_memory : in_lane);
        }
  return "";
}

std::string compare_load(const Case &c, const Words &in, const Words &out, unsigned &compared) {
  return compare_rows(c, in, out, c.out, true, compared);
}

std::string compare_store(const Case &c, const Words &in, const Words &out, unsigned &compared) {
  return compare_rows(c, out, in, c.in, false, compared);
}

std::string compare_transpose(const Case &, const Words &in, const Words &out, unsigned &compared) {
  auto at = [](const Words &words, size_t warp, unsigned row, unsigned column) {
    return static_cast<uint16_t>(words[warp * 32 + row * 4 + column / 2] >> column % 2 * 16);
  };
  for (size_t warp = 0; warp < kInputs * kWarps; ++warp)
    for (unsigned row = 0; row < 8; ++row)
      for (unsigned column = 0; column < 8; ++column, ++compared)
        if (at(out, warp, row, column) != at(in, warp, column, row))
          return fmt::format("warp {} row {} column {}", warp, row, column);
  return "";
}

Case move_case(const std::string &instruction) {
  Case r;
  r.instruction = instruction;
  r.inputs = random_words;
  const unsigned n = matrices_of(instruction);
  if (instruction.starts_with("mov")) {
    r.in = r.out = 1;
    r.body = loads("a", 1, 0, 32) + fmt::format("  .reg .b32 %d0;\n  {} %d0, %a0;\n", instruction) +
             stores("d", 1, 32);
    r.compare = compare_transpose;
  } else if (instruction.starts_with("ld")) {
    r.in = 2;
    r.out = n;
    r.body = std::string(kRowAddress) +
             "  ld.global.v2.b64 {%w0, %w1}, [%in];\n  st.shared.v2.b64 [%at], {%w0, %w1};\n"
             "  bar.warp.sync -1;\n" +
             fmt::format("  .reg .b32 %d<4>;\n  {} {}, {};\n", instruction, registers("d", n),
                         address_of(instruction)) +
             stores("d", n, 32);
    r.compare = compare_load;
  } else {
    r.in = n;
    r.out = 2;
    r.body =
        std::string(kRowAddress) + loads("a", n, 0, 32) +
        fmt::format("  {} {}, {};\n", instruction, address_of(instruction), registers("a", n)) +
        "  bar.warp.sync -1;\n  ld.shared.v2.b64 {%w0, %w1}, [%at];\n"
        "  st.global.v2.b64 [%out], {%w0, %w1};\n";
    r.compare = compare_store;
  }
  return r;
}

// ---- all of them

std::vector<Case> all_cases() {
  using ptx::isa::Opcode;
  std::vector<Case> cases;
  for (Opcode opcode :
       {Opcode::mma, Opcode::wmma, Opcode::ldmatrix, Opcode::stmatrix, Opcode::movmatrix})
    for (const ptx::isa::Form &form : ptx::isa::forms(opcode)) {
      if (!emit::is_implemented(form))
        continue;
      for_each_spelling(form, kTarget, [&](const std::string &text) {
        Case c;
        if (opcode == Opcode::mma) {
          c = product_case(text);
          c.inputs = product_inputs;
          c.compare = compare_product;
        } else if (opcode == Opcode::wmma) { // loads and stores are part of it
          if (!text.starts_with("wmma.mma"))
            return;
          c = wmma_case(text);
          c.inputs = wmma_inputs;
          c.compare = compare_wmma;
        } else {
          c = move_case(text);
        }
        cases.push_back(std::move(c));
      });
    }
  return cases;
}

bool run_batch(Device &device, std::span<const Case> cases, const CompileOptions &options,
               unsigned &compared, unsigned &failed) {
  std::string text =
      fmt::format(".version {}.{}\n.target sm_{}{}\n.address_size 64\n", kTarget.version / 10,
                  kTarget.version % 10, kTarget.sm, kTarget.suffix);
  for (size_t i = 0; i < cases.size(); ++i)
    text += kernel_text(cases[i], i);
  if (!load_text(device, text, options))
    return false;
  for (size_t i = 0; i < cases.size(); ++i) {
    const Case &c = cases[i];
    const Words in = c.inputs(c);
    Words out(size_t{kInputs} * kThreads * c.out);
    std::string error;
    if (!device.run(fmt::format("k{}", i), in, out, kInputs, kThreads, error)) {
      fmt::print("FAIL {}: {}\n", c.instruction, error);
      return false;
    }
    if (std::string difference = c.compare(c, in, out, compared); !difference.empty()) {
      fmt::print("FAIL {}: {}\n", c.instruction, difference);
      ++failed;
    }
  }
  return true;
}

int run(int argc, char **argv) {
  const RunOptions o = read_options(argc, argv);
  auto device = Device::open(o.hip, o.compile.mcpu);
  if (!device)
    return 1;
  std::vector<Case> cases = all_cases();
  o.choose(cases, [](const Case &c) { return c.instruction; });
  unsigned compared = 0, failed = 0;
  constexpr size_t batch = 16;
  for (size_t i = 0; i < cases.size(); i += batch)
    if (!run_batch(*device, std::span(cases).subspan(i, std::min(batch, cases.size() - i)),
                   o.compile, compared, failed))
      return 1;
  fmt::print("matrices: {} at -O{}: {} instructions, {} elements, {} instructions failed\n",
             o.compile.mcpu, o.compile.opt_level, cases.size(), compared, failed);
  return failed || compared == 0 ? 1 : 0;
}

} // namespace

} // namespace w2w::conformance

int main(int argc, char **argv) {
  return w2w::conformance::run(argc, argv);
}
