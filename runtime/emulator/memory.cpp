// The program's memory: device, pinned, managed, registered.
#include "runtime/emulator/device.h"

#include <algorithm>

namespace w2w::emu {

namespace {
uint64_t page_floor(uint64_t address) {
  return address & ~(MemoryMap::kPage - 1);
}
} // namespace

void Platform::enter(const Allocation &a) {
  for (const auto &device : devices)
    if (a.kind != MemoryKind::Device || device->index == a.device ||
        device->peers.contains(a.device))
      device->map.add(a.address, a.address + a.bytes);
}

void Platform::leave(const Allocation &a) {
  for (const auto &device : devices)
    device->map.remove(a.address);
}

hipError_t Platform::allocate(MemoryKind kind, Device &device, uint64_t bytes, unsigned flags,
                              void **out) {
  Arena &arena = kind == MemoryKind::Device ? device.memory : *host;
  constexpr uint64_t kBig = uint64_t{2} << 20;
  uint64_t address = arena.allocate(bytes, bytes >= kBig ? kBig : MemoryMap::kPage);
  if (!address)
    return hip::hipErrorOutOfMemory;
  Allocation a{address, bytes, kind, device.index, flags};
  std::lock_guard lock(memory_mutex_);
  allocations_[address] = a;
  enter(a);
  *out = reinterpret_cast<void *>(address);
  return hip::hipSuccess;
}

hipError_t Platform::free(uint64_t address, MemoryKind kind) {
  std::vector<Device *> users; // whose work may still use the memory
  {
    std::lock_guard lock(memory_mutex_);
    auto it = allocations_.find(address);
    if (it == allocations_.end() || it->second.kind == MemoryKind::Registered)
      return hip::hipErrorInvalidValue;
    const Allocation &a = it->second;
    // hipFree takes device and managed memory, hipHostFree pinned memory.
    if ((a.kind == MemoryKind::Pinned) != (kind == MemoryKind::Pinned))
      return hip::hipErrorInvalidValue;
    for (const auto &device : devices)
      if (a.kind != MemoryKind::Device || device->index == a.device ||
          device->peers.contains(a.device))
        users.push_back(device.get());
  }
  for (Device *user : users)
    synchronize(*user);
  return free_in_order(address);
}

hipError_t Platform::free_in_order(uint64_t address) {
  std::lock_guard lock(memory_mutex_);
  auto it = allocations_.find(address);
  if (it == allocations_.end())
    return hip::hipErrorInvalidValue;
  Allocation a = it->second;
  allocations_.erase(it);
  leave(a);
  (a.kind == MemoryKind::Device ? devices[static_cast<size_t>(a.device)]->memory : *host)
      .release(address);
  return hip::hipSuccess;
}

hipError_t Platform::register_host(uint64_t address, uint64_t bytes, unsigned flags,
                                   Device &device) {
  if (!address || !bytes || address + bytes < address)
    return hip::hipErrorInvalidValue;
  Allocation a{address, bytes, MemoryKind::Registered, device.index, flags};
  std::lock_guard lock(memory_mutex_);
  auto above = allocations_.upper_bound(address + bytes - 1);
  if (above != allocations_.begin()) {
    const Allocation &below = std::prev(above)->second;
    if (below.address + below.bytes > address)
      return hip::hipErrorHostMemoryAlreadyRegistered;
  }
  // Neighbours may share a page: what is new of [address, address + bytes) is entered, page by
  // page.
  allocations_[address] = a;
  for (const auto &each : devices) {
    uint64_t lo = page_floor(address), end = address + bytes;
    while (lo < end) {
      auto there = each->map.find(lo);
      if (there) {
        lo = there->hi;
        continue;
      }
      uint64_t hi = lo + MemoryMap::kPage;
      if (!each->map.find(end - 1))
        hi = end; // the usual case: the rest is new
      if (!each->map.add(lo, hi))
        hi = lo + MemoryMap::kPage, each->map.add(lo, hi);
      lo = std::max(hi, lo + MemoryMap::kPage);
    }
  }
  return hip::hipSuccess;
}

hipError_t Platform::unregister_host(uint64_t address) {
  {
    std::lock_guard lock(memory_mutex_);
    auto it = allocations_.find(address);
    if (it == allocations_.end() || it->second.kind != MemoryKind::Registered)
      return hip::hipErrorHostMemoryNotRegistered;
  }
  for (const auto &device : devices)
    synchronize(*device);
  std::lock_guard lock(memory_mutex_);
  auto it = allocations_.find(address);
  if (it == allocations_.end())
    return hip::hipErrorHostMemoryNotRegistered;
  Allocation a = it->second;
  allocations_.erase(it);
  auto registered = [this](uint64_t lo,
                           uint64_t hi) { // whether another registration covers a byte of the pages
    auto above = allocations_.lower_bound(hi);
    return above != allocations_.begin() &&
           std::prev(above)->second.address + std::prev(above)->second.bytes > lo;
  };
  for (const auto &device : devices) {
    uint64_t lo = page_floor(a.address), end = a.address + a.bytes;
    while (lo < end) {
      auto range = device->map.find(lo);
      if (!range) {
        lo += MemoryMap::kPage;
        continue;
      }
      device->map.remove(range->lo);
      for (uint64_t page = range->lo; page < range->hi; page += MemoryMap::kPage)
        if (registered(page, page + MemoryMap::kPage))
          device->map.add(page, page + MemoryMap::kPage);
      lo = range->hi;
    }
  }
  return hip::hipSuccess;
}

std::optional<Allocation> Platform::find(uint64_t address) {
  std::lock_guard lock(memory_mutex_);
  auto it = allocations_.upper_bound(address);
  if (it == allocations_.begin())
    return std::nullopt;
  --it;
  if (address - it->first >= std::max<uint64_t>(it->second.bytes, 1))
    return std::nullopt;
  return it->second;
}

bool Platform::device_can_reach(uint64_t address, uint64_t bytes) {
  if (address + bytes < address)
    return false;
  return std::any_of(devices.begin(), devices.end(), [&](const auto &device) {
    return device->map.accessible(address, address + bytes, Access::Read);
  });
}

hipError_t Platform::enable_peer(Device &device, Device &peer) {
  std::lock_guard lock(memory_mutex_);
  if (!device.peers.insert(peer.index).second)
    return hip::hipErrorPeerAccessAlreadyEnabled;
  for (const auto &[address, a] : allocations_)
    if (a.kind == MemoryKind::Device && a.device == peer.index)
      device.map.add(a.address, a.address + a.bytes);
  return hip::hipSuccess;
}

hipError_t Platform::disable_peer(Device &device, Device &peer) {
  std::lock_guard lock(memory_mutex_);
  if (!device.peers.erase(peer.index))
    return hip::hipErrorPeerAccessNotEnabled;
  for (const auto &[address, a] : allocations_)
    if (a.kind == MemoryKind::Device && a.device == peer.index)
      device.map.remove(a.address);
  return hip::hipSuccess;
}

void Platform::disable_peers(Device &device) {
  std::lock_guard lock(memory_mutex_);
  for (const auto &[address, a] : allocations_)
    if (a.kind == MemoryKind::Device && device.peers.contains(a.device))
      device.map.remove(a.address);
  device.peers.clear();
}

void Platform::free_all(Device &device) {
  std::lock_guard lock(memory_mutex_);
  for (auto it = allocations_.begin(); it != allocations_.end();) {
    const Allocation a = it->second;
    if (a.device != device.index || a.kind == MemoryKind::Registered) {
      ++it;
      continue;
    }
    leave(a);
    (a.kind == MemoryKind::Device ? device.memory : *host).release(a.address);
    it = allocations_.erase(it);
  }
}

} // namespace w2w::emu
