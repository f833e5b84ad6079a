// LLVM's AMDGPU assembler in the process: text in, bytes out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace w2w::emu::test {

/// Empty if the text does not assemble for the processor.
std::vector<uint8_t> assemble(const std::string &cpu, unsigned lanes, const std::string &text);

} // namespace w2w::emu::test
