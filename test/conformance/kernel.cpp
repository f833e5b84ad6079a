#include "test/conformance/kernel.h"

#include <fmt/format.h>

namespace w2w::conformance {

namespace {

/// Registers are declared by size only: PTX lets every instruction take bit-size registers (PTX
/// ISA 9.4). Integers of 8 bits live in wider ones; a .b8 is a pair of 4-bit floats.
std::string register_class(std::string_view type) {
  unsigned w = reference::width_of(type);
  return w == 1 ? "pred" : type == "b8" ? "b8" : w <= 16 ? "b16" : w == 32 ? "b32" : "b64";
}

void load(std::string &text, const std::string &type, size_t i) {
  unsigned w = reference::width_of(type);
  if (type == "carry")
    text += fmt::format("  ld.global.b32 %carry, [%in+{}];\n", i * kElementBytes);
  else if (w == 1)
    text += fmt::format("  ld.global.b32 %flag, [%in+{0}];\n  setp.ne.u32 %i{1}, %flag, 0;\n",
                        i * kElementBytes, i);
  else
    text += fmt::format("  ld.global.{}{} %i{}, [%in+{}];\n", w == 8 ? "u" : "b", w, i,
                        i * kElementBytes);
}

void store(std::string &text, const std::string &type, size_t i) {
  unsigned w = reference::width_of(type);
  if (type == "carry")
    text += fmt::format("  st.global.b32 [%out+{}], %carry;\n", i * kElementBytes);
  else if (w == 1)
    text += fmt::format("  selp.b32 %flag, 1, 0, %o{0};\n  st.global.b32 [%out+{1}], %flag;\n", i,
                        i * kElementBytes);
  else
    text += fmt::format("  st.global.{}{} [%out+{}], %o{};\n", w == 8 ? "u" : "b", w,
                        i * kElementBytes, i);
}

bool is_carry(std::string_view type) {
  return type == "carry";
}

std::string operands(const Case &c) {
  const reference::Meaning &m = c.meaning;
  std::string text;
  // Two results are setp's p|q or lop3's d|p.
  for (size_t i = 0; i < m.outputs.size(); ++i)
    if (!is_carry(m.outputs[i]))
      text += fmt::format("{}%o{}", i ? "|" : "", i);
  for (size_t i = 0; i < m.inputs.size(); ++i)
    if (m.constant_input == i)
      text += fmt::format(", {}", c.constant);
    else if (!is_carry(m.inputs[i]))
      text += fmt::format(", %i{}", i);
  return text;
}

/// The instruction; CC.CF is set before and read after by the neighbours it has in a carry chain:
/// additions for additions, subtractions for subtractions.
std::string chain(const Case &c) {
  const char *kind = c.instruction.starts_with("sub") ? "sub" : "add";
  std::string text;
  if (is_carry(c.meaning.inputs.back()))
    text += kind == std::string_view("sub") ? "  sub.cc.u32 %flag, 0, %carry;\n"
                                            : "  add.cc.u32 %flag, %carry, 0xffffffff;\n";
  text += fmt::format("  {} {};\n", c.instruction, operands(c));
  if (is_carry(c.meaning.outputs.back())) // 0 + 0 + CF; 0 - (0 + CF), so the lowest bit is CF
    text += fmt::format("  {}c.u32 %carry, 0, 0;\n  and.b32 %carry, %carry, 1;\n", kind);
  return text;
}

void kernel(std::string &text, const Case &c, size_t index) {
  const reference::Meaning &m = c.meaning;
  text +=
      fmt::format("\n.visible .entry {}(.param .u64 in, .param .u64 out, .param .u32 rows)\n{{\n",
                  kernel_name(index));
  text +=
      "  .reg .pred %done;\n  .reg .b32 %row, %rows, %block, %threads, %flag, %carry;\n  .reg .b64 "
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
  text += chain(c);
  for (size_t i = 0; i < m.outputs.size(); ++i)
    store(text, m.outputs[i], i);
  text += "  ret;\n}\n";
}

} // namespace

std::string kernel_name(size_t index) {
  return fmt::format("k{}", index);
}

std::string module_text(std::span<const Case> cases) {
  std::string text =
      fmt::format(".version {}.{}\n.target sm_{}{}\n.address_size 64\n", kTarget.version / 10,
                  kTarget.version % 10, kTarget.sm, kTarget.suffix);
  for (size_t i = 0; i < cases.size(); ++i)
    kernel(text, cases[i], i);
  return text;
}

} // namespace w2w::conformance
