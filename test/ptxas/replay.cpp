// Replays recorded verdicts of ptxas against our frontend, in one process.
//
//   ptx_replay CASES [DIFFERENCES]   compares; prints each difference that DIFFERENCES does not
//                                    explain
//   ptx_replay --list CASES          prints our verdict on each case and all messages, tabs between
//
// DIFFERENCES: lines `accept COUNT REGEX` (ptxas accepts, we reject) or `reject COUNT REGEX`,
// matched in order against "VERSION TARGET TEXT" or "module TEXT"; a comment (#) says why. Each
// must explain exactly COUNT cases, so that no new difference hides behind an old reason.
#include "frontend/parse/parse.h"
#include "test/ptxas/verdicts.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::ptxas {
namespace {

struct Explanation {
  bool ptxas_accepts = false;
  std::string text;
  std::regex pattern;
  unsigned expected = 0, uses = 0;
};

std::vector<Explanation> read_explanations(const char *path) {
  std::vector<Explanation> out;
  const std::string text = read_text(path);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.empty() || line[0] == '#')
      continue;
    const bool accepts = line.starts_with("accept ");
    if (!accepts && !line.starts_with("reject ")) {
      std::fprintf(stderr, "ptx_replay: %s: '%s'\n", path, line.c_str());
      std::exit(2);
    }
    const size_t space = line.find(' ', 7);
    if (space == std::string::npos) {
      std::fprintf(stderr, "ptx_replay: %s: no count in '%s'\n", path, line.c_str());
      std::exit(2);
    }
    Explanation e;
    e.ptxas_accepts = accepts;
    e.text = line;
    e.pattern = std::regex(line.substr(space + 1), std::regex::optimize);
    e.expected = static_cast<unsigned>(std::strtoul(line.c_str() + 7, nullptr, 10));
    out.push_back(std::move(e));
  }
  return out;
}

class Replay {
public:
  Replay(bool list, std::vector<Explanation> explanations)
      : list_(list), explanations_(std::move(explanations)) {}

  int run(const Verdicts &verdicts) {
    for (const InstructionCase &c : verdicts.instructions)
      check(c.accepted, verdicts.header(c) + verdicts.function(c.version, c.text), c.name());
    for (const ModuleCase &c : verdicts.modules) {
      std::string what = "module " + c.text;
      replace(what, "\n", "\\n");
      check(c.accepted, c.text, what);
    }
    return list_ ? 0 : summary();
  }

private:
  void check(bool expected, const std::string &text, const std::string &what) {
    ptx::Diagnostics diags;
    const ptx::ParsedModule parsed = ptx::parse("case", text, diags);
    const bool accepted = !diags.has_errors();
    std::string messages;
    const ptx::SourceText source("case", text);
    for (const ptx::Diagnostic &d : diags.list())
      if (d.severity == ptx::Severity::Error) {
        const auto p = source.position(d.loc);
        messages += (messages.empty() ? "" : "\t") + std::to_string(p.line) + ":" +
                    std::to_string(p.column) + ": " + d.message;
      }
    ++cases_;
    accepted_ += expected;
    if (list_) {
      std::printf("%c %s\n", accepted ? '+' : '-', messages.c_str());
      return;
    }
    if (accepted == expected)
      return;
    for (Explanation &e : explanations_)
      if (e.ptxas_accepts == expected && std::regex_search(what, e.pattern)) {
        ++e.uses;
        ++explained_;
        return;
      }
    ++differences_;
    std::printf("%s: %s\n    %s\n",
                expected ? "ptxas accepts, we reject" : "ptxas rejects, we accept", what.c_str(),
                messages.substr(0, messages.find('\t')).c_str());
  }

  int summary() const {
    unsigned stale = 0;
    for (const Explanation &e : explanations_)
      if (e.uses != e.expected) {
        ++stale;
        std::printf("explains %u cases: %s\n", e.uses, e.text.c_str());
      }
    std::printf(
        "%u cases, ptxas accepts %u: %u verdicts differ for a stated reason, %u differ otherwise\n",
        cases_, accepted_, explained_, differences_);
    return differences_ || stale || !cases_;
  }

  bool list_;
  std::vector<Explanation> explanations_;
  unsigned cases_ = 0, accepted_ = 0, differences_ = 0, explained_ = 0;
};

} // namespace
} // namespace w2w::ptxas

int main(int argc, char **argv) {
  using namespace w2w::ptxas;
  const bool list = argc > 1 && std::string_view(argv[1]) == "--list";
  if (argc < 2 + list) {
    std::fprintf(stderr, "usage: ptx_replay [--list] CASES [DIFFERENCES]\n");
    return 2;
  }
  std::vector<Explanation> explanations;
  if (!list && argc > 2)
    explanations = read_explanations(argv[2]);
  return Replay(list, std::move(explanations)).run(Verdicts::read(argv[1 + list]));
}
