#include "runtime/emulator/weak/caches.h"

#include <algorithm>
#include <cstring>

namespace w2w::emu::weak {

Cache::Cache(unsigned lines) : count_(lines), tags_(new uint64_t[lines]), lines_(new Line[lines]) {
  drop_all();
}

Line *Cache::find(uint64_t address) {
  unsigned k = slot(address);
  return tags_[k] == address ? &lines_[k] : nullptr;
}

void Cache::reset(unsigned k, uint64_t address) {
  tags_[k] = lines_[k].address = address;
  std::memset(lines_[k].state, 0, sizeof lines_[k].state);
}

void Cache::drop(uint64_t address) {
  if (Line *line = find(address))
    drop(*line);
}

void Cache::drop_all() {
  std::fill_n(tags_.get(), count_, kNone);
}

} // namespace w2w::emu::weak
