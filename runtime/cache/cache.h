// The code-object cache: what the compiler made, found again by key. Failures are misses, never
// errors.
#pragma once

#include "runtime/support/hash.h"

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace w2w::cache {

enum class Kind : uint32_t { Summary = 1, Kernel = 2 };

using Bytes = std::vector<uint8_t>;
using SharedBytes = std::shared_ptr<const Bytes>;

/// One place to look. Safe to call from several threads.
class Layer {
public:
  virtual ~Layer() = default;
  /// Null: not there (or damaged, which the layer has cleaned up).
  virtual SharedBytes find(Kind kind, const Hash128 &key) = 0;
  virtual void store(Kind kind, const Hash128 &key, const SharedBytes &bytes) = 0;
};

/// Least recently used entries of this process, up to a number of bytes.
class MemoryLayer : public Layer {
public:
  explicit MemoryLayer(size_t limit_bytes) : limit_(limit_bytes) {}
  SharedBytes find(Kind kind, const Hash128 &key) override;
  void store(Kind kind, const Hash128 &key, const SharedBytes &bytes) override;
  size_t bytes_held() const;

private:
  struct Id {
    Kind kind;
    Hash128 key;
    bool operator==(const Id &) const = default;
  };
  struct HashOfId {
    size_t operator()(const Id &id) const { return id.key.low ^ static_cast<size_t>(id.kind); }
  };
  struct Item {
    Id id;
    SharedBytes bytes;
  };
  mutable std::mutex mutex_;
  std::list<Item> items_; // most recently used first
  std::unordered_map<Id, std::list<Item>::iterator, HashOfId> index_;
  size_t held_ = 0, limit_;
};

struct Statistics {
  uint64_t memory_hits = 0, disk_hits = 0, misses = 0, stores = 0;
};

/// All layers in order of speed. A hit in a slower one is copied into the faster ones.
class Cache {
public:
  explicit Cache(std::vector<std::unique_ptr<Layer>> layers) : layers_(std::move(layers)) {}
  SharedBytes find(Kind kind, const Hash128 &key);
  void store(Kind kind, const Hash128 &key, const SharedBytes &bytes);
  Statistics statistics() const;

private:
  std::vector<std::unique_ptr<Layer>> layers_;
  mutable std::mutex mutex_;
  Statistics statistics_;
};

/// The process's cache, set up from CUDA_CACHE_DISABLE, CUDA_CACHE_PATH and CUDA_CACHE_MAXSIZE on
/// first use.
Cache &process_cache();

} // namespace w2w::cache
