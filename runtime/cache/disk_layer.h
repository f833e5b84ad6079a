// The disk layer: one file per entry, shared by any number of processes.
#pragma once

#include "runtime/cache/cache.h"

#include <atomic>
#include <optional>
#include <string>

namespace w2w::cache {

/// $CUDA_CACHE_PATH/warp2wave, $XDG_CACHE_HOME/warp2wave or ~/.cache/warp2wave; nothing if none is
/// set.
std::optional<std::string> default_cache_folder();
/// CUDA_CACHE_MAXSIZE in bytes; 1 GiB if unset or malformed (CUDA's default since 12.x on servers),
/// at most 4 TiB.
uint64_t cache_size_limit();

/// Files <root>/v1/<2 hex digits>/<30 hex digits>.<kind>: a 48-byte header (magic, format version,
/// kind, payload size, checksum, key) and the payload. Files appear by rename, so a reader never
/// sees a part of one; the checksum catches what a crash of the machine leaves behind. Recently
/// used = modification time, refreshed on use.
class DiskLayer : public Layer {
public:
  DiskLayer(std::string root, uint64_t limit_bytes);
  SharedBytes find(Kind kind, const Hash128 &key) override;
  void store(Kind kind, const Hash128 &key, const SharedBytes &bytes) override;

  struct Contents {
    uint64_t files = 0, bytes = 0;
  };
  Contents contents() const;
  /// Deletes least recently used entries until at most `target_bytes` are left, and leftovers of
  /// interrupted writes. Returns what is left. Does nothing (and says so by an empty optional)
  /// while another process prunes.
  std::optional<Contents> prune(uint64_t target_bytes);

  std::string file_of(Kind kind, const Hash128 &key) const;

private:
  std::string root_; // with the format version
  uint64_t limit_;
  std::atomic<bool> usable_ = true; // false after a failure to write: said once, then silent
  std::atomic<int64_t> size_ = -1;  // estimate: scanned on the first store, then counted up
};

} // namespace w2w::cache
