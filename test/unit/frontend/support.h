// Helpers of the frontend's tests.
#pragma once

#include "frontend/ast/print.h"
#include "frontend/parse/parse.h"

#include <memory>
#include <string>

namespace w2w::ptx::test {

/// A parsed text with everything that must outlive it.
struct Parsed {
  std::unique_ptr<std::string> text;
  Diagnostics diags;
  ParsedModule parsed;

  const Module &module() const { return parsed.module(); }
  /// All messages, one a line: "line:column message".
  std::string messages() const {
    const SourceText source("t.ptx", *text);
    std::string out;
    for (const Diagnostic &d : diags.list()) {
      const auto p = source.position(d.loc);
      out += std::to_string(p.line) + ":" + std::to_string(p.column) + " " + d.message + "\n";
    }
    return out;
  }
  const Function &function(std::string_view name) const {
    for (const Function *f : module().functions)
      if (f->name == name)
        return *f;
    throw std::runtime_error("no function " + std::string(name));
  }
  const Instruction &instruction(std::string_view function_name, size_t index) const {
    for (const Statement &s : function(function_name).statements)
      if (s.kind == Statement::Kind::Instruction && index-- == 0)
        return *s.instruction;
    throw std::runtime_error("no such instruction");
  }
};

inline Parsed parse_text(std::string text) {
  Parsed p;
  p.text = std::make_unique<std::string>(std::move(text));
  p.parsed = parse("t.ptx", *p.text, p.diags);
  return p;
}

/// A module with a header, for sm_90 and PTX ISA 9.0 unless told otherwise.
inline Parsed parse_module(const std::string &body, const std::string &target = "sm_90",
                           const std::string &version = "9.0") {
  return parse_text(".version " + version + "\n.target " + target + "\n.address_size 64\n" + body);
}

/// One kernel `k` with registers of every type: %p %h %r %f %rd %fd, ten of each.
inline Parsed parse_kernel(const std::string &body, const std::string &target = "sm_90",
                           const std::string &version = "9.0") {
  return parse_module(".global .align 16 .b8 gv[64];\n.entry k(.param .u64 p0, .param .u32 p1) {\n"
                      ".reg .pred %p<10>; .reg .b16 %h<10>; .reg .b32 %r<10>; .reg .f32 %f<10>; "
                      ".reg .b64 %rd<10>; .reg .f64 %fd<10>; .shared .align 16 .b8 sv[64];\n" +
                          body + "\n}\n",
                      target, version);
}

} // namespace w2w::ptx::test
