#include "test/ptxas/verdicts.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <zstd.h>

namespace w2w::ptxas {

std::string read_text(const char *path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path);
    std::exit(2);
  }
  std::string raw{std::istreambuf_iterator<char>(file), {}};
  const unsigned long long size = ZSTD_getFrameContentSize(raw.data(), raw.size());
  if (size == ZSTD_CONTENTSIZE_ERROR) // not compressed
    return raw;
  std::string out(size == ZSTD_CONTENTSIZE_UNKNOWN ? size_t{1} << 26 : size, '\0');
  const size_t n = ZSTD_decompress(out.data(), out.size(), raw.data(), raw.size());
  if (ZSTD_isError(n)) {
    std::fprintf(stderr, "%s: %s\n", path, ZSTD_getErrorName(n));
    std::exit(2);
  }
  out.resize(n);
  return out;
}

void replace(std::string &s, std::string_view what, std::string_view by) {
  for (size_t at = 0; (at = s.find(what, at)) != std::string::npos; at += by.size())
    s.replace(at, what.size(), by);
}

namespace {

unsigned parse_version(std::string_view v) {
  return static_cast<unsigned>((v[0] - '0') * 10 + (v[2] - '0'));
}

std::string version_text(unsigned v) {
  return std::to_string(v / 10) + "." + std::to_string(v % 10);
}

} // namespace

std::string InstructionCase::name() const {
  return version_text(version) + " " + target + " " + text;
}

Verdicts Verdicts::read(const char *path) {
  const std::string text = read_text(path);
  Verdicts out;
  enum class Part { Header, Function, Cases, Modules } part = Part::Header;
  std::string target;
  unsigned version = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    at = end + 1;
    if (line.starts_with("%header")) {
      part = Part::Header;
    } else if (line.starts_with("%function ")) {
      part = Part::Function;
      out.functions_.push_back({parse_version(line.substr(10)), {}});
    } else if (line.starts_with("%cases ")) {
      part = Part::Cases;
      const size_t space = line.find(' ', 7);
      version = parse_version(line.substr(7, space - 7));
      target = line.substr(space + 1);
    } else if (line.starts_with("%modules")) {
      part = Part::Modules;
    } else if (part == Part::Header) {
      (out.header_ += line) += '\n';
    } else if (part == Part::Function) {
      (out.functions_.back().text += line) += '\n';
    } else if (!line.empty()) {
      std::string body(line.substr(1));
      const bool accepted = line[0] == '+';
      if (part == Part::Modules) {
        replace(body, "\\n", "\n");
        out.modules.push_back({accepted, std::move(body)});
      } else {
        out.instructions.push_back({accepted, version, target, std::move(body)});
      }
    }
  }
  return out;
}

std::string Verdicts::header(const InstructionCase &c) const {
  std::string out = header_;
  replace(out, "@V", version_text(c.version));
  replace(out, "@T", c.target);
  return out;
}

std::string Verdicts::function(unsigned version, std::string_view instructions) const {
  std::string out;
  for (const Template &t : functions_)
    if (t.version <= version)
      out = t.text;
  replace(out, "@I", instructions);
  return out;
}

} // namespace w2w::ptxas
