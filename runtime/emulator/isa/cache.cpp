// The decode cache: basic blocks by address, decoded on first use.
#include "runtime/emulator/isa/disassembler.h"
#include "runtime/emulator/isa/observe.h"
#include "runtime/emulator/isa/opcodes.h"
#include "runtime/emulator/isa/parse.h"
#include "runtime/emulator/isa/run.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>

namespace w2w::emu {

/// What is decoded for one wave size.
struct Decoded {
  std::unique_ptr<isa::Disassembler> disassembler;
  std::unique_ptr<std::atomic<const isa::Block *>[]> at; ///< one per dword of code
  isa::ConstantRows constants;
};

struct DecodeCache::Impl {
  std::string cpu;
  int generation = 9;
  Watch watch = Watch::No;
  const uint8_t *code = nullptr;
  uint64_t size = 0;
  std::mutex mutex;
  std::array<Decoded, 2> sizes; ///< wave32, wave64
  // Blocks live as long as the cache.
  std::deque<isa::Block> blocks;
  std::deque<std::vector<isa::Inst>> instructions;
  std::deque<std::unique_ptr<isa::Inst>> seconds;
  std::deque<std::unique_ptr<isa::MatrixPlan>> plans;
  std::deque<std::string> texts;

  const isa::Block *decode(Decoded &d, uint64_t offset, unsigned lanes);
};

DecodeCache::DecodeCache(std::unique_ptr<Impl> p) : self(std::move(p)) {}
DecodeCache::~DecodeCache() = default;

std::unique_ptr<DecodeCache> DecodeCache::create(std::string_view target, const void *code,
                                                 uint64_t size, std::string &error, Watch watch) {
  std::string cpu(target.substr(0, target.find(':')));
  if (size_t dash = cpu.rfind("gfx"); dash != cpu.npos)
    cpu = cpu.substr(dash);
  auto p = std::make_unique<Impl>();
  p->cpu = cpu;
  p->watch = watch;
  p->generation = cpu.starts_with("gfx10")   ? 10
                  : cpu.starts_with("gfx11") ? 11
                  : cpu.starts_with("gfx12") ? 12
                                             : 9;
  p->code = static_cast<const uint8_t *>(code);
  p->size = size & ~uint64_t(3);
  unsigned lanes = p->generation == 9 ? 64 : 32;
  auto d = isa::Disassembler::create(cpu, lanes);
  if (!d) {
    error = "'" + cpu + "' is no processor that the disassembler knows";
    return nullptr;
  }
  p->sizes[lanes == 64].disassembler = std::move(d);
  for (Decoded &x : p->sizes)
    x.at.reset(new std::atomic<const isa::Block *>[p->size / 4]());
  return std::unique_ptr<DecodeCache>(new DecodeCache(std::move(p)));
}

namespace {
/// Touches memory, or waits for it.
bool communicates(const isa::Opcode &op) {
  std::string_view name = op.name;
  return op.form >= isa::Form::Flat || op.form == isa::Form::Smem || op.form == isa::Form::Fence ||
         name.starts_with("s_wait") || name.starts_with("s_dcache");
}

/// Whether the instruction is an atomic operation that only memory of the device itself serves.
/// PCIe has addition, exchange and compare-and-swap of integers; what else is sent to fine-grained
/// memory, or to memory of the host or of a peer, is lost, or atomic on the device alone (LLVM
/// SITargetLowering::shouldExpandAtomicRMWInIR). gfx942 and gfx12 have the others there too, but
/// for the system's scope (LLVM's feature agent-scope-fine-grained-remote-memory-atomics).
bool needs_own_memory(const isa::Inst &i, std::string_view cpu) {
  std::string_view name = i.opcode->name;
  if (name.find("_atomic_") == name.npos)
    return false;
  for (const char *served :
       {"_add_u32", "_add_u64", "_swap_b32", "_swap_b64", "_cmpswap_b32", "_cmpswap_b64"})
    if (name.ends_with(served))
      return false;
  constexpr unsigned kSystem = 3;
  if (i.generation >= 12)
    return i.policy >> isa::kScopeShift == kSystem;
  return cpu != "gfx942" || (i.policy & isa::kSc1);
}
} // namespace

const isa::Block *DecodeCache::Impl::decode(Decoded &d, uint64_t offset, unsigned lanes) {
  std::lock_guard lock(mutex);
  std::atomic<const isa::Block *> &slot = d.at[offset / 4];
  if (const isa::Block *b = slot.load(std::memory_order_acquire))
    return b;
  if (!d.disassembler)
    d.disassembler = isa::Disassembler::create(cpu, lanes);
  constexpr size_t kLongest = 256;
  isa::Block b;
  std::vector<isa::Inst> list;
  uint64_t at = offset;
  std::string text, error;
  while (at < size && b.count < kLongest) {
    const uint8_t *bytes = code + at;
    unsigned n = d.disassembler->decode(bytes, size - at, text);
    isa::Parsed p;
    bool ok = n && isa::parse_instruction(text, bytes, n, uint64_t(bytes), lanes, generation,
                                          d.constants, p, error);
    if (!ok) {
      // The block ends in front of what is not known; it stops the wave only if it is reached.
      if (!b.count) {
        char hex[64];
        uint32_t word;
        __builtin_memcpy(&word, bytes, 4);
        std::snprintf(hex, sizeof hex, "0x%08x", word);
        texts.push_back(n ? text + ": " + error : std::string("no instruction: ") + hex);
        b.bad = texts.back().c_str();
      }
      break;
    }
    p.inst.flush_adds = cpu == "gfx90a";
    p.inst.own_memory = needs_own_memory(p.inst, cpu);
    if (p.second)
      seconds.push_back(std::move(p.second));
    if (p.matrix)
      plans.push_back(std::move(p.matrix));
    b.vgprs = std::max(b.vgprs, p.vgprs);
    b.agprs = std::max(b.agprs, p.agprs);
    // What does nothing is counted, not run; but observers see it.
    b.count++;
    if (watch != Watch::No)
      p.inst.execute = p.inst.fn, p.inst.fn = isa::observed;
    if (watch != Watch::No || p.inst.opcode->form != isa::Form::Nop)
      list.push_back(p.inst), list.back().ordinal = b.count;
    at += n;
    if (p.ends_block || (watch == Watch::Finely && communicates(*list.back().opcode)))
      break;
  }
  instructions.push_back(std::move(list));
  b.first = instructions.back().data();
  b.last = b.first + instructions.back().size();
  b.end = uint64_t(code + at);
  blocks.push_back(b);
  slot.store(&blocks.back(), std::memory_order_release);
  return &blocks.back();
}

namespace isa {

const Block *block_at(DecodeCache &cache, uint64_t pc, unsigned lanes) {
  DecodeCache::Impl &c = cache.impl();
  uint64_t offset = pc - uint64_t(c.code);
  if (offset >= c.size || offset % 4)
    return nullptr;
  Decoded &d = c.sizes[lanes == 64];
  if (const Block *b = d.at[offset / 4].load(std::memory_order_acquire))
    return b;
  return c.decode(d, offset, lanes);
}

} // namespace isa

StopInfo execute(Wave &wave, DecodeCache &code, uint64_t max_instructions) {
  StopInfo s;
  isa::handlers().run(wave, code, max_instructions, s);
  return s;
}

std::string disassemble(DecodeCache &code, uint64_t pc, unsigned lanes) {
  DecodeCache::Impl &c = code.impl();
  uint64_t offset = pc - uint64_t(c.code);
  if (offset >= c.size || offset % 4)
    return "(outside the code)";
  std::lock_guard lock(c.mutex);
  Decoded &d = c.sizes[lanes == 64];
  if (!d.disassembler)
    d.disassembler = isa::Disassembler::create(c.cpu, lanes);
  std::string text;
  return d.disassembler->decode(c.code + offset, c.size - offset, text) ? text : "(no instruction)";
}

} // namespace w2w::emu
