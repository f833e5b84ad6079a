// Random PTX programs against the reference interpreter.
//   random_programs --mcpu=gfx942 [-O0|-O3] [--seed=1] [--count=100]
//   [--warp=none|uniform|divergent] [--warp-mode=auto|paired|scheduled|solo] [--statements=40]
//   [--no-locks]
//                   [--print] [--out=DIRECTORY] [--hip=LIBRARY] [--tries=400]
//   random_programs --mcpu=gfx942 [-O3] --file=PROGRAM.ptx [--code=CODE.hsaco]
// A program that differs is reduced, by trying at most so many smaller ones, and written to
// DIRECTORY/random-<seed>-<mcpu>-O<level>.ptx. Such a file, edited by hand or not, is compared with
// what it does at -O0: its text does not say what it should do. With --code, that code object of
// the program is run in place of what -O says. Exit status 0: no difference.
#include "frontend/parse/parse.h"
#include "lowering/compiler.h"
#include "test/conformance/device.h"
#include "test/random/program.h"
#include "test/random/reduce.h"

#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

namespace w2w::random_programs {

namespace {

struct Options {
  std::string mcpu = "gfx942", hip = W2W_HIPEMU_PATH, out = ".", file, code;
  int opt_level = 3;
  uint64_t seed = 1;
  unsigned count = 100;
  unsigned tries = 400;
  bool print = false;
  WarpMode warp_mode = WarpMode::Auto;
  GenerateOptions generate;
};

Options parse_options(int argc, char **argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    std::string a = argv[i];
    auto value = [&](std::string_view key) -> const char * {
      return a.starts_with(key) ? argv[i] + key.size() : nullptr;
    };
    if (auto v = value("--mcpu="))
      o.mcpu = v;
    else if (auto v = value("-O"))
      o.opt_level = std::atoi(v);
    else if (auto v = value("--seed="))
      o.seed = std::strtoull(v, nullptr, 0);
    else if (auto v = value("--count="))
      o.count = static_cast<unsigned>(std::atoi(v));
    else if (auto v = value("--tries="))
      o.tries = static_cast<unsigned>(std::atoi(v));
    else if (auto v = value("--statements="))
      o.generate.statements = static_cast<unsigned>(std::atoi(v));
    else if (auto v = value("--hip="))
      o.hip = v;
    else if (auto v = value("--out="))
      o.out = v;
    else if (auto v = value("--file="))
      o.file = v;
    else if (auto v = value("--code="))
      o.code = v;
    else if (a == "--no-locks")
      o.generate.locks = false;
    else if (a == "--print")
      o.print = true;
    else if (a == "--warp-mode=auto")
      o.warp_mode = WarpMode::Auto;
    else if (a == "--warp-mode=scheduled")
      o.warp_mode = WarpMode::Scheduled;
    else if (a == "--warp-mode=paired")
      o.warp_mode = WarpMode::Paired;
    else if (a == "--warp-mode=solo")
      o.warp_mode = WarpMode::Solo;
    else if (a == "--warp=none")
      o.generate.warp = GenerateOptions::Warp::None;
    else if (a == "--warp=uniform")
      o.generate.warp = GenerateOptions::Warp::Uniform;
    else if (a == "--warp=divergent")
      o.generate.warp = GenerateOptions::Warp::Divergent;
    else {
      fmt::print(stderr, "random_programs: unknown option {}\n", a);
      std::exit(2);
    }
  }
  return o;
}

enum class Verdict { Same, Different, Refused, Broken };

struct Outcome {
  Verdict verdict = Verdict::Same;
  std::string message;
};

std::string first_difference(const Program &p, const std::vector<uint64_t> &expected,
                             const std::vector<uint64_t> &got) {
  constexpr const char *names[] = {"p", "h", "r", "d"};
  for (size_t i = 0; i < expected.size(); ++i)
    if (expected[i] != got[i]) {
      size_t states = expected.size() - kCounters;
      if (i >= states)
        return fmt::format("counter {}: 0x{:x}, expected 0x{:x}", i - states, got[i], expected[i]);
      size_t thread = i / kStateWords, word = i % kStateWords;
      return fmt::format("block {} thread {} %{}{}: 0x{:x}, expected 0x{:x}", thread / p.threads,
                         thread % p.threads, names[word / kRegisters], word % kRegisters, got[i],
                         expected[i]);
    }
  return "";
}

/// Runs a program with the shape and the seed of `p`; what it computes is in `got`.
Outcome run_code(conformance::Device &device, std::span<const uint8_t> code, const Program &p,
                 std::vector<uint64_t> &got) {
  if (!device.load(code))
    return {Verdict::Broken, "the code object does not load"};
  std::vector<uint64_t> in = initial_state(p);
  got.assign(in.size() + kCounters, 0);
  std::string error;
  if (!device.run("k", in, got, p.blocks, p.threads, error)) {
    device.reset();
    return {Verdict::Broken, error};
  }
  return {};
}

Outcome run_text(conformance::Device &device, const std::string &text, const Program &p,
                 const Options &o, std::vector<uint64_t> &got) {
  ptx::Diagnostics diags;
  ptx::ParsedModule parsed = ptx::parse("random.ptx", text, diags);
  CompileOptions options;
  options.mcpu = o.mcpu;
  options.opt_level = o.opt_level;
  options.verify = true;
  options.warp_mode = o.warp_mode;
  if (o.warp_mode == WarpMode::Solo)
    options.abi = KernelAbi::Runtime;
  options.warps_are_rows = p.seed & 1; // they are: blocks here have one dimension
  CompileResult code;
  bool ok = compile(parsed.module(), {}, options, diags, code);
  if (!ok || diags.has_errors()) {
    std::string message = "no code, and no reason given";
    for (const ptx::Diagnostic &d : diags.list())
      if (d.severity == ptx::Severity::Error) {
        message = ptx::render(d, ptx::SourceText("random.ptx", text));
        break;
      }
    return {Verdict::Refused, message};
  }
  return run_code(device, code.bytes, p, got);
}

Outcome run_program(conformance::Device &device, const Program &p, const Options &o) {
  std::vector<uint64_t> got, expected;
  Outcome outcome = run_text(device, print(p), p, o, got);
  if (outcome.verdict != Verdict::Same)
    return outcome;
  interpret(p, initial_state(p), expected);
  std::string difference = first_difference(p, expected, got);
  return {difference.empty() ? Verdict::Same : Verdict::Different, difference};
}

/// The bytes of a file; none if it can't be read.
std::string contents(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Compares what the program in `o.file` does with what it does at -O0.
int run_file(conformance::Device &device, const Options &o) {
  std::string text = contents(o.file);
  Program p;
  unsigned long long seed = 0;
  if (std::sscanf(text.c_str(), "// seed %llu, %u blocks of %u threads", &seed, &p.blocks,
                  &p.threads) != 3) {
    fmt::print(stderr, "random_programs: {}: the first line does not say seed and shape\n", o.file);
    return 1;
  }
  p.seed = seed;
  Options plain = o;
  plain.opt_level = 0;
  std::vector<uint64_t> expected, got;
  Outcome outcome = run_text(device, text, p, plain, expected);
  if (outcome.verdict != Verdict::Same) {
    fmt::print("FAIL at -O0: {}\n", outcome.message);
    return 1;
  }
  if (o.code.empty()) {
    outcome = run_text(device, text, p, o, got);
  } else {
    std::string code = contents(o.code);
    outcome =
        run_code(device, {reinterpret_cast<const uint8_t *>(code.data()), code.size()}, p, got);
  }
  if (outcome.verdict == Verdict::Same)
    outcome.message = first_difference(p, expected, got);
  fmt::print("{}\n", outcome.message.empty() ? "the same as at -O0" : "FAIL: " + outcome.message);
  return outcome.message.empty() ? 0 : 1;
}

int run(const Options &o) {
  conformance::Enumeration all = conformance::enumerate({.version = 90, .sm = 100});
  auto operations = usable(all);
  if (o.print) {
    fmt::print("{}", print(generate(o.seed, operations, o.generate)));
    return 0;
  }
  auto device = conformance::Device::open(o.hip, o.mcpu);
  if (!device)
    return 1;
  if (o.warp_mode == WarpMode::Solo)
    device->launch_solo();
  if (!o.file.empty())
    return run_file(*device, o);
  fmt::print("random programs: {} at -O{}, seeds {} to {}\n", o.mcpu, o.opt_level, o.seed,
             o.seed + o.count - 1);
  unsigned same = 0, refused = 0, failed = 0;
  for (uint64_t seed = o.seed; seed < o.seed + o.count; ++seed) {
    Program p = generate(seed, operations, o.generate);
    Outcome outcome = run_program(*device, p, o);
    if (outcome.verdict == Verdict::Same) {
      ++same;
      continue;
    }
    if (outcome.verdict == Verdict::Refused) {
      if (refused++ < 5)
        fmt::print("refused: seed {}: {}\n", seed, outcome.message);
      continue;
    }
    ++failed;
    fmt::print("FAIL seed {}: {}\n", seed, outcome.message);
    std::fflush(stdout); // reducing takes a while
    size_t before = size(p);
    Program smaller = reduce(
        p,
        [&](const Program &c) {
          Outcome again = run_program(*device, c, o);
          // Where something else than a difference goes wrong, it must stay the same thing.
          return again.verdict == outcome.verdict &&
                 (again.verdict == Verdict::Different || again.message == outcome.message);
        },
        o.tries);
    std::string file = fmt::format("{}/random-{}-{}-O{}.ptx", o.out, seed, o.mcpu, o.opt_level);
    std::ofstream(file) << print(smaller);
    fmt::print("  reduced from {} to {} statements: {}: {}\n", before, size(smaller), file,
               run_program(*device, smaller, o).message);
    std::fflush(stdout);
  }
  fmt::print("{} passed, {} failed, {} refused\n", same, failed, refused);
  return failed || same == 0 ? 1 : 0;
}

} // namespace

} // namespace w2w::random_programs

int main(int argc, char **argv) {
  return w2w::random_programs::run(w2w::random_programs::parse_options(argc, argv));
}
