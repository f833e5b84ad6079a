// --emit=ast: the checked module as text, one statement a line with its source line.
#pragma once

#include "frontend/ast/ast.h"

#include <string>

namespace w2w::tool {

std::string dump_ast(const ptx::Module &module);

} // namespace w2w::tool
