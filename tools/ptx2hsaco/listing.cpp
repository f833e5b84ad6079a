#include "tools/ptx2hsaco/listing.h"

#include "frontend/isa/form.h"
#include "lowering/emit/emit.h"

#include <fmt/format.h>

namespace w2w::tool {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", c);
    else
      out += c;
  }
  return out + '"';
}

} // namespace

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
  std::string text = json ? "[" : "";
  size_t implemented = 0, total = 0;
  for (const ptx::isa::Form &form : ptx::isa::forms()) {
    bool works = emit::is_implemented(form);
    implemented += works;
    std::string needs = ptx::isa::describe(form.requirement);
    if (json)
      text += fmt::format("{}\n {{\"form\": {}, \"opcode\": {}, \"section\": {}, \"requires\": {}, "
                          "\"implemented\": {}}}",
                          total ? "," : "", quoted(form.syntax), quoted(spelling(form.opcode)),
                          quoted(form.section), quoted(needs), works);
    else
      text += fmt::format("{}  {:<10} {}{}\n", works ? "yes" : "no ", form.section, form.syntax,
                          needs.empty() ? "" : "  [" + needs + "]");
    ++total;
  }
  if (json)
    return text + "\n]\n";
  return text + fmt::format("{} of {} forms can be compiled\n", implemented, total);
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
  }
  return text;
}

} // namespace w2w::tool
