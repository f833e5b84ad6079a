// Replaces arithmetic and conversions rounded toward zero, down or up:
// w2w.{add,sub,mul,fma,div,rcp,sqrt}.{rz,rm,rp}.{f32,f64} and w2w.cvt.{rz,rm,rp}.TO.FROM.
//
// LLVM ignores the rounding argument of its constrained intrinsics on AMDGPU, and moves plain
// operations across changes of the rounding mode. So:
// * add, sub, mul, fma are one block of inline assembly each: set MODE, operate, restore MODE.
// * conversions are rounded to nearest, converted back exactly, and moved by one unit in the last
//   place where they went the wrong way.
// * f32 div, rcp and sqrt are done in f64, whose rounded result never lies on the wrong side of an
//   f32 value (quotients and roots of 24-bit numbers keep more than 2^-49 away from one, unless
//   they are one), and converted as above.
// * f64 div, rcp and sqrt are done on mantissas in [0.5, 2), corrected by the sign of the exact
//   remainder, and scaled back by directed multiplications.
// No use of llvm.fptrunc.round: the pass that expands it assumes that nobody else writes MODE.
// In: any IR. Out: none of these calls. Sources: PTX ISA 9.7.3, 9.7.9.21; AMD ISA, MODE register.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_directed_rounding(llvm::Module &module, llvm::ModuleAnalysisManager &analyses,
                             PassEnv &env);

} // namespace w2w
