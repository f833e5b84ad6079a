// Replays recorded verdicts of ptxas against our frontend, in one process.
//
//   ptx_replay CASES [DIFFERENCES]   compares; prints each difference that DIFFERENCES does not
//   explain ptx_replay --list CASES          prints our verdict on each case and all messages, tabs
//   between
//
// CASES is text, or text compressed by zstd:
//
//   %header                 lines up to the next '%': the head of every module; @V and @T stand for
//   the
//                           PTX version and the target
//   %function VERSION       one line: the function around an instruction (@I) from this version on
//   %cases 9.0 sm_89        then one instruction a line, '+' (ptxas accepts) or '-' (rejects)
//                           before it
//   %modules                then one whole module a line, '\n' for a line end
//
// DIFFERENCES: lines `accept COUNT REGEX` (ptxas accepts, we reject) or `reject COUNT REGEX`,
// matched in order against "VERSION TARGET TEXT" or "module TEXT"; a comment (#) says why. Each
// must explain exactly COUNT cases, so that no new difference hides behind an old reason.
#include "frontend/parse/parse.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <string_view>
#include <vector>
#include <zstd.h>

namespace {

struct Explanation {
  bool ptxas_accepts = false;
  std::string text;
  std::regex pattern;
  unsigned expected = 0, uses = 0;
};

struct Template {
  unsigned version = 0;
  std::string text;
};

std::string read(const char *path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "ptx_replay: cannot read %s\n", path);
    std::exit(2);
  }
  std::string raw{std::istreambuf_iterator<char>(file), {}};
  const unsigned long long size = ZSTD_getFrameContentSize(raw.data(), raw.size());
  if (size == ZSTD_CONTENTSIZE_ERROR) // not compressed
    return raw;
  std::string out(size == ZSTD_CONTENTSIZE_UNKNOWN ? size_t{1} << 26 : size, '\0');
  const size_t n = ZSTD_decompress(out.data(), out.size(), raw.data(), raw.size());
  if (ZSTD_isError(n)) {
    std::fprintf(stderr, "ptx_replay: %s: %s\n", path, ZSTD_getErrorName(n));
    std::exit(2);
  }
  out.resize(n);
  return out;
}

void replace(std::string &s, std::string_view what, std::string_view by) {
  for (size_t at = 0; (at = s.find(what, at)) != std::string::npos; at += by.size())
    s.replace(at, what.size(), by);
}

std::vector<Explanation> read_explanations(const char *path) {
  std::vector<Explanation> out;
  const std::string text = read(path);
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

  int run(const std::string &text) {
    enum class Part { Header, Function, Cases, Modules } part = Part::Header;
    std::string version, target;
    unsigned number = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view line(text.data() + at, end - at);
      at = end + 1;
      if (line.starts_with("%header")) {
        part = Part::Header;
      } else if (line.starts_with("%function ")) {
        part = Part::Function;
        functions_.push_back({parse_version(line.substr(10)), {}});
      } else if (line.starts_with("%cases ")) {
        part = Part::Cases;
        const size_t space = line.find(' ', 7);
        version = line.substr(7, space - 7);
        target = line.substr(space + 1);
        number = parse_version(version);
      } else if (line.starts_with("%modules")) {
        part = Part::Modules;
      } else if (part == Part::Header) {
        (header_ += line) += '\n';
      } else if (part == Part::Function) {
        (functions_.back().text += line) += '\n';
      } else if (!line.empty()) {
        const std::string body(line.substr(1));
        if (part == Part::Modules) {
          std::string module = body;
          replace(module, "\\n", "\n");
          check(line[0] == '+', module, "module " + body);
        } else {
          check(line[0] == '+', module_of(version, number, target, body),
                version + " " + target + " " + body);
        }
      }
    }
    return list_ ? 0 : summary();
  }

private:
  static unsigned parse_version(std::string_view v) {
    return static_cast<unsigned>((v[0] - '0') * 10 + (v[2] - '0'));
  }

  std::string module_of(const std::string &version, unsigned number, const std::string &target,
                        const std::string &instruction) const {
    std::string out = header_;
    replace(out, "@V", version);
    replace(out, "@T", target);
    std::string function;
    for (const Template &t : functions_)
      if (t.version <= number)
        function = t.text;
    replace(function, "@I", instruction);
    return out + function;
  }

  void check(bool expected, const std::string &text, const std::string &what) {
    w2w::ptx::Diagnostics diags;
    const w2w::ptx::ParsedModule parsed = w2w::ptx::parse("case", text, diags);
    const bool accepted = !diags.has_errors();
    std::string messages;
    const w2w::ptx::SourceText source("case", text);
    for (const w2w::ptx::Diagnostic &d : diags.list())
      if (d.severity == w2w::ptx::Severity::Error) {
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
  std::string header_;
  std::vector<Template> functions_;
  unsigned cases_ = 0, accepted_ = 0, differences_ = 0, explained_ = 0;
};

} // namespace

int main(int argc, char **argv) {
  const bool list = argc > 1 && std::string_view(argv[1]) == "--list";
  if (argc < 2 + list) {
    std::fprintf(stderr, "usage: ptx_replay [--list] CASES [DIFFERENCES]\n");
    return 2;
  }
  std::vector<Explanation> explanations;
  if (!list && argc > 2)
    explanations = read_explanations(argv[2]);
  return Replay(list, std::move(explanations)).run(read(argv[1 + list]));
}
