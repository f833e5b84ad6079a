// Compiles every instruction that ptxas is recorded to accept, and that the frontend accepts too:
// each ends in machine code or in a refusal that refusals.txt explains, on every processor and at
// every level.
//
//   compile_accepted CASES REFUSALS [--mcpu=gfx942] [-O3] [--filter=TEXT] [--sample=N]
//
// The instruction's registers come from memory and go back to it, so that nothing of it is dead.
// REFUSALS: lines `REGEX` of messages, with comments (#) that say why; without a sample and a
// filter, each must match something.
#include "frontend/parse/parse.h"
#include "test/conformance/run_options.h"
#include "test/ptxas/verdicts.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <span>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace w2w::ptxas {
namespace {

constexpr size_t kBatch = 32; ///< instructions a module

/// Classes of the standard function's registers and their type in memory.
const std::map<std::string_view, std::string_view> kMemoryTypes = {
    {"b", "b8"},   {"h", "b16"},  {"uh", "b16"}, {"sh", "b16"}, {"hf", "b16"},
    {"r", "b32"},  {"ur", "b32"}, {"sr", "b32"}, {"f", "b32"},  {"hx", "b32"},
    {"rd", "b64"}, {"ud", "b64"}, {"sd", "b64"}, {"fd", "b64"}, {"q", "b128"},
};

/// The instruction, after loads of its registers and before stores of them.
std::string kept_alive(const std::string &instruction) {
  static const std::regex token("%([a-z]+)[0-9]\\b");
  std::set<std::string> registers;
  std::string before, after;
  for (auto it = std::sregex_iterator(instruction.begin(), instruction.end(), token);
       it != std::sregex_iterator(); ++it) {
    const std::string name = it->str(), kind = (*it)[1];
    if (!registers.insert(name).second)
      continue;
    if (kind == "p") {
      before += "ld.volatile.global.b32 %r8, [gv]; setp.ne.b32 " + name + ", %r8, 0; ";
      after += "selp.b32 %r8, 1, 0, " + name + "; st.volatile.global.b32 [gv], %r8; ";
    } else if (auto type = kMemoryTypes.find(kind); type != kMemoryTypes.end()) {
      const std::string t(type->second);
      before += "ld.volatile.global." + t + " " + name + ", [gv]; ";
      after += "st.volatile.global." + t + " [gv], " + name + "; ";
    }
  }
  return before + instruction + " " + after;
}

/// Whether our frontend takes the case too; where not, differences.txt says why.
bool parses(const Verdicts &verdicts, const InstructionCase &c) {
  const std::string text = verdicts.header(c) + verdicts.function(c.version, c.text);
  ptx::Diagnostics diags;
  ptx::parse("case.ptx", text, diags);
  return !diags.has_errors();
}

/// What became of an instruction: empty, or why there is no machine code.
using Outcome = std::string;

/// The outcomes of the cases, which have one version and target, from one module.
std::vector<Outcome> compile_together(const Verdicts &verdicts,
                                      std::span<const InstructionCase *const> cases,
                                      const CompileOptions &options) {
  std::string text = verdicts.header(*cases[0]);
  for (size_t i = 0; i < cases.size(); ++i) {
    std::string function = verdicts.function(cases[i]->version, kept_alive(cases[i]->text));
    replace(function, "entry k(", "entry k" + std::to_string(i) + "(");
    text += function;
  }
  ptx::Diagnostics diags;
  const ptx::ParsedModule parsed = ptx::parse("case.ptx", text, diags);
  CompileResult code;
  compile(parsed.module(), {}, options, diags, code);
  std::set<std::string_view> made;
  for (const KernelResources &k : code.kernels)
    made.insert(k.name);
  std::vector<Outcome> out(cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string name = "k" + std::to_string(i);
    if (made.contains(name))
      continue;
    out[i] = "no code, and no reason given";
    for (const ptx::Diagnostic &d : diags.list())
      if (d.severity == ptx::Severity::Error && (d.function == name || d.function.empty())) {
        out[i] = d.message;
        break;
      }
  }
  return out;
}

/// The same in a process of its own: nothing, if that came to grief.
std::optional<std::vector<Outcome>> compile_apart(const Verdicts &verdicts,
                                                  std::span<const InstructionCase *const> cases,
                                                  const CompileOptions &options) {
  int ends[2];
  if (pipe(ends) != 0)
    return std::nullopt;
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    FILE *out = fdopen(ends[1], "w");
    for (const Outcome &o : compile_together(verdicts, cases, options))
      std::fprintf(out, "%s%c", o.c_str(), '\0');
    std::fclose(out);
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
    return std::nullopt;
  std::vector<Outcome> outcomes;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\0', at);
    outcomes.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (outcomes.size() != cases.size())
    return std::nullopt;
  return outcomes;
}

struct Reason {
  std::string text;
  std::regex pattern;
  unsigned uses = 0;
};

std::vector<Reason> read_reasons(const char *path) {
  std::vector<Reason> out;
  const std::string text = read_text(path);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line[0] != '#')
      out.push_back({line, std::regex(line, std::regex::optimize)});
  }
  return out;
}

class Report {
public:
  explicit Report(std::vector<Reason> reasons) : reasons_(std::move(reasons)) {}

  void add(const InstructionCase &c, const Outcome &outcome) {
    if (outcome.empty()) {
      ++compiled_;
      return;
    }
    for (Reason &r : reasons_)
      if (std::regex_search(outcome, r.pattern)) {
        ++r.uses;
        ++refused_;
        return;
      }
    ++failed_;
    std::printf("%s\n    %s\n", c.name().c_str(), outcome.c_str());
    std::fflush(stdout);
  }

  /// Exit status. `all`: whether every case was there, so that every reason must have been met.
  int summary(bool all) const {
    unsigned idle = 0;
    for (const Reason &r : reasons_) {
      if (all && !r.uses)
        std::printf("explains nothing: %s\n", r.text.c_str());
      idle += all && !r.uses;
    }
    std::printf("%u compiled, %u refused for a stated reason, %u failed\n", compiled_, refused_,
                failed_);
    return failed_ || idle || !compiled_;
  }

private:
  std::vector<Reason> reasons_;
  unsigned compiled_ = 0, refused_ = 0, failed_ = 0;
};

int run(const char *cases_path, const char *reasons_path, const conformance::RunOptions &o) {
  const Verdicts verdicts = Verdicts::read(cases_path);
  std::vector<const InstructionCase *> cases;
  for (const InstructionCase &c : verdicts.instructions)
    if (c.accepted)
      cases.push_back(&c);
  const size_t accepted = cases.size();
  o.choose(cases, [](const InstructionCase *c) { return c->name(); });
  const bool all = cases.size() == accepted;
  std::erase_if(cases, [&](const InstructionCase *c) { return !parses(verdicts, *c); });
  std::printf("%s at -O%d: %zu of %zu instructions\n", o.compile.mcpu.c_str(), o.compile.opt_level,
              cases.size(), accepted);
  Report report(read_reasons(reasons_path));
  for (size_t at = 0; at < cases.size();) {
    size_t end = at + 1;
    while (end < cases.size() && end - at < kBatch && cases[end]->version == cases[at]->version &&
           cases[end]->target == cases[at]->target)
      ++end;
    const std::span batch = std::span(cases).subspan(at, end - at);
    auto outcomes = compile_apart(verdicts, batch, o.compile);
    for (size_t i = 0; i < batch.size(); ++i) {
      // One that breaks the compiler takes its module with it: the others show what they are alone.
      auto alone =
          outcomes ? std::nullopt : compile_apart(verdicts, batch.subspan(i, 1), o.compile);
      report.add(*batch[i], outcomes ? (*outcomes)[i]
                            : alone  ? (*alone)[0]
                                     : "the compiler crashes");
    }
    at = end;
  }
  return report.summary(all);
}

} // namespace
} // namespace w2w::ptxas

int main(int argc, char **argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: compile_accepted CASES REFUSALS [OPTIONS]\n");
    return 2;
  }
  auto options = w2w::conformance::read_options(argc - 2, argv + 2);
  options.compile.abi = w2w::KernelAbi::Runtime; // textures by reference need it
  return w2w::ptxas::run(argv[1], argv[2], options);
}
