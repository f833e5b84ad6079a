// What tests of loads, stores and atomics share: memory with known bytes, and models to run on.
#pragma once

#include "machine.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>

/// CHECK for what is compared lane by lane: Catch2 hears of failures only.
#define CHECK_LANE(...)                                                                            \
  do {                                                                                             \
    if (!(__VA_ARGS__))                                                                            \
      CHECK(__VA_ARGS__);                                                                          \
  } while (false)

namespace w2w::emu::test {

inline bool is_gfx(const Machine &m, std::string_view prefix) {
  return std::string_view(m.cpu).starts_with(prefix);
}
inline int generation(const Machine &m) {
  return is_gfx(m, "gfx9") ? 9 : std::stoi(m.cpu.substr(3, 2));
}
/// The byte at `k` of a segment before anything is stored.
inline uint8_t byte_at(unsigned k) {
  return uint8_t(k * 151 + (k >> 8) * 29 + 0x81);
}
inline uint8_t *scratch_byte(Machine &m, unsigned at, unsigned lane) {
  return m.scratch.data() + (at / 4 * m.lanes + lane) * 4 + (at & 3);
}
inline void fill_memory(Machine &m) {
  for (unsigned k = 0; k < 65536; k++)
    m.global[k] = m.lds[k] = byte_at(k);
  for (unsigned l = 0; l < m.lanes; l++)
    for (unsigned k = 0; k < 1024; k++)
      *scratch_byte(m, k, l) = byte_at(k + l);
}
inline void set_address(Machine &m, unsigned r, unsigned lane, uint64_t a) {
  m.v(r, lane) = uint32_t(a), m.v(r + 1, lane) = uint32_t(a >> 32);
}
/// gfx12 has no constants for the scalar offset of a buffer.
inline std::string with_offset(const Machine &m, std::string text) {
  size_t at = text.find("s[4:7], 0 ");
  if (is_gfx(m, "gfx12") && at != text.npos)
    text.replace(at, 10, "s[4:7], null ");
  return text;
}
/// How an atomic asks for the old value.
inline std::string returning(const Machine &m) {
  return is_gfx(m, "gfx942") ? " sc0" : is_gfx(m, "gfx12") ? " th:TH_ATOMIC_RETURN" : " glc";
}

} // namespace w2w::emu::test
