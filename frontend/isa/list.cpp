#include "frontend/isa/list.h"

#include <fmt/format.h>

namespace w2w::ptx::isa {

std::string list_isa_text(const std::function<bool(const Form &)> &implemented) {
  std::string out;
  size_t done = 0;
  for (const Form &f : forms()) {
    const bool yes = implemented(f);
    done += yes;
    const std::string needs = describe(f.requirement);
    out += fmt::format("{}  {:<10} {}{}\n", yes ? "yes" : "no ", f.section, f.syntax,
                       needs.empty() ? "" : "  [" + needs + "]");
  }
  return out + fmt::format("{} of {} forms can be compiled\n", done, forms().size());
}

static std::string requirement_fields(const Requirement &r) {
  std::string arch;
  for (const ArchSpecific a : r.arch)
    if (a.sm)
      arch += fmt::format("{}\"sm_{}{}\"", arch.empty() ? "" : ", ", a.sm, a.suffix);
  std::string out = fmt::format("\"ptx\": \"{}.{}\", \"sm\": {}, \"arch\": [{}]", r.ptx / 10,
                                r.ptx % 10, r.sm, arch);
  if (r.earlier_ptx)
    out += fmt::format(", \"earlier\": {{\"ptx\": \"{}.{}\", \"sm\": {}}}", r.earlier_ptx / 10,
                       r.earlier_ptx % 10, r.earlier_sm);
  return out;
}

// Table text holds no character that JSON would have to escape (a unit test sees to that).
std::string list_isa_json(const std::function<bool(const Form &)> &implemented) {
  std::string out = "{\"forms\": [";
  bool first = true;
  for (const Form &f : forms()) {
    out += fmt::format("{}\n  {{\"opcode\": \"{}\", \"syntax\": \"{}\", \"section\": \"{}\", {}, "
                       "\"implemented\": {}}}",
                       first ? "" : ",", spelling(f.opcode), f.syntax, f.section,
                       requirement_fields(f.requirement), implemented(f));
    first = false;
  }
  out += "\n], \"special_registers\": [";
  for (unsigned i = 0; i < kSpecialRegisterCount; ++i) {
    const SpecialRegisterInfo &r = info(static_cast<SpecialRegister>(i));
    out += fmt::format(
        "{}\n  {{\"name\": \"{}\", \"type\": \"{}\", \"width\": {}, \"section\": \"{}\", {}}}",
        i ? "," : "", r.name, ptx::info(r.type).spelling, r.vector_width, r.section,
        requirement_fields(r.requirement));
  }
  return out + "\n]}\n";
}

} // namespace w2w::ptx::isa
