// ptx2hsaco: PTX -> AMD code object, ahead of time.
#include "frontend/ast/print.h"
#include "frontend/parse/parse.h"
#include "frontend/support/linked_text.h"
#include "lowering/compiler.h"
#include "tools/ptx2hsaco/input.h"
#include "tools/ptx2hsaco/listing.h"
#include "tools/ptx2hsaco/options.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>

namespace w2w::tool {
namespace {

int fail(std::string_view message) {
  fmt::print(stderr, "ptx2hsaco: error: {}\n", message);
  return 1;
}

/// Writes a whole file; a file that can't be written completely is removed.
bool write_output(const std::string &path, std::string_view bytes, std::string &error) {
  FILE *file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
  if (!file) {
    error =
        fmt::format("can't write {}: {}; choose another file with -o", path, std::strerror(errno));
    return false;
  }
  bool ok = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  ok &= (file == stdout ? std::fflush(file) : std::fclose(file)) == 0;
  if (ok)
    return true;
  error = fmt::format("can't write {}: {}", path, std::strerror(errno));
  if (path != "-")
    std::remove(path.c_str());
  return false;
}

std::string_view extension(const Options &o) {
  if (o.action == Action::DumpAst)
    return ".ast";
  switch (o.compile.emit) {
  case EmitKind::Llvm:
  case EmitKind::LlvmOpt:
    return ".ll";
  case EmitKind::Asm:
    return ".s";
  case EmitKind::Obj:
    return ".o";
  case EmitKind::Hsaco:
    return ".hsaco";
  }
  return "";
}

/// The file that image `index` of `count` is written to.
std::string output_name(const Options &o, size_t index, size_t count) {
  std::string name = o.output;
  if (name == "-")
    return name;
  std::string_view ext = extension(o);
  if (name.empty()) {
    const std::string &input = o.inputs.front();
    size_t slash = input.find_last_of('/');
    name = slash == std::string::npos ? input : input.substr(slash + 1);
    if (size_t dot = name.find_last_of('.'); dot != std::string::npos && dot != 0)
      name.resize(dot);
    name += ext;
  }
  if (count == 1)
    return name;
  if (name.ends_with(ext))
    name.resize(name.size() - ext.size());
  return fmt::format("{}.{}{}", name, index, ext);
}

void print_diagnostics(const ptx::Diagnostics &diags, const PtxInput &input, bool json) {
  ptx::SourceText text(input.name, input.text);
  if (json) {
    fmt::print(stderr, "{}\n", render_json(diags, text));
    return;
  }
  for (const ptx::Diagnostic &d : diags.list()) {
    std::string message = render(d, text);
    fmt::print(stderr, "{}{}", message, message.ends_with('\n') ? "" : "\n");
  }
}

/// Compiles one PTX text; exit status.
int compile_one(const Options &o, const PtxInput &input, const std::string &output) {
  ptx::Diagnostics diags;
  ptx::ParsedModule parsed = ptx::parse(input.name, input.text, diags);
  unsigned parse_errors = diags.error_count();
  CompileResult result;
  bool made;
  if (o.action == Action::DumpAst) {
    std::string text = ptx::print(parsed.module());
    result.bytes.assign(text.begin(), text.end());
    made = true;
  } else {
    std::vector<std::string_view> kernels(o.kernels.begin(), o.kernels.end());
    made = compile(parsed.module(), kernels, o.compile, diags, result);
  }
  if (!diags.list().empty() || o.json_diagnostics)
    print_diagnostics(diags, input, o.json_diagnostics);
  // As compilers do, nothing is written after an error. Errors in parts of the module that the
  // kernels asked for by name do not reach are shown, and do not count.
  bool failed = o.kernels.empty() ? diags.has_errors() : diags.error_count() != parse_errors;
  if (!made || (failed && o.action == Action::Compile))
    return 1;
  std::string error;
  std::string_view bytes(reinterpret_cast<const char *>(result.bytes.data()), result.bytes.size());
  if (!write_output(output, bytes, error))
    return fail(error);
  if (o.verbose)
    fmt::print(stderr, "{}", report_resources(result, o.compile.mcpu));
  return o.action == Action::DumpAst && diags.has_errors() ? 1 : 0;
}

int run(const Options &o) {
  std::string error;
  std::vector<PtxInput> texts;
  for (const std::string &input : o.inputs) {
    InputFile file;
    if (!open_input(input, file, error))
      return fail(error);
    if (o.action == Action::ListImages)
      fmt::print("{}", list_images(file));
    else if (!collect_ptx(input, file, o.image, texts, error))
      return fail(error);
  }
  if (o.inputs.size() > 1 && !texts.empty()) {
    std::vector<ptx::TextPart> parts;
    for (const PtxInput &t : texts)
      parts.push_back({t.name, t.text});
    texts = {{o.inputs.front(), ptx::join_modules(parts)}};
  }
  int status = 0;
  for (size_t i = 0; i < texts.size(); ++i)
    status |= compile_one(o, texts[i], output_name(o, i, texts.size()));
  return status;
}

} // namespace
} // namespace w2w::tool

int main(int argc, char **argv) {
  using namespace w2w::tool;
  Options options;
  std::string error;
  if (!parse_options(argc, argv, options, error)) {
    fail(error);
    return 2;
  }
  switch (options.action) {
  case Action::Help:
    fmt::print("{}", help_text());
    return 0;
  case Action::Version:
    fmt::print("ptx2hsaco (warp2wave) 0.1.0\n");
    return 0;
  case Action::ListIsa:
    fmt::print("{}", list_isa(options.json));
    return 0;
  default:
    return run(options);
  }
}
