#include "tools/ptx2hsaco/listing.h"

#include "frontend/isa/list.h"
#include "lowering/emit/emit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace w2w::tool {
std::string list_images(const InputFile &file) {
  std::string text;
  for (size_t i = 0; i < file.image.entries.size(); ++i) {
    const fatbin::Entry &e = file.image.entries[i];
    text += fmt::format("{:3}  {:<20} {:>9} bytes", i, e.describe(), e.uncompressed_size);
    if (e.container < file.image.container_names.size())
      text += fmt::format("  {}", file.image.container_names[e.container]);
    if (!e.source_name.empty())
      text += fmt::format("  {}", e.source_name);
    text += '\n';
  }
  return text.empty() ? "no device code images\n" : text;
}

std::string list_isa(bool json) {
  return json ? ptx::isa::list_isa_json(emit::is_implemented)
              : ptx::isa::list_isa_text(emit::is_implemented);
}

std::string report_resources(const CompileResult &result, const std::string &mcpu) {
  std::string text;
  for (const KernelResources &k : result.kernels) {
    text +=
        fmt::format("ptx2hsaco info    : Compiling entry function '{}' for '{}'\n", k.name, mcpu);
    text += fmt::format("ptx2hsaco info    : Function properties for {}\n", k.name);
    text += fmt::format("    {} bytes scratch, {} VGPR spills, {} SGPR spills\n", k.scratch_bytes,
                        k.vgpr_spills, k.sgpr_spills);
    text += fmt::format("ptx2hsaco info    : Used {} VGPRs, ", k.vgprs);
    if (k.agprs)
      text += fmt::format("{} AGPRs, ", k.agprs);
    text += fmt::format("{} SGPRs, {} bytes LDS, {} bytes kernarg, {} bytes code\n", k.sgprs,
                        k.lds_bytes, k.kernarg_bytes, k.code_bytes);
    text += fmt::format("ptx2hsaco info    : Wave of {}, {}\n", k.wave_size, k.warp_mode);
    if (k.stack_bytes)
      text += fmt::format("ptx2hsaco info    : Has a stack for alloca (--stack-bytes={})\n",
                          k.stack_bytes);
    if (!k.device_parameters.empty())
      text += fmt::format("ptx2hsaco info    : Assumes device memory behind the pointers at bytes "
                          "{} of the parameters\n",
                          fmt::join(k.device_parameters, ", "));
  }
  return text;
}

} // namespace w2w::tool
