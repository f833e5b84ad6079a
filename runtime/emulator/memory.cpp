// The program's memory: device, pinned, managed, registered.
#include "runtime/emulator/device.h"

#include "runtime/emulator/check/blocks.h"
#include "runtime/emulator/check/options.h"

#include <algorithm>

namespace w2w::emu {

namespace {
uint64_t page_floor(uint64_t address) {
  return address & ~(MemoryMap::kPage - 1);
}
check::BlockKind block_kind(MemoryKind kind) {
  switch (kind) {
  case MemoryKind::Device:
    return check::BlockKind::Device;
  case MemoryKind::Pinned:
    return check::BlockKind::Pinned;
  case MemoryKind::Managed:
    return check::BlockKind::Managed;
  case MemoryKind::Registered:
    break;
  }
  return check::BlockKind::Registered;
}
/// Freed memory that W2W_CHECK=memory keeps from being given out again.
constexpr uint64_t kMostQuarantined = uint64_t{256} << 20;
} // namespace

void Platform::enter(const Allocation &a) {
  for (const auto &device : devices)
    if (a.kind != MemoryKind::Device || device->index == a.device ||
        device->peers.contains(a.device))
      device->map.add(a.address, a.address + a.bytes, true,
                      a.kind == MemoryKind::Device && device->index == a.device ? Place::Own
                                                                                : Place::Elsewhere);
  check::allocated(a.address, a.bytes, block_kind(a.kind));
}

void Platform::leave(const Allocation &a) {
  for (const auto &device : devices)
    device->map.remove(a.address);
  check::freed(a.address);
}

void Platform::release(const Allocation &a) {
  Arena &arena =
      a.kind == MemoryKind::Device ? devices[static_cast<size_t>(a.device)]->memory : *host;
  if (!check::options().memory) {
    arena.release(a.address);
    return;
  }
  quarantine_.push_back({&arena, a.address, a.bytes});
  quarantined_ += a.bytes;
  while (quarantined_ > kMostQuarantined)
    release_oldest();
}

void Platform::release_oldest() {
  const Quarantined oldest = quarantine_.front();
  quarantine_.pop_front();
  quarantined_ -= oldest.bytes;
  oldest.arena->release(oldest.address);
}

uint64_t Platform::quarantined(const Arena &arena) {
  std::lock_guard lock(memory_mutex_);
  uint64_t bytes = 0;
  for (const Quarantined &each : quarantine_)
    if (each.arena == &arena)
      bytes += arena.find(each.address)->bytes;
  return bytes;
}

hipError_t Platform::allocate(MemoryKind kind, Device &device, uint64_t bytes, unsigned flags,
                              void **out) {
  Arena &arena = kind == MemoryKind::Device ? device.memory : *host;
  constexpr uint64_t kBig = uint64_t{2} << 20;
  uint64_t align = bytes >= kBig ? kBig : MemoryMap::kPage;
  uint64_t padded = bytes + check::red_zone() < bytes ? bytes : bytes + check::red_zone();
  uint64_t address = arena.allocate(padded, align);
  std::lock_guard lock(memory_mutex_);
  // What the checks keep for themselves is given up before a program would notice.
  for (; !address && !quarantine_.empty(); address = arena.allocate(padded, align))
    release_oldest();
  if (!address && padded != bytes)
    address = arena.allocate(bytes, align);
  if (!address)
    return hip::hipErrorOutOfMemory;
  Allocation a{address, bytes, kind, device.index, flags};
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
  release(a);
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
  check::allocated(address, bytes, check::BlockKind::Registered);
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
      if (!each->map.add(lo, hi, true, Place::Elsewhere))
        hi = lo + MemoryMap::kPage, each->map.add(lo, hi, true, Place::Elsewhere);
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
  check::left(address);
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
          device->map.add(page, page + MemoryMap::kPage, true, Place::Elsewhere);
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
      device.map.add(a.address, a.address + a.bytes, true, Place::Elsewhere);
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
    release(a);
    it = allocations_.erase(it);
  }
}

} // namespace w2w::emu
