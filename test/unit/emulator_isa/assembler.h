// LLVM's AMDGPU assembler in the process: text in, bytes out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace w2w::emu::test {

/// Empty if the text does not assemble for the processor.
std::vector<uint8_t> assemble(const std::string &cpu, unsigned lanes, const std::string &text);

/// Which of the lines the assembler takes, each by itself.
std::vector<bool> assembles(const std::string &cpu, unsigned lanes,
                            const std::vector<std::string> &lines);
/// Whether the processor has an instruction of this name, whatever its operands.
bool has_mnemonic(const std::string &cpu, const std::string &mnemonic);

} // namespace w2w::emu::test
