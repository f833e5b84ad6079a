#include "runtime/cache/cache.h"

#include "runtime/cache/disk_layer.h"
#include "runtime/support/log.h"
#include "runtime/support/options.h"

#include <charconv>

namespace w2w::cache {

SharedBytes MemoryLayer::find(Kind kind, const Hash128 &key) {
  std::lock_guard lock(mutex_);
  auto it = index_.find(Id{kind, key});
  if (it == index_.end())
    return nullptr;
  items_.splice(items_.begin(), items_, it->second);
  return it->second->bytes;
}

void MemoryLayer::store(Kind kind, const Hash128 &key, const SharedBytes &bytes) {
  if (!bytes || bytes->size() > limit_)
    return;
  std::lock_guard lock(mutex_);
  Id id{kind, key};
  if (auto it = index_.find(id); it != index_.end()) {
    held_ -= it->second->bytes->size();
    items_.erase(it->second);
    index_.erase(it);
  }
  items_.push_front({id, bytes});
  index_[id] = items_.begin();
  held_ += bytes->size();
  while (held_ > limit_) {
    held_ -= items_.back().bytes->size();
    index_.erase(items_.back().id);
    items_.pop_back();
  }
}

size_t MemoryLayer::bytes_held() const {
  std::lock_guard lock(mutex_);
  return held_;
}

SharedBytes Cache::find(Kind kind, const Hash128 &key) {
  for (size_t i = 0; i < layers_.size(); ++i) {
    SharedBytes bytes = layers_[i]->find(kind, key);
    if (!bytes)
      continue;
    for (size_t faster = 0; faster < i; ++faster)
      layers_[faster]->store(kind, key, bytes);
    std::lock_guard lock(mutex_);
    ++(i == 0 ? statistics_.memory_hits : statistics_.disk_hits);
    return bytes;
  }
  std::lock_guard lock(mutex_);
  ++statistics_.misses;
  return nullptr;
}

void Cache::store(Kind kind, const Hash128 &key, const SharedBytes &bytes) {
  for (auto &layer : layers_)
    layer->store(kind, key, bytes);
  std::lock_guard lock(mutex_);
  ++statistics_.stores;
}

Statistics Cache::statistics() const {
  std::lock_guard lock(mutex_);
  return statistics_;
}

Cache &process_cache() {
  static Cache *cache = [] {
    std::vector<std::unique_ptr<Layer>> layers;
    layers.push_back(std::make_unique<MemoryLayer>(size_t{256} << 20));
    if (environment_flag("CUDA_CACHE_DISABLE")) {
      log_info("CUDA_CACHE_DISABLE is set: nothing is kept on disk");
    } else if (std::optional<std::string> root = default_cache_folder()) {
      layers.push_back(std::make_unique<DiskLayer>(*root, cache_size_limit()));
    } else {
      log_warn("no cache on disk: set CUDA_CACHE_PATH, XDG_CACHE_HOME or HOME");
    }
    return new Cache(std::move(layers));
  }();
  return *cache;
}

} // namespace w2w::cache
