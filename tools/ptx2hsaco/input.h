// Finds the PTX in whatever file was given.
#pragma once

#include "runtime/fatbin/fatbin.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace w2w::tool {

/// One PTX text to compile.
struct PtxInput {
  std::string name; // for messages: the file, or file:image N (PTX 8.0 sm_80)
  std::string text;
};

struct InputFile {
  std::vector<uint8_t> bytes;
  fatbin::Image image; // views into bytes
};

/// Reads and takes apart a file. The error names file, place and remedy.
bool open_input(const std::string &path, InputFile &file, std::string &error);

/// The PTX to compile: of each container the one that suits the reported compute capability best
/// (`number`: the one with this number in --list). An input without PTX is an error that lists what
/// is there.
bool collect_ptx(const std::string &path, const InputFile &file, std::optional<size_t> number,
                 std::vector<PtxInput> &texts, std::string &error);

} // namespace w2w::tool
