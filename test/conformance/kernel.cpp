#include "test/conformance/kernel.h"

#include <fmt/format.h>

namespace w2w::conformance {

namespace {

/// Registers are declared by size only: PTX lets every instruction take bit-size registers (PTX
/// ISA 9.4).
std::string register_class(std::string_view type) {
  unsigned w = reference::width_of(type);
  return w == 1 ? "pred" : w <= 16 ? "b16" : w == 32 ? "b32" : "b64";
}

void load(std::string &text, const std::string &type, size_t i) {
  unsigned w = reference::width_of(type);
  if (w == 1)
    text += fmt::format("  ld.global.b32 %flag, [%in+{0}];\n  setp.ne.u32 %i{1}, %flag, 0;\n",
                        i * kElementBytes, i);
  else
    text += fmt::format("  ld.global.{}{} %i{}, [%in+{}];\n", w == 8 ? "u" : "b", w, i,
                        i * kElementBytes);
}

void store(std::string &text, const std::string &type, size_t i) {
  unsigned w = reference::width_of(type);
  if (w == 1)
    text += fmt::format("  selp.b32 %flag, 1, 0, %o{0};\n  st.global.b32 [%out+{1}], %flag;\n", i,
                        i * kElementBytes);
  else
    text += fmt::format("  st.global.{}{} [%out+{}], %o{};\n", w == 8 ? "u" : "b", w,
                        i * kElementBytes, i);
}

std::string operands(const Case &c) {
  std::string text;
  // Two results are setp's p|q.
  for (size_t i = 0; i < c.meaning.outputs.size(); ++i)
    text += fmt::format("{}%o{}", i ? "|" : "", i);
  for (size_t i = 0; i < c.meaning.inputs.size(); ++i)
    text += fmt::format(", %i{}", i);
  return text;
}

void kernel(std::string &text, const Case &c, size_t index) {
  const reference::Meaning &m = c.meaning;
  text +=
      fmt::format("\n.visible .entry {}(.param .u64 in, .param .u64 out, .param .u32 rows)\n{{\n",
                  kernel_name(index));
  text += "  .reg .pred %done;\n  .reg .b32 %row, %rows, %block, %threads, %flag;\n  .reg .b64 "
          "%in, %out, %offset;\n";
  for (size_t i = 0; i < m.inputs.size(); ++i)
    text += fmt::format("  .reg .{} %i{};\n", register_class(m.inputs[i]), i);
  for (size_t i = 0; i < m.outputs.size(); ++i)
    text += fmt::format("  .reg .{} %o{};\n", register_class(m.outputs[i]), i);
  text += fmt::format("  mov.u32 %row, %tid.x;\n"
                      "  mov.u32 %block, %ctaid.x;\n"
                      "  mov.u32 %threads, %ntid.x;\n"
                      "  mad.lo.u32 %row, %block, %threads, %row;\n"
                      "  ld.param.u32 %rows, [rows];\n"
                      "  setp.ge.u32 %done, %row, %rows;\n"
                      "  @%done ret;\n"
                      "  ld.param.u64 %in, [in];\n"
                      "  mul.wide.u32 %offset, %row, {};\n"
                      "  add.u64 %in, %in, %offset;\n"
                      "  ld.param.u64 %out, [out];\n"
                      "  mul.wide.u32 %offset, %row, {};\n"
                      "  add.u64 %out, %out, %offset;\n",
                      m.inputs.size() * kElementBytes, m.outputs.size() * kElementBytes);
  for (size_t i = 0; i < m.inputs.size(); ++i)
    load(text, m.inputs[i], i);
  text += fmt::format("  {} {};\n", c.instruction, operands(c));
  for (size_t i = 0; i < m.outputs.size(); ++i)
    store(text, m.outputs[i], i);
  text += "  ret;\n}\n";
}

} // namespace

std::string kernel_name(size_t index) {
  return fmt::format("k{}", index);
}

std::string module_text(std::span<const Case> cases) {
  std::string text = ".version 9.0\n.target sm_90\n.address_size 64\n";
  for (size_t i = 0; i < cases.size(); ++i)
    kernel(text, cases[i], i);
  return text;
}

} // namespace w2w::conformance
