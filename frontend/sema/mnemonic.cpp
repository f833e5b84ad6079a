// See mnemonic.h.
#include "frontend/sema/mnemonic.h"

#include "frontend/parse/symbols.h" // edit_distance

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace w2w::ptx {

using isa::Form;
using isa::Mod;
using isa::Slot;

namespace {

uint64_t hash_of(std::string_view a, std::string_view b) {
  uint64_t h = 1469598103934665603u;
  auto mix = [&](std::string_view s) {
    const char *p = s.data();
    size_t n = s.size();
    for (; n >= 8; n -= 8, p += 8) {
      uint64_t w;
      std::memcpy(&w, p, 8);
      h = (h ^ w) * 0x9fb21c651e98df25u;
      h ^= h >> 32;
    }
    uint64_t w = n;
    std::memcpy(&w, p, n);
    h = (h ^ w ^ (uint64_t{n} << 56)) * 0x9fb21c651e98df25u;
    h ^= h >> 29;
  };
  mix(a);
  mix(b);
  return h | 1;
}

/// The modifier of a slot that is spelled so.
std::optional<Mod> find(const Slot &slot, std::string_view spelled) {
  for (const Mod m : slot.mods)
    if (isa::spelling(m) == spelled)
      return m;
  return std::nullopt;
}

struct Match {
  isa::ModifierSet mods;
  std::vector<Type> types;
  unsigned consumed = 0;         // suffixes that found a slot
  std::string_view rejected;     // first that did not
  const Slot *missing = nullptr; // first required slot left empty
  const isa::Rule *broken = nullptr;
  bool complete() const { return rejected.empty() && !missing && !broken; }
  bool has(const isa::Term &t) const { return isa::holds(t, mods, types); }
  bool has_any(std::span<const isa::Term> terms) const {
    return std::any_of(terms.begin(), terms.end(), [&](const isa::Term &t) { return has(t); });
  }
};

std::string_view spelling(const isa::Term &t) {
  return t.mod != isa::kNoMod ? isa::spelling(t.mod) : info(t.type).spelling;
}

Match match(const Form &form, const std::vector<std::string_view> &suffixes) {
  Match m;
  uint64_t filled = 0;
  size_t next_type_slot = 0; // types keep the form's order
  for (const Slot &s : form.slots)
    if (s.is_type)
      m.types.push_back(Type::None);
  for (const std::string_view suffix : suffixes) {
    bool found = false;
    if (const std::optional<Type> type = type_from_spelling(suffix)) {
      unsigned type_index = 0;
      for (size_t i = 0; i < form.slots.size() && !found; ++i) {
        const Slot &slot = form.slots[i];
        if (!slot.is_type)
          continue;
        if (i >= next_type_slot &&
            std::find(slot.types.begin(), slot.types.end(), *type) != slot.types.end()) {
          m.types[type_index] = *type;
          filled |= uint64_t{1} << i;
          next_type_slot = i + 1;
          found = true;
        }
        ++type_index;
      }
    }
    for (size_t i = 0; i < form.slots.size() && !found; ++i) {
      const Slot &slot = form.slots[i];
      if (slot.is_type || (filled >> i & 1))
        continue;
      const uint64_t later = filled >> i;
      if (slot.before == Slot::Before::All ? later != 0
                                           : slot.before == Slot::Before::Next && (later & 2))
        continue; // in the wrong place
      if (const std::optional<Mod> mod = find(slot, suffix)) {
        m.mods.add(*mod);
        filled |= uint64_t{1} << i;
        found = true;
      }
    }
    if (found)
      ++m.consumed;
    else if (m.rejected.empty())
      m.rejected = suffix;
  }
  for (size_t i = 0; i < form.slots.size(); ++i)
    if (!form.slots[i].optional && !(filled >> i & 1)) {
      m.missing = &form.slots[i];
      break;
    }
  if (m.complete())
    for (const isa::Rule &r : form.rules)
      if (isa::holds_all(r.when, m.mods, m.types) && m.has_any(r.what) != r.needs) {
        m.broken = &r;
        break;
      }
  return m;
}

std::string alternatives(const Slot &slot) {
  std::string out;
  constexpr size_t kShown = 24;
  const size_t n = slot.is_type ? slot.types.size() : slot.mods.size();
  for (size_t i = 0; i < std::min(n, kShown); ++i)
    out += fmt::format("{}.{}", out.empty() ? "" : ", ",
                       slot.is_type ? info(slot.types[i]).spelling : isa::spelling(slot.mods[i]));
  return n > kShown ? out + ", ..." : out;
}

} // namespace

MnemonicTable::MnemonicTable(Arena &arena) : arena_(arena), entries_(512) {}

void MnemonicTable::set_target(unsigned version, unsigned sm, char sm_suffix) {
  version_ = version;
  sm_ = sm;
  sm_suffix_ = sm_suffix;
  std::fill(entries_.begin(), entries_.end(), Entry{});
  count_ = 0;
}

const Mnemonic &MnemonicTable::find(std::string_view opcode, std::string_view suffixes) {
  const uint64_t h = hash_of(opcode, suffixes);
  size_t i = h & (entries_.size() - 1);
  for (; entries_[i].mnemonic; i = (i + 1) & (entries_.size() - 1)) {
    const Mnemonic &m = *entries_[i].mnemonic;
    if (entries_[i].hash == h && m.text.size() == opcode.size() + suffixes.size() &&
        m.text.starts_with(opcode) && m.text.ends_with(suffixes))
      return m;
  }
  // In the text the suffixes follow the opcode directly, unless the caller has joined them.
  const std::string_view text =
      opcode.data() + opcode.size() == suffixes.data() || suffixes.empty()
          ? std::string_view(opcode.data(), opcode.size() + suffixes.size())
          : arena_.copy(std::string(opcode) + std::string(suffixes));
  Mnemonic *m = resolve(opcode, text, suffixes);
  entries_[i] = {h, m};
  if (++count_ * 2 > entries_.size()) {
    std::vector<Entry> bigger(entries_.size() * 2);
    for (const Entry &e : entries_) {
      if (!e.mnemonic)
        continue;
      size_t j = e.hash & (bigger.size() - 1);
      while (bigger[j].mnemonic)
        j = (j + 1) & (bigger.size() - 1);
      bigger[j] = e;
    }
    entries_ = std::move(bigger);
  }
  return *m;
}

static void check_requirements(Candidate &c, const Match &m, unsigned version, unsigned sm,
                               char suffix) {
  if (!isa::satisfies(c.form->requirement, version, sm, suffix)) {
    c.unmet = &c.form->requirement;
    return;
  }
  for (const isa::ConditionalRequirement &r : c.form->needs) {
    if (isa::holds_all(r.when, m.mods, m.types) &&
        !isa::satisfies(r.requirement, version, sm, suffix)) {
      c.unmet = &r.requirement;
      c.unmet_by = spelling(r.when.back());
      return;
    }
  }
}

Mnemonic *MnemonicTable::resolve(std::string_view opcode, std::string_view text,
                                 std::string_view suffix_text) {
  Mnemonic *m = arena_.make<Mnemonic>();
  m->text = text;
  std::vector<std::string_view> suffixes;
  for (size_t i = 0; i < suffix_text.size();) {
    const size_t next = std::min(suffix_text.find('.', i + 1), suffix_text.size());
    suffixes.push_back(suffix_text.substr(i + 1, next - i - 1));
    i = next;
  }
  const isa::Opcode *found = isa::find_opcode(opcode);
  if (!found) {
    std::string_view best;
    unsigned best_distance = opcode.size() < 4 ? 2 : 3;
    for (unsigned i = 0; i < isa::kOpcodeCount; ++i) {
      const std::string_view name = isa::spelling(static_cast<isa::Opcode>(i));
      const unsigned d = edit_distance(opcode, name, best_distance);
      if (d < best_distance)
        best = name, best_distance = d;
    }
    std::string error = fmt::format("unknown instruction '{}'", opcode);
    if (!best.empty())
      error += fmt::format("; did you mean '{}'?", best);
    m->error = arena_.copy(error);
    m->section = "9.7";
    return m;
  }
  m->opcode = *found;
  // wmma is written without .aligned before PTX ISA 6.3, and with it since (9.7.14.4).
  if (*found == isa::Opcode::wmma && version_ < 63) {
    if (std::ranges::count(suffixes, "aligned")) {
      m->error = "'.aligned' of 'wmma' requires PTX ISA 6.3; leave it out";
      m->section = "9.7.14.4";
      return m;
    }
    suffixes.push_back("aligned");
  }
  std::vector<Candidate> candidates;
  for (const Form &form : isa::forms(*found)) {
    const Match match_ = match(form, suffixes);
    if (!match_.complete())
      continue;
    Candidate c;
    c.form = &form;
    c.mods = match_.mods;
    c.types = arena_.copy(match_.types);
    check_requirements(c, match_, version_, sm_, sm_suffix_);
    candidates.push_back(c);
  }
  // Forms that the target has come first, so that a form of a later version never hides them.
  std::vector<Candidate> later;
  std::erase_if(candidates, [&](const Candidate &c) {
    if (c.unmet)
      later.push_back(c);
    return c.unmet != nullptr;
  });
  candidates.insert(candidates.end(), later.begin(), later.end());
  m->candidates = arena_.copy(candidates);
  if (candidates.empty())
    m->error = arena_.copy(explain(*found, opcode, suffixes, &m->section));
  return m;
}

std::string MnemonicTable::explain(isa::Opcode opcode, std::string_view opcode_text,
                                   const std::vector<std::string_view> &suffixes,
                                   std::string_view *section) const {
  const Form *best = nullptr;
  Match best_match;
  unsigned best_score = 0;
  for (const Form &form : isa::forms(opcode)) {
    Match m = match(form, suffixes);
    const unsigned score = 4 * m.consumed + (m.missing ? 0 : 2) + (m.rejected.empty() ? 1 : 0) +
                           1; // a broken rule is nearest of all
    if (score > best_score) {
      best = &form;
      best_match = std::move(m);
      best_score = score;
    }
  }
  *section = best->section;
  if (!best_match.rejected.empty()) {
    // A suffix that no form of the opcode knows: say which there are.
    std::vector<std::string> known;
    bool is_known = false;
    for (const Form &form : isa::forms(opcode))
      for (const Slot &slot : form.slots) {
        for (const Mod mod : slot.mods) {
          is_known |= isa::spelling(mod) == best_match.rejected;
          known.push_back("." + std::string(isa::spelling(mod)));
        }
        for (const Type type : slot.types) {
          is_known |= info(type).spelling == best_match.rejected;
          known.push_back("." + std::string(info(type).spelling));
        }
      }
    if (!is_known) {
      std::sort(known.begin(), known.end());
      known.erase(std::unique(known.begin(), known.end()), known.end());
      constexpr size_t kShown = 40;
      std::string list;
      for (size_t i = 0; i < std::min(known.size(), kShown); ++i)
        list += (list.empty() ? "" : ", ") + known[i];
      if (known.size() > kShown)
        list += ", ...";
      return known.empty() ? fmt::format("'{}' takes no modifiers; found '.{}'", opcode_text,
                                         best_match.rejected)
                           : fmt::format("'{}' has no modifier or type '.{}'; possible are {}",
                                         opcode_text, best_match.rejected, list);
    }
    return fmt::format("'.{}' cannot be used in this combination; the nearest form is '{}'",
                       best_match.rejected, best->syntax);
  }
  if (best_match.broken) {
    const isa::Rule &rule = *best_match.broken;
    std::string when, what;
    for (const isa::Term &t : rule.when)
      when += fmt::format("{}'.{}'", when.empty() ? "" : " with ", spelling(t));
    for (const isa::Term &t : rule.what)
      if (rule.needs || best_match.has(t))
        what += fmt::format("{}'.{}'", what.empty() ? "" : rule.needs ? " or " : ", ", spelling(t));
    return fmt::format("{} {} {} in '{}'", when, rule.needs ? "needs" : "cannot be combined with",
                       what, opcode_text);
  }
  return fmt::format("'{}' lacks {}{}; the nearest form is '{}'", opcode_text,
                     (best_match.missing->is_type ? best_match.missing->types.size()
                                                  : best_match.missing->mods.size()) > 1
                         ? "one of "
                         : "",
                     alternatives(*best_match.missing), best->syntax);
}

} // namespace w2w::ptx
