// The instruction table as text and JSON, for `ptx2hsaco --list-isa` and the coverage document.
#pragma once

#include "frontend/isa/form.h"

#include <functional>
#include <string>

namespace w2w::ptx::isa {

/// One line a form: status, mnemonic and operands, PTX ISA section, requirements; a summary at the
/// end.
std::string list_isa_text(const std::function<bool(const Form &)> &implemented);
/// {"forms": [{opcode, syntax, section, ptx, sm, arch, implemented}], "special_registers": [...]}.
std::string list_isa_json(const std::function<bool(const Form &)> &implemented);

} // namespace w2w::ptx::isa
