// Every piece of memory that a kernel may touch, with its exact bounds: the program's allocations,
// code objects with their variables, launch blocks. The page map (memory_map.h) knows pages; this
// knows bytes, whose they are, what was freed and which bytes hold a value.
//
// Filled only if W2W_CHECK asks for the memory or the uninit check.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

namespace w2w::emu::check {

enum class BlockKind : uint8_t { Device, Pinned, Managed, Registered, CodeObject, Launch };

/// A module variable.
struct Part {
  uint64_t lo = 0, hi = 0;
  std::string name;
};
struct Range {
  uint64_t lo = 0, hi = 0;
};

struct Block {
  uint64_t lo = 0, hi = 0;
  BlockKind kind = BlockKind::Device;
  uint64_t serial = 0; ///< n-th of its kind, from 1
  /// Of a code object: ranges (.data, .bss) in which only variables may be touched, and all
  /// variables, both sorted.
  std::vector<Range> fenced;
  std::vector<Part> parts;
  /// One bit for each bit of the block, set once it holds a value. Null: all do.
  uint8_t *defined = nullptr;

  Block() = default;
  Block(const Block &) = delete;
  Block &operator=(const Block &) = delete;
  ~Block();
  /// Whether [a, a + size), which lies in the block, may be touched: in fenced ranges it must lie
  /// in one variable.
  bool permits(uint64_t a, uint64_t size) const;
  /// The last variable that starts at or before the address; null if none.
  const Part *part(uint64_t a) const;
};
using BlockPtr = std::shared_ptr<const Block>;

class Blocks {
public:
  /// The one of the process; never destroyed.
  static Blocks &instance();

  void enter(uint64_t address, uint64_t bytes, BlockKind kind);
  void enter_code_object(uint64_t address, uint64_t bytes, std::vector<Range> fenced,
                         std::vector<Part> parts);
  /// `remember`: accesses to it from now on are use after free, until the addresses are used again.
  void leave(uint64_t address, bool remember);

  /// The live block that holds the address; null if none.
  BlockPtr find(uint64_t address) const;
  /// What lies at or near an address, for reports: "12 bytes past the end of the 400 bytes
  /// allocated at 0x... (hipMalloc #3)". `freed`: the address lies in freed memory.
  std::string describe(uint64_t address, bool &freed) const;

  /// The host wrote to, or copied between, memory that kernels see.
  void define(uint64_t address, uint64_t bytes);
  void copy(uint64_t to, uint64_t from, uint64_t bytes);

  /// Changes whenever a block leaves: what was found before may be gone.
  uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }

private:
  void insert(std::shared_ptr<Block> block);

  mutable std::shared_mutex mutex_;
  std::map<uint64_t, std::shared_ptr<Block>> live_, freed_;
  uint64_t serials_[6] = {};
  std::atomic<uint64_t> epoch_{1};
};

/// The last blocks that one user (a workgroup's checks) has met.
class BlockCache {
public:
  /// The live block that holds the address, or null; valid until the next call.
  const Block *find(uint64_t address);

private:
  uint64_t epoch_ = 0;
  unsigned next_ = 0;
  BlockPtr entries_[8];
};

// What the rest of the emulator tells; each does nothing unless a check wants it.
void allocated(uint64_t address, uint64_t bytes, BlockKind kind);
void freed(uint64_t address);
void entered_code_object(uint64_t address, uint64_t bytes, std::vector<Range> fenced,
                         std::vector<Part> parts);
/// As freed(), of what the program did not allocate.
void left(uint64_t address);
void host_wrote(uint64_t address, uint64_t bytes);
void host_copied(uint64_t to, uint64_t from, uint64_t bytes);
/// Bytes after each allocation that belong to nobody.
uint64_t red_zone();

} // namespace w2w::emu::check
