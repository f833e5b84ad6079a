// Declares the handlers that rows of scalar.def, control.def and memory.def name.
#pragma once

#include "runtime/emulator/isa/inst.h"

namespace w2w::emu::isa::W2W_VARIANT {

#define S(NAME, ...) int h_##NAME(Wave &, const Inst &, StopInfo &);
#define SF(NAME, ...) S(NAME)
#define SAVEEXEC(NAME, ...) S(NAME)
#include "runtime/emulator/isa/scalar.def"
#undef S
#undef SF
#undef SAVEEXEC

#define H(NAME, FORM, D, A, B, C, HANDLER) int HANDLER(Wave &, const Inst &, StopInfo &);
#include "runtime/emulator/isa/control.def"
#undef H
#define M(NAME, FORM, DATA, HANDLER, EXTRA) int HANDLER(Wave &, const Inst &, StopInfo &);
#include "runtime/emulator/isa/memory.def"
#undef M

} // namespace w2w::emu::isa::W2W_VARIANT
