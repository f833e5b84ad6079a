#include "frontend/parse/symbols.h"

#include <algorithm>
#include <iterator>

namespace w2w::ptx {

SymbolTable::SymbolTable() : table_(1024) {}

uint32_t SymbolTable::hash(std::string_view s) {
  uint64_t h = 0x9e3779b97f4a7c15u ^ s.size();
  const char *p = s.data();
  size_t n = s.size();
  while (n >= 8) {
    uint64_t w;
    std::memcpy(&w, p, 8);
    h = (h ^ w) * 0xff51afd7ed558ccdu;
    h ^= h >> 32;
    p += 8;
    n -= 8;
  }
  uint64_t w = 0;
  std::memcpy(&w, p, n);
  h = (h ^ w) * 0xff51afd7ed558ccdu;
  h ^= h >> 29;
  h *= 0xc4ceb9fe1a85ec53u;
  return static_cast<uint32_t>(h >> 32);
}

void SymbolTable::rehash() {
  std::vector<Name *> bigger(table_.size() * 2);
  for (Name *n : table_) {
    if (!n)
      continue;
    size_t i = n->hash & (bigger.size() - 1);
    while (bigger[i])
      i = (i + 1) & (bigger.size() - 1);
    bigger[i] = n;
  }
  table_ = std::move(bigger);
}

Name *SymbolTable::find(std::string_view text) const {
  const uint32_t h = hash(text);
  for (size_t i = h & (table_.size() - 1); table_[i]; i = (i + 1) & (table_.size() - 1))
    if (table_[i]->hash == h && table_[i]->text == text)
      return table_[i];
  return nullptr;
}

Name *SymbolTable::intern(std::string_view text) {
  const uint32_t h = hash(text);
  size_t i = h & (table_.size() - 1);
  for (; table_[i]; i = (i + 1) & (table_.size() - 1))
    if (table_[i]->hash == h && table_[i]->text == text)
      return table_[i];
  Name *name = names_.make<Name>();
  name->text = text;
  name->hash = h;
  table_[i] = name;
  if (++count_ * 2 > table_.size())
    rehash();
  return name;
}

void SymbolTable::bind(Name *name, Symbol symbol) {
  symbol.depth = depth_;
  if (depth_ > 0)
    log_.push_back({name, name->symbol, name->range});
  name->symbol = symbol;
  name->epoch = 0; // it may hide a register of a range
}

void SymbolTable::bind_global(Name *name, Symbol symbol) {
  symbol.depth = 0;
  // Where an inner scope hides the name already, the binding shows up when that scope is left.
  for (Undo &u : log_)
    if (u.name == name && u.symbol.depth == 0) {
      u.symbol = symbol;
      return;
    }
  name->symbol = symbol;
}

void SymbolTable::bind_range(Name *name, RegisterRange *range) {
  if (depth_ > 0)
    log_.push_back({name, name->symbol, name->range});
  name->range = range;
  ++epoch_;
}

void SymbolTable::leave() {
  const size_t mark = marks_.back();
  marks_.pop_back();
  while (log_.size() > mark) {
    const Undo &u = log_.back();
    u.name->symbol = u.symbol;
    u.name->epoch = 0;
    epoch_ += u.name->range != u.range;
    u.name->range = u.range;
    log_.pop_back();
  }
  --depth_;
}

unsigned edit_distance(std::string_view a, std::string_view b, unsigned limit) {
  const size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > limit || a.size() > 64 || b.size() > 64)
    return limit + 1;
  // Two neighbours that are exchanged count as one edit.
  unsigned before[65] = {}, last[65] = {}, row[65] = {};
  for (unsigned j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (unsigned i = 1; i <= a.size(); ++i) {
    std::copy(std::begin(last), std::end(last), before);
    std::copy(std::begin(row), std::end(row), last);
    row[0] = i;
    for (unsigned j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j - 1] + (a[i - 1] != b[j - 1]), last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

} // namespace w2w::ptx
