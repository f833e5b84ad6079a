// Fuzz target: any bytes are a PTX text. The parser must end, stay within its stack and memory, and
// say something printable; a module it accepts must be printable too.
#include "frontend/ast/print.h"
#include "frontend/parse/parse.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  w2w::ptx::Diagnostics diags;
  const w2w::ptx::ParsedModule parsed = w2w::ptx::parse("fuzz.ptx", text, diags);
  const w2w::ptx::SourceText source("fuzz.ptx", text);
  size_t length = 0;
  for (const w2w::ptx::Diagnostic &d : diags.list())
    length += w2w::ptx::render(d, source).size();
  length += w2w::ptx::render_json(diags, source).size();
  length += w2w::ptx::print(parsed.module()).size();
  return length == 0; // never: the JSON array has brackets
}
