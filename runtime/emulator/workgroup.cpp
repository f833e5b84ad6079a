#include "runtime/emulator/workgroup.h"

#include "runtime/emulator/config.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <new>
#include <sys/mman.h>

namespace w2w::emu {

namespace {

/// Instructions a wave may run before its neighbours get their turn: long enough that its registers
/// stay in the cache, short enough that a wave waiting for a neighbour's flag costs little.
constexpr uint64_t kWaveSlice = 4096;
/// In the weak mode: most slices are of a few instructions.
constexpr uint64_t kWeakSlices[] = {1, 2, 4, 8, 32};

constexpr int32_t kWorkgroupBarrier = -1; // gfx12 barrier id
constexpr int32_t kTrapDebug = 3;         // s_trap 3 is llvm.debugtrap: goes on without a debugger

/// Scatters a number over 64 bits (the finaliser of splitmix64).
uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

} // namespace

uint64_t ResidentGroup::next_random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_;
}

uint64_t ResidentGroup::slice_length() {
  if (!random_)
    return kWaveSlice;
  uint64_t random = next_random();
  if (weak_memory())
    return kWeakSlices[(random >> 16) % std::size(kWeakSlices)];
  return 1 + random % kWaveSlice;
}

ResidentGroup::ResidentGroup(const LaunchPlan &plan) : plan_(plan), count_(plan.waves()) {
  const Kernel &kernel = *plan.kernel;
  uint32_t lds = (plan.lds_bytes + 63) & ~63u;
  if (lds) {
    lds_ = static_cast<uint8_t *>(aligned_alloc(64, lds));
    if (!lds_)
      throw std::bad_alloc();
    memset(lds_, 0, lds);
  }
  uint64_t per_wave = uint64_t{plan.scratch_per_lane} * kernel.wave_size;
  if (per_wave) {
    // Pages come to be when touched: kernels reserve much more than they use.
    scratch_bytes_ = per_wave * count_;
    void *p = mmap(nullptr, scratch_bytes_, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    scratch_ = p == MAP_FAILED ? nullptr : static_cast<uint8_t *>(p);
  }
  group_.lds = lds_;
  group_.lds_size = plan.lds_bytes;
  group_.shared_base = kSharedAperture;
  group_.private_base = kPrivateAperture;
  group_.memory = plan.memory;
  group_.dispatch_id = plan.dispatch_id;
  if (plan.observer)
    observer_ = plan.observer->group();
  group_.observer = observer_.get();
  slots_ = std::make_unique<Slot[]>(count_);
  for (uint32_t i = 0; i < count_; ++i) {
    Slot &slot = slots_[i];
    slot.registers =
        std::make_unique<VectorRegisters>(kernel.wave_size, kernel.given_vgprs, kernel.given_agprs);
    slot.wave.v = slot.registers->data();
    slot.wave.group = &group_;
    slot.wave.scratch = scratch_ ? scratch_ + per_wave * i : nullptr;
  }
}

ResidentGroup::~ResidentGroup() {
  free(lds_);
  if (scratch_)
    munmap(scratch_, scratch_bytes_);
}

void ResidentGroup::start(uint64_t n) {
  group_.id = group_id(plan_, n);
  if (observer_)
    observer_->group_started(group_);
  for (uint32_t i = 0; i < count_; ++i) {
    slots_[i].state = State::Runs;
    slots_[i].signals = 0;
    slots_[i].complete = false;
    start_wave(slots_[i].wave, plan_, i);
    if (observer_)
      observer_->wave_started(slots_[i].wave);
  }
  next_ = 0;
  live_ = count_;
  waiting_ = signals_ = 0;
  instructions_ = 0;
  if (config().seed)
    random_ = mix(*config().seed ^ mix(n + 1) ^ (weak_memory() ? plan_.dispatch_id << 32 : 0)) | 1;
}

ResidentGroup::Turn ResidentGroup::run(uint64_t budget, const std::atomic<bool> &cancel,
                                       LaunchFailure &failure) {
  if (plan_.scratch_per_lane && !scratch_) {
    failure = {hip::hipErrorOutOfMemory,
               fmt::format("kernel '{}': no memory for scratch", plan_.kernel->name)};
    return Turn::Failed;
  }
  DecodeCache &code = plan_.object->code();
  uint64_t end = instructions_ + budget;
  while (live_ > 0) {
    bool ran = false, all_slept = true;
    if (random_)
      next_ = static_cast<uint32_t>(next_random() % count_);
    for (uint32_t i = 0; i < count_; ++i) {
      Slot &slot = slots_[next_];
      next_ = next_ + 1 == count_ ? 0 : next_ + 1;
      if (slot.state != State::Runs)
        continue;
      if (cancel.load(std::memory_order_relaxed))
        return Turn::Cancelled;
      ran = true;
      uint64_t slice = slice_length();
      StopInfo stop = execute(slot.wave, code, slice);
      instructions_ += stop.instructions;
      all_slept &= stop.kind == StopKind::Sleep;
      if (stop.kind != StopKind::Budget && !handle(slot, stop, failure))
        return Turn::Failed;
      if (instructions_ >= end && live_ > 0)
        return Turn::Yielded;
    }
    if (!ran && live_ > 0) {
      describe_deadlock(failure);
      return Turn::Failed;
    }
    if (all_slept && live_ > 0)
      return Turn::Yielded;
  }
  return Turn::Finished;
}

void ResidentGroup::end_wave(Slot &slot) {
  slot.state = State::Ended;
  --live_;
  if (observer_) {
    observer_->wave_ended(slot.wave);
    if (live_ == 0)
      observer_->group_ended();
  }
  signals_ -= slot.signals;
  slot.signals = 0;
  if (live_ > 0 && waiting_ == live_)
    release_barrier();
  if (signals_ > 0 && signals_ >= live_)
    finish_phase();
}

bool ResidentGroup::handle(Slot &slot, const StopInfo &stop, LaunchFailure &failure) {
  switch (stop.kind) {
  case StopKind::Budget:
  case StopKind::Sleep:
    return true;
  case StopKind::EndProgram:
    end_wave(slot);
    return true;
  case StopKind::Barrier:
    slot.state = State::AtBarrier;
    if (++waiting_ == live_)
      release_barrier();
    return true;
  case StopKind::BarrierSignal:
    if (stop.value != kWorkgroupBarrier)
      break;
    if (stop.first)
      slot.wave.scc = signals_ == 0;
    ++slot.signals;
    if (++signals_ >= live_)
      finish_phase();
    return true;
  case StopKind::BarrierState:
    slot.wave.s[stop.size] =
        stop.value == kWorkgroupBarrier ? (signals_ & 0x7f) << 16 | (live_ & 0x7f) << 4 | 1 : 0;
    return true;
  case StopKind::BarrierWait:
    if (stop.value != kWorkgroupBarrier)
      break;
    if (!slot.complete)
      slot.state = State::AtBarrierWait;
    slot.complete = false;
    return true;
  case StopKind::Trap:
    if (stop.value == kTrapDebug) {
      slot.wave.pc = stop.pc + 4;
      return true;
    }
    break;
  case StopKind::MemoryFault:
  case StopKind::InstructionFetch:
  case StopKind::UnknownInstruction:
  case StopKind::BadRegister:
  case StopKind::Unsupported:
  case StopKind::Reported:
    break;
  }
  describe_fault(slot, stop, failure);
  return false;
}

void ResidentGroup::release_barrier() {
  if (observer_)
    observer_->barrier_passed();
  for (uint32_t i = 0; i < count_; ++i)
    if (slots_[i].state == State::AtBarrier)
      slots_[i].state = State::Runs;
  waiting_ = 0;
}

void ResidentGroup::finish_phase() {
  if (observer_)
    observer_->barrier_passed();
  signals_ = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    slots_[i].signals = 0;
    if (slots_[i].state == State::AtBarrierWait)
      slots_[i].state = State::Runs;
    else
      slots_[i].complete = true;
  }
}

std::string ResidentGroup::where(const Slot &slot, uint64_t pc) const {
  return fmt::format("wave {} of workgroup ({},{},{}) at {}", slot.wave.wave_in_group, group_.id[0],
                     group_.id[1], group_.id[2], instruction_at(pc));
}

/// As "kernel+0x10: s_barrier".
std::string ResidentGroup::instruction_at(uint64_t pc) const {
  std::string text = plan_.object->place(pc);
  std::string line = disassemble(plan_.object->code(), pc, plan_.kernel->wave_size);
  size_t begin = line.find_first_not_of(" \t\n");
  if (begin != std::string::npos) {
    line = line.substr(begin, line.find_last_not_of(" \t\n") + 1 - begin);
    std::replace(line.begin(), line.end(), '\t', ' ');
    text += fmt::format(": {}", line);
  }
  return text;
}

namespace {
/// What lies near an address that belongs to no memory of the device.
std::string neighbourhood(const MemoryMap &memory, uint64_t address) {
  constexpr uint64_t kNear = 1 << 20;
  auto range = memory.nearest(address);
  if (range && address < range->lo && range->lo - address <= kNear)
    return fmt::format(" ({} bytes before the memory at {:#x})", range->lo - address, range->lo);
  if (range && address >= range->hi && address - range->hi <= kNear)
    return fmt::format(" ({} bytes past the end of the {} bytes at {:#x})", address - range->hi,
                       range->hi - range->lo, range->lo);
  if (address < kNear)
    return " (a null pointer)";
  return " (no memory of the device: freed, never allocated, or pageable memory of the host)";
}
} // namespace

void ResidentGroup::describe_fault(const Slot &slot, const StopInfo &stop,
                                   LaunchFailure &failure) const {
  std::string what;
  failure.code = hip::hipErrorLaunchFailure;
  switch (stop.kind) {
  case StopKind::MemoryFault: {
    static constexpr const char *kAccess[] = {"read", "write", "atomic access", "atomic access"};
    static constexpr const char *kSpace[] = {"", " in the LDS", " in scratch", ""};
    uint32_t thread = slot.wave.wave_in_group * slot.wave.lanes + stop.lane;
    what = fmt::format("illegal {} of {} bytes at {:#x}{} by work-item ({},{},{})",
                       kAccess[static_cast<unsigned>(stop.access) % std::size(kAccess)], stop.size,
                       stop.address, kSpace[static_cast<unsigned>(stop.space) % 4],
                       thread % plan_.block[0], thread / plan_.block[0] % plan_.block[1],
                       thread / plan_.block[0] / plan_.block[1]);
    bool global = stop.space == MemorySpace::Global || stop.space == MemorySpace::Scalar;
    if (global && stop.access == MemoryAccess::OwnAtomic && plan_.memory &&
        plan_.memory->accessible(stop.address, stop.address + stop.size, Access::Write))
      what += " (memory of the host, managed memory or another device's: there this instruction is "
              "lost, or atomic on the device alone)";
    else if (global && plan_.memory)
      what += neighbourhood(*plan_.memory, stop.address);
    failure.code = hip::hipErrorIllegalAddress;
    break;
  }
  case StopKind::InstructionFetch:
    what = fmt::format("jump to {:#x}, which is no code of this code object", stop.pc);
    break;
  case StopKind::UnknownInstruction:
    what = fmt::format("instruction that the emulator does not know: {}", stop.text);
    break;
  case StopKind::Trap:
    what = fmt::format("s_trap {}", stop.value);
    break;
  case StopKind::BarrierSignal:
  case StopKind::BarrierWait:
    what = fmt::format("barrier {} is not supported", stop.value);
    break;
  default:
    what = stop.text;
    break;
  }
  failure.text = fmt::format("kernel '{}': {}; {}", plan_.kernel->name, what, where(slot, stop.pc));
}

void ResidentGroup::describe_deadlock(LaunchFailure &failure) const {
  failure.code = hip::hipErrorLaunchFailure;
  failure.text = fmt::format("kernel '{}': deadlock: every wave waits at a barrier or has ended",
                             plan_.kernel->name);
  failure.text += positions();
}

std::string ResidentGroup::positions() const {
  constexpr uint64_t kBarrierBytes = 4;  // the pc of a wave at a barrier is behind it
  std::map<uint64_t, std::string> waves; // by place
  for (uint32_t i = 0; i < count_; ++i) {
    const Slot &slot = slots_[i];
    if (slot.state == State::Ended)
      continue;
    std::string &text = waves[slot.wave.pc - (slot.state == State::Runs ? 0 : kBarrierBytes)];
    text += fmt::format("{}{}", text.empty() ? "" : ",", i);
  }
  std::string text;
  for (const auto &[pc, list] : waves)
    text += fmt::format("; waves {} of workgroup ({},{},{}) at {}", list, group_.id[0],
                        group_.id[1], group_.id[2], instruction_at(pc));
  return text;
}

} // namespace w2w::emu
