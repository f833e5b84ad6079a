// PTX text -> checked module.
#pragma once

#include "frontend/ast/ast.h"
#include "frontend/support/diagnostics.h"

#include <memory>
#include <string_view>

namespace w2w::ptx {

/// A parsed module and the arena that holds it.
class ParsedModule {
public:
  ParsedModule();
  ~ParsedModule();
  ParsedModule(ParsedModule &&) noexcept;
  ParsedModule &operator=(ParsedModule &&) noexcept;

  const Module &module() const;

  struct Impl;
  Impl &impl() { return *impl_; }

private:
  std::unique_ptr<Impl> impl_;
};

/// Parses and checks one PTX text (NUL-terminated text may be passed without its NUL). Never fails
/// outright: what could be understood is in the module, what could not is in `diags`, and functions
/// with errors are marked poisoned. `text` must outlive the result.
ParsedModule parse(std::string_view file_name, std::string_view text, Diagnostics &diags);

} // namespace w2w::ptx
