// Runs every instruction of the isa table that has a reference on the emulator and compares.
//   conformance --mcpu=gfx942 [-O0|-O3] [--sample=N] [--filter=TEXT] [--seed=N] [--random=N]
//   [--hip=LIBRARY] [--list]
// Exit status 0: no instruction failed. --sample=N runs about one in N, chosen by the hash of the
// spelling.
#include "test/conformance/device.h"
#include "test/conformance/enumerate.h"
#include "test/conformance/kernel.h"
#include "test/conformance/run_options.h"
#include "test/conformance/values.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <string>
#include <unistd.h>

namespace w2w::conformance {

namespace {

struct Options : RunOptions {
  unsigned random = 1000;
  uint64_t seed = 1;
  bool list = false;
};

struct Tally {
  unsigned passed = 0, failed = 0, unimplemented = 0;
};

struct Result {
  std::map<std::string, Tally> by_opcode;
  std::vector<std::string> failures;
  unsigned done = 0;
};

/// FNV-1a: which instructions a sample holds must not depend on the machine or the order of the
/// table.
uint64_t hash(std::string_view s) {
  uint64_t h = 0xcbf29ce484222325;
  for (char c : s)
    h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h ^ (h >> 29);
}

Options parse_options(int argc, char **argv) {
  Options o;
  static_cast<RunOptions &>(o) = read_options(argc, argv, [&](std::string_view a) {
    if (a.starts_with("--random="))
      o.random = static_cast<unsigned>(std::atoi(a.data() + 9));
    else if (a.starts_with("--seed="))
      o.seed = std::strtoull(a.data() + 7, nullptr, 0);
    else
      return o.list = a == "--list";
    return true;
  });
  return o;
}

void show_progress(size_t done, size_t all) {
  constexpr size_t width = 40;
  const size_t filled = done * width / all;
  fmt::print("\r[{:#>{}}{:.>{}}] {} of {}", "", filled, "", width - filled, done, all);
}

std::string hex_row(const uint64_t *v, size_t n) {
  std::string s;
  for (size_t i = 0; i < n; ++i)
    s += fmt::format("{}0x{:x}", i ? ", " : "", v[i]);
  return s;
}

/// Compares one case's results; empty if all rows agree, else the first difference and how many
/// there are.
std::string compare(const Case &c, const std::vector<std::vector<uint64_t>> &rows,
                    const std::vector<uint64_t> &out) {
  size_t n = c.meaning.outputs.size(), differences = 0;
  std::string first;
  for (size_t r = 0; r < rows.size(); ++r) {
    const uint64_t *in = rows[r].data();
    if (c.meaning.defined && !c.meaning.defined(in))
      continue;
    uint64_t expected[2] = {};
    c.meaning.evaluate(in, expected);
    for (size_t i = 0; i < n; ++i) {
      uint64_t got = out[r * n + i];
      bool same = c.meaning.accepts ? c.meaning.accepts(in, expected[i], got)
                                    : reference::same_value(c.meaning.outputs[i], expected[i], got);
      if (!same && differences++ == 0)
        first = fmt::format("({}) gives 0x{:x}, expected 0x{:x}",
                            hex_row(in, c.meaning.inputs.size()), got, expected[i]);
    }
  }
  return differences ? fmt::format("{} [PTX ISA {}], {} of {} rows differ", first,
                                   c.meaning.section, differences, rows.size())
                     : "";
}

std::string opcode_of(const Case &c) {
  return c.instruction.substr(0, c.instruction.find('.'));
}

void record(Result &result, const Case &c, const std::string &failure) {
  Tally &t = result.by_opcode[opcode_of(c)];
  ++(failure.empty() ? t.passed : t.failed);
  if (!failure.empty())
    result.failures.push_back(fmt::format("FAIL {} {}", c.name(), failure));
}

/// False if the device reported an error.
bool run_case(Device &device, const Case &c, size_t index, const Options &o, Result &result) {
  auto rows = operand_rows(c.meaning.inputs, o.random, o.seed ^ hash(c.name()));
  std::vector<uint64_t> in, out(rows.size() * c.meaning.outputs.size());
  for (auto &row : rows) {
    if (c.meaning.constant_input)
      row[*c.meaning.constant_input] = c.constant;
    in.insert(in.end(), row.begin(), row.end());
  }
  std::string error;
  constexpr uint32_t threads = 256;
  uint32_t n = static_cast<uint32_t>(rows.size());
  bool ran =
      device.run(kernel_name(index), in, out, (n + threads - 1) / threads, threads, error, n);
  if (ran)
    error = compare(c, rows, out);
  record(result, c, error);
  return ran;
}

/// Compiles a batch into one code object; kernels that do not compile are counted as not
/// implemented, and the rest runs. When there is no code object at all, each case is compiled
/// alone, so that one bad kernel does not hide the others.
void run_batch(Device &device, std::span<const Case> cases, const Options &o, Result &result) {
  const CompiledText code = compile_text(module_text(cases), o.compile);
  bool loaded = !code.bytes.empty() && device.load(code.bytes);
  if (!loaded && cases.size() > 1) {
    for (size_t i = 0; i < cases.size(); ++i)
      run_batch(device, cases.subspan(i, 1), o, result);
    return;
  }
  for (size_t i = 0; i < cases.size(); ++i) {
    auto error = code.errors.find(kernel_name(i));
    if (error != code.errors.end()) {
      ++result.by_opcode[opcode_of(cases[i])].unimplemented;
      if (!o.filter.empty())
        fmt::print("not compiled: {}: {}\n", cases[i].name(), error->second);
    } else if (!loaded) {
      record(result, cases[i],
             code.errors.empty() ? "no code object, and no reason given"
                                 : code.errors.begin()->second);
    } else if (!run_case(device, cases[i], i, o, result)) {
      loaded = device.reset() && device.load(code.bytes); // a launch error is sticky
    }
    ++result.done;
  }
}

int report(const Result &result, size_t without_reference) {
  Tally all;
  fmt::print("\n{:<10} {:>7} {:>7} {:>16}\n", "opcode", "passed", "failed", "not implemented");
  for (const auto &[opcode, t] : result.by_opcode) {
    fmt::print("{:<10} {:>7} {:>7} {:>16}\n", opcode, t.passed, t.failed, t.unimplemented);
    all.passed += t.passed;
    all.failed += t.failed;
    all.unimplemented += t.unimplemented;
  }
  for (const std::string &f : result.failures)
    fmt::print("{}\n", f);
  fmt::print("instructions without a reference: {}\n", without_reference);
  fmt::print("{} passed, {} failed, {} not implemented\n", all.passed, all.failed,
             all.unimplemented);
  return all.failed || all.passed == 0 ? 1 : 0;
}

int run(const Options &o) {
  Enumeration all = enumerate(kTarget);
  std::erase_if(all.cases, [&](const Case &c) {
    return !o.matches(c.name()) || hash(c.name()) % o.sample != 0;
  });
  if (o.list) {
    for (const Case &c : all.cases)
      fmt::print("{}\n", c.name());
    for (const std::string &s : all.without_reference)
      fmt::print("without reference: {}\n", s);
    return 0;
  }
  fmt::print("conformance: {} at -O{}, {} instructions, seed {}\n", o.compile.mcpu,
             o.compile.opt_level, all.cases.size(), o.seed);
  auto device = Device::open(o.hip, o.compile.mcpu);
  if (!device)
    return 1;
  Result result;
  constexpr size_t batch = 64;
  for (size_t i = 0; i < all.cases.size(); i += batch) {
    run_batch(*device, std::span(all.cases).subspan(i, std::min(batch, all.cases.size() - i)), o,
              result);
    if (isatty(STDOUT_FILENO)) {
      show_progress(result.done, all.cases.size());
      std::fflush(stdout);
    }
  }
  return report(result, all.without_reference.size());
}

} // namespace

} // namespace w2w::conformance

int main(int argc, char **argv) {
  return w2w::conformance::run(w2w::conformance::parse_options(argc, argv));
}
