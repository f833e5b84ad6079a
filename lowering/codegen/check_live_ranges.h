// A machine pass of ours between LLVM's.
#pragma once

namespace w2w {

/// The ID of a pass that looks whether what instructions read of registers made of parts is called
/// alive there, and ends the compilation in an error if not: the register allocator would take it
/// for undefined. LLVM 22 may lose such parts of live ranges (docs/AMDGPU-NOTES.md). To be run
/// around register allocation, where LiveIntervals are kept.
char *check_live_ranges_id();

} // namespace w2w
