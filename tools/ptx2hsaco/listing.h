// Everything ptx2hsaco prints besides code.
#pragma once

#include "lowering/compiler.h"
#include "tools/ptx2hsaco/input.h"

#include <string>

namespace w2w::tool {

/// --list: one line per image.
std::string list_images(const InputFile &file);
/// --list-isa: every form of the instruction table, with whether it can be compiled.
std::string list_isa(bool json);
/// -v: resources of the kernels, in the manner of ptxas -v.
std::string report_resources(const CompileResult &result, const std::string &mcpu);

} // namespace w2w::tool
