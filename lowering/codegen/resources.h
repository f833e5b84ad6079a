// What a code object says about its kernels.
#pragma once

#include "lowering/compiler.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace w2w {

/// Reads the kernels of an AMDGPU ELF (relocatable or code object) from its NT_AMDGPU_METADATA note
/// and symbol table, in the note's order. False, with the reason, if the bytes are no such ELF.
bool read_kernel_resources(std::span<const uint8_t> elf, std::vector<KernelResources> &kernels,
                           std::string &error);

} // namespace w2w
