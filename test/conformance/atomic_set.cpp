#include "test/conformance/atomic_set.h"

#include "frontend/isa/form.h"
#include "test/conformance/enumerate.h"
#include "test/reference/bits.h"
#include "test/reference/meaning.h"

#include <cstring>
#include <fmt/format.h>
#include <map>

namespace w2w::conformance {

namespace {

constexpr Target kOfAtomics{85, 90};

Atomic described(const std::string &text) {
  Atomic a;
  a.instruction = text;
  const reference::Spelling s(text);
  a.returns = s.opcode == "atom";
  a.type = s.has("b128") ? "b128" : s.type();
  a.block_scope = s.has("cta");
  a.hinted = s.has("L2::cache_hint");
  a.space = s.has("global") ? Atomic::Space::Global
            : s.has("shared") || s.has("shared::cta") || s.has("shared::cluster")
                ? Atomic::Space::Shared
                : Atomic::Space::Generic;
  for (unsigned n : {2u, 4u, 8u})
    if (s.has(fmt::format("v{}", n)))
      a.elements = n;
  for (const char *operation :
       {"and", "or", "xor", "exch", "cas", "add", "inc", "dec", "min", "max"})
    if (s.has(operation))
      a.operation = operation;
  return a;
}

/// The register instruction that calculates the same: atomic sums round to nearest even.
const reference::Meaning &arithmetic(const std::string &operation, const std::string &type) {
  static std::map<std::string, reference::Meaning> known;
  std::string name =
      operation + (operation == "add" && type.find('f') != type.npos ? ".rn" : "") + "." + type;
  auto it = known.find(name);
  if (it == known.end())
    it = known.emplace(name, reference::meaning_of(name).value()).first;
  return it->second;
}

/// Zero of the same sign instead of a subnormal f32.
Word flushed(Word v) {
  return (v & 0x7F800000) == 0 ? v & 0x80000000 : v;
}

} // namespace

unsigned Atomic::register_bits() const {
  return type == "b128" ? 128 : reference::width_of(type);
}
std::string Atomic::scalar_type() const {
  return type.ends_with("x2") ? type.substr(0, type.size() - 2) : type;
}
unsigned Atomic::scalar_bits() const {
  return type == "b128" ? 128 : reference::width_of(scalar_type());
}
unsigned Atomic::scalars() const {
  return elements * register_bits() / scalar_bits();
}

Word Atomic::apply(Word old, Word b, Word c) const {
  if (operation == "and")
    return old & b;
  if (operation == "or")
    return old | b;
  if (operation == "xor")
    return old ^ b;
  if (operation == "exch")
    return b;
  if (operation == "cas")
    return old == b ? c : old;
  if (operation == "inc")
    return old >= b ? 0 : old + 1;
  if (operation == "dec")
    return old == 0 || old > b ? b : old - 1;
  uint64_t in[2] = {static_cast<uint64_t>(old), static_cast<uint64_t>(b)}, out = 0;
  arithmetic(operation, scalar_type()).evaluate(in, &out);
  return reference::low(out, scalar_bits());
}

bool Atomic::permits(Word old, Word b, Word c, Word got) const {
  if (same(apply(old, b, c), got))
    return true;
  // "Current implementation of atom.add.f32 on global memory flushes subnormal inputs and results":
  // allowed, not asked for. Of shared memory it says that they are supported.
  return operation == "add" && type == "f32" && space != Space::Shared &&
         same(flushed(apply(flushed(old), flushed(b), 0)), got);
}

bool Atomic::same(Word a, Word b) const {
  return a == b ||
         (scalar_bits() <= 64 &&
          reference::same_value(scalar_type(), static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
}

Word scalar(const Atomic &a, const uint8_t *bytes, unsigned i) {
  Word v = 0;
  std::memcpy(&v, bytes + i * a.scalar_bits() / 8, a.scalar_bits() / 8);
  return v;
}

void set_scalar(const Atomic &a, uint8_t *bytes, unsigned i, Word value) {
  std::memcpy(bytes + i * a.scalar_bits() / 8, &value, a.scalar_bits() / 8);
}

std::vector<Atomic> all_atomics() {
  std::vector<Atomic> all;
  for (auto opcode : {ptx::isa::Opcode::atom, ptx::isa::Opcode::red})
    for (const ptx::isa::Form &form : ptx::isa::forms(opcode))
      for_each_spelling(form, kOfAtomics, [&](const std::string &text) {
        if (!reference::Spelling(text).has(
                "async")) // an asynchronous copy, no atomic operation of the thread
          all.push_back(described(text));
      });
  return all;
}

} // namespace w2w::conformance
