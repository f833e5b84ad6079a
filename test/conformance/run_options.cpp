#include "test/conformance/run_options.h"

#include "frontend/parse/parse.h"
#include "test/conformance/device.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>

namespace w2w::conformance {

RunOptions read_options(int argc, char **argv, const std::function<bool(std::string_view)> &more) {
  RunOptions o;
  o.compile.verify = true;
  for (int i = 1; i < argc; ++i) {
    std::string_view a = argv[i];
    auto value = [&](std::string_view key) -> const char * {
      return a.starts_with(key) ? argv[i] + key.size() : nullptr;
    };
    if (auto v = value("--mcpu="))
      o.compile.mcpu = v;
    else if (auto v = value("-O"))
      o.compile.opt_level = std::atoi(v);
    else if (auto v = value("--hip="))
      o.hip = v;
    else if (auto v = value("--filter="))
      o.filter = v;
    else if (auto v = value("--sample="))
      o.sample = static_cast<size_t>(std::max(1, std::atoi(v)));
    else if (!more || !more(a)) {
      std::fprintf(stderr, "%s: unknown option %s\n", argv[0], argv[i]);
      std::exit(2);
    }
  }
  return o;
}

CompiledText compile_text(const std::string &text, const CompileOptions &options) {
  ptx::Diagnostics diags;
  ptx::ParsedModule parsed = ptx::parse("conformance.ptx", text, diags);
  CompileResult code;
  CompiledText result;
  compile(parsed.module(), {}, options, diags, code);
  result.bytes = std::move(code.bytes);
  const ptx::SourceText source("conformance.ptx", text);
  for (const ptx::Diagnostic &d : diags.list())
    if (d.severity == ptx::Severity::Error)
      result.errors.emplace(d.function, ptx::render(d, source));
  return result;
}

bool load_text(Device &device, const std::string &text, const CompileOptions &options) {
  const CompiledText code = compile_text(text, options);
  for (auto &[kernel, message] : code.errors)
    fmt::print("FAIL {}: {}\n", kernel, message);
  return code.errors.empty() && device.load(code.bytes);
}

} // namespace w2w::conformance
