// Relocatable object -> code object.
#pragma once

#include "lowering/compiler.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace w2w {

/// Links one relocatable AMDGPU object into a code object (an ELF shared object), with the lld
/// inside this process or with ROCm's comgr. On failure returns false and puts the linker's own
/// words into `error`.
///
/// lld keeps global state: calls are serialised by a lock, one link at a time in a process.
bool link_code_object(std::span<const uint8_t> object, Linker linker, const std::string &mcpu,
                      std::vector<uint8_t> &code_object, std::string &error);

/// The comgr route alone (comgr.cpp).
bool link_with_comgr(std::span<const uint8_t> object, const std::string &mcpu,
                     std::vector<uint8_t> &code_object, std::string &error);

} // namespace w2w
