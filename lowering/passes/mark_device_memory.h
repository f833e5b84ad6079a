// Tells LLVM of atomic operations whose memory is this device's own, so that they become one
// instruction where they would be a compare-and-swap loop.
//
// Memory of which nothing is known may be fine-grained, where atomic additions of floating-point
// numbers are lost on some targets, or lie behind PCIe, which has atomic addition, exchange and
// compare-and-swap alone (LLVM AMDGPUUsage, "amdgpu.no.fine.grained.memory" and
// "amdgpu.no.remote.memory"; SITargetLowering::shouldExpandAtomicRMWInIR). An address is followed
// back to what it was calculated from. These are memory of the device:
// * module variables: the arena of the runtime ABI, but for the .managed ones, which have one of
//   their own; in the standalone ABI, variables of the code object;
// * what the launch block points to in device memory: heap, shared slab, locks;
// * LDS and scratch, which a generic address may also mean;
// * with CompileOptions::device_memory, what 64-bit kernel parameters point to: assumed, and noted
//   in PassEnv::device_parameters.
// All others (a pointer loaded from memory, the result of a call, the sum of two values that may
// both be pointers) leave the operation as it is. An address is taken to lie in the allocation of
// the pointer it was calculated from: CUDA, as C++, leaves pointer arithmetic that leads from one
// allocation into another undefined.
//
// System scope is left alone. f32 additions that are known to be to global memory may flush
// subnormals (PTX ISA 9.7.13.5: so does NVIDIA's "current implementation"), where the target has no
// instruction that does not. Whether the metadata gains anything is LLVM's to say: where it does
// not, nothing is marked or assumed.
//
// In: IR after LLVM's passes, which may drop metadata. Out: the same operations; a generic address
// that is known to be global becomes one of address space 1.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool mark_device_memory(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
