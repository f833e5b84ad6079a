// What the race check remembers of memory: for each dword the last accesses, by whom and when.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace w2w::emu::check {

/// One remembered access to some bytes of a dword.
struct Slot {
  uint32_t unit = 0;  ///< who (race_check.h); 0: empty
  uint32_t clock = 0; ///< the unit's clock then
  int32_t pc = 0;     ///< relative to the kernel's entry
  uint8_t bytes = 0;  ///< which of the four
  uint8_t kind = 0;   ///< AccessKind
  uint8_t lane = 0;   ///< in its wave
  uint8_t pad = 0;
  uint32_t value = 0; ///< plain writes: what they put into these bytes
};
struct Cell {
  Slot slots[4];
};

/// Cells of global memory by page, of the launches that run now. Pages are locked while used.
class GlobalShadow {
public:
  static constexpr uint64_t kPage = 4096;
  struct Page {
    Cell cells[kPage / 4];
  };
  struct Locked {
    std::unique_lock<std::mutex> lock;
    Page *page;
  };
  /// The page that holds the address.
  Locked lock(uint64_t address) {
    Shard &shard = shards_[address / kPage % std::size(shards_)];
    std::unique_lock guard(shard.mutex);
    auto &page = shard.pages[address / kPage];
    if (!page)
      page = std::make_unique<Page>();
    return {std::move(guard), page.get()};
  }
  void clear() {
    for (Shard &shard : shards_) {
      std::lock_guard guard(shard.mutex);
      shard.pages.clear();
    }
  }

private:
  struct Shard {
    std::mutex mutex;
    std::unordered_map<uint64_t, std::unique_ptr<Page>> pages;
  };
  Shard shards_[64];
};

} // namespace w2w::emu::check
