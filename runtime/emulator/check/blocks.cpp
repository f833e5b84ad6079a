#include "runtime/emulator/check/blocks.h"

#include "runtime/emulator/check/options.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <mutex>
#include <sys/mman.h>

namespace w2w::emu::check {

namespace {

/// The value that starts at or before the key and the address lies in, or null.
template <typename Map> typename Map::mapped_type holder(const Map &map, uint64_t address) {
  auto it = map.upper_bound(address);
  if (it == map.begin())
    return nullptr;
  --it;
  return address < it->second->hi ? it->second : nullptr;
}

constexpr const char *kOrigins[] = {"hipMalloc",       "hipHostMalloc", "hipMallocManaged",
                                    "hipHostRegister", "code object",   "kernel arguments"};

std::string origin(const Block &block) {
  return fmt::format("{} #{}", kOrigins[static_cast<unsigned>(block.kind)], block.serial);
}

} // namespace

Block::~Block() {
  if (defined)
    munmap(defined, hi - lo);
}

const Part *Block::part(uint64_t a) const {
  auto above = std::upper_bound(parts.begin(), parts.end(), a,
                                [](uint64_t x, const Part &p) { return x < p.lo; });
  return above == parts.begin() ? nullptr : &*std::prev(above);
}

bool Block::permits(uint64_t a, uint64_t size) const {
  for (const Range &range : fenced) {
    if (a + size <= range.lo || a >= range.hi)
      continue;
    const Part *p = part(a);
    return p && a + size <= p->hi;
  }
  return true;
}

Blocks &Blocks::instance() {
  static Blocks *blocks = new Blocks();
  return *blocks;
}

void Blocks::insert(std::shared_ptr<Block> block) {
  // What was freed here is forgotten: the addresses are somebody else's now.
  auto it = freed_.lower_bound(block->lo);
  if (it != freed_.begin() && std::prev(it)->second->hi > block->lo)
    --it;
  while (it != freed_.end() && it->first < block->hi)
    it = freed_.erase(it);
  live_[block->lo] = std::move(block);
}

void Blocks::enter(uint64_t address, uint64_t bytes, BlockKind kind) {
  auto block = std::make_shared<Block>();
  block->lo = address;
  block->hi = address + bytes;
  block->kind = kind;
  if (options().uninit && kind == BlockKind::Device) {
    // Zero pages: nothing is defined. They come to be when touched.
    void *p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p != MAP_FAILED)
      block->defined = static_cast<uint8_t *>(p);
  }
  std::unique_lock lock(mutex_);
  block->serial = ++serials_[static_cast<unsigned>(kind)];
  insert(std::move(block));
}

void Blocks::enter_code_object(uint64_t address, uint64_t bytes, std::vector<Range> fenced,
                               std::vector<Part> parts) {
  auto block = std::make_shared<Block>();
  block->lo = address;
  block->hi = address + bytes;
  block->kind = BlockKind::CodeObject;
  block->fenced = std::move(fenced);
  block->parts = std::move(parts);
  std::sort(block->parts.begin(), block->parts.end(),
            [](const Part &a, const Part &b) { return a.lo < b.lo; });
  std::unique_lock lock(mutex_);
  block->serial = ++serials_[static_cast<unsigned>(BlockKind::CodeObject)];
  insert(std::move(block));
}

void Blocks::leave(uint64_t address, bool remember) {
  std::unique_lock lock(mutex_);
  auto it = live_.find(address);
  if (it == live_.end())
    return;
  if (remember)
    freed_[address] = it->second;
  live_.erase(it);
  epoch_.fetch_add(1, std::memory_order_release);
}

BlockPtr Blocks::find(uint64_t address) const {
  std::shared_lock lock(mutex_);
  return holder(live_, address);
}

std::string Blocks::describe(uint64_t address, bool &freed) const {
  std::shared_lock lock(mutex_);
  freed = false;
  auto bytes = [](const Block &b) {
    return fmt::format("the {} bytes allocated at {:#x} ({})", b.hi - b.lo, b.lo, origin(b));
  };
  if (auto block = holder(live_, address)) {
    const Part *part = block->part(address);
    if (part && address < part->hi)
      return fmt::format("{} bytes into variable '{}' of {} bytes", address - part->lo, part->name,
                         part->hi - part->lo);
    if (part && !block->permits(address, 1))
      return fmt::format("{} bytes past the end of variable '{}' of {} bytes", address - part->hi,
                         part->name, part->hi - part->lo);
    return fmt::format("{} bytes into {}", address - block->lo, bytes(*block));
  }
  if (auto block = holder(freed_, address)) {
    freed = true;
    return fmt::format("{} bytes into {}, which were freed", address - block->lo, bytes(*block));
  }
  constexpr uint64_t kNear = uint64_t{1} << 20;
  auto above = live_.upper_bound(address);
  const Block *before = above == live_.begin() ? nullptr : std::prev(above)->second.get();
  const Block *after = above == live_.end() ? nullptr : above->second.get();
  uint64_t past = before ? address - before->hi : UINT64_MAX;
  uint64_t short_of = after ? after->lo - address : UINT64_MAX;
  if (past <= short_of && past <= kNear)
    return fmt::format("{} bytes past the end of {}", past, bytes(*before));
  if (short_of <= kNear)
    return fmt::format("{} bytes before {}", short_of, bytes(*after));
  return address < kNear ? "a null pointer"
                         : "no memory of the device: never allocated, or pageable host memory";
}

void Blocks::define(uint64_t address, uint64_t bytes) {
  while (bytes) {
    BlockPtr block = find(address);
    if (!block)
      return;
    uint64_t n = std::min(bytes, block->hi - address);
    if (block->defined)
      memset(block->defined + (address - block->lo), 0xff, n);
    address += n;
    bytes -= n;
  }
}

void Blocks::copy(uint64_t to, uint64_t from, uint64_t bytes) {
  BlockPtr target = find(to), source = find(from);
  if (!target || !target->defined)
    return;
  bytes = std::min(bytes, target->hi - to);
  uint8_t *at = target->defined + (to - target->lo);
  if (source && source->defined && bytes <= source->hi - from)
    memmove(at, source->defined + (from - source->lo), bytes);
  else
    memset(at, 0xff, bytes);
}

const Block *BlockCache::find(uint64_t address) {
  const Blocks &blocks = Blocks::instance();
  if (uint64_t now = blocks.epoch(); now != epoch_) {
    for (BlockPtr &entry : entries_)
      entry.reset();
    epoch_ = now;
  }
  for (const BlockPtr &entry : entries_)
    if (entry && address >= entry->lo && address < entry->hi)
      return entry.get();
  BlockPtr found = blocks.find(address);
  if (!found)
    return nullptr;
  BlockPtr &entry = entries_[next_++ % std::size(entries_)];
  entry = std::move(found);
  return entry.get();
}

namespace {
bool wanted() {
  return options().memory || options().uninit || options().race;
}
} // namespace

void allocated(uint64_t address, uint64_t bytes, BlockKind kind) {
  if (wanted())
    Blocks::instance().enter(address, bytes, kind);
}
void freed(uint64_t address) {
  if (wanted())
    Blocks::instance().leave(address, true);
}
void entered_code_object(uint64_t address, uint64_t bytes, std::vector<Range> fenced,
                         std::vector<Part> parts) {
  if (wanted())
    Blocks::instance().enter_code_object(address, bytes, std::move(fenced), std::move(parts));
}
void left(uint64_t address) {
  if (wanted())
    Blocks::instance().leave(address, false);
}
void host_wrote(uint64_t address, uint64_t bytes) {
  if (options().uninit)
    Blocks::instance().define(address, bytes);
}
void host_copied(uint64_t to, uint64_t from, uint64_t bytes) {
  if (options().uninit)
    Blocks::instance().copy(to, from, bytes);
}
uint64_t red_zone() {
  constexpr uint64_t kRedZone = 64 << 10;
  return options().memory ? kRedZone : 0;
}

} // namespace w2w::emu::check
