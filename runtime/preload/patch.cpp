// The functions' first bytes become a jump to a trampoline near by, which jumps through a slot. A
// slot leads at first to a resolver, so that our libcudart is loaded by the first call and not
// before: objects are patched at times when the loader must not be entered again.
#include "runtime/preload/patch.h"

#include "runtime/preload/elf_image.h"
#include "runtime/preload/names.h"

#include <cerrno>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

namespace w2w::preload {
namespace {

/// A function that every runtime has.
constexpr const char *kRegistration = "__cudaRegisterFatBinary";

/// What a trampoline's slot needs to be resolved. Lives as long as the process: calls may come at
/// any time.
struct Target {
  const char *name; // a copy: the file is unmapped again
  int major;
  void **slot;
};

// Trampoline: 32 bytes.
//    0  ff 25 rel32   jmp *slot
//    6  68 imm32      push $low half of the Target's address    <- what the slot holds at first
//   11  c7 44 24 04   movl $high half, 4(%rsp)
//   19  ff 25 rel32   jmp *common slot
constexpr size_t kTrampolineSize = 32;
constexpr size_t kLazyEntry = 6;
constexpr size_t kJumpSize = 5; // e9 rel32

size_t page_size() {
  return static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}
size_t round_up(size_t n, size_t to) {
  return (n + to - 1) / to * to;
}

/// Memory of `size` bytes that is within reach of a 32-bit jump from all of [low, high); null if
/// there is none.
uint8_t *allocate_near(uintptr_t low, uintptr_t high, size_t size) {
  constexpr uintptr_t kReach = uintptr_t{0x7ff00000}, kStep = uintptr_t{1} << 20;
  auto attempt = [&](uintptr_t at) -> uint8_t * {
    void *p = ::mmap(reinterpret_cast<void *>(at), size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (p == MAP_FAILED)
      return nullptr;
    if (reinterpret_cast<uintptr_t>(p) != at) { // a kernel that does not know the flag
      ::munmap(p, size);
      return nullptr;
    }
    return static_cast<uint8_t *>(p);
  };
  const uintptr_t page = page_size();
  const uintptr_t below = low / page * page, above = round_up(high, page);
  for (uintptr_t d = 0; d < kReach; d += kStep) {
    // The farthest distance is from one end of the range to the other end of the memory.
    if (below > d + size + page && high - (below - d - size) < kReach)
      if (uint8_t *p = attempt(below - d - size))
        return p;
    if (above + d + size - low < kReach)
      if (uint8_t *p = attempt(above + d))
        return p;
  }
  return nullptr;
}

void write_rel32(uint8_t *at, const void *target) {
  auto distance = reinterpret_cast<intptr_t>(target) - reinterpret_cast<intptr_t>(at + 4);
  auto rel = static_cast<int32_t>(distance);
  std::memcpy(at, &rel, 4);
}

extern "C" void w2w_preload_lazy(); // below, in assembly

void write_trampoline(uint8_t *code, void **slot, void **common, const Target *target) {
  const auto address = reinterpret_cast<uintptr_t>(target);
  const auto low = static_cast<uint32_t>(address), high = static_cast<uint32_t>(address >> 32);
  code[0] = 0xff;
  code[1] = 0x25;
  write_rel32(code + 2, slot);
  code[6] = 0x68;
  std::memcpy(code + 7, &low, 4);
  const uint8_t mov[] = {0xc7, 0x44, 0x24, 0x04};
  std::memcpy(code + 11, mov, 4);
  std::memcpy(code + 15, &high, 4);
  code[19] = 0xff;
  code[20] = 0x25;
  write_rel32(code + 21, common);
  std::memset(code + 25, 0xcc, kTrampolineSize - 25);
  *slot = code + kLazyEntry;
}

/// Puts a jump to `target` at `code`, which must be writable.
void write_jump(uint8_t *code, const void *target) {
  code[0] = 0xe9;
  write_rel32(code + 1, target);
}

/// The executable segment of the object that holds [at, at + size), or null.
const Elf64_Phdr *code_segment(const dl_phdr_info &info, uint64_t at, uint64_t size) {
  for (unsigned i = 0; i < info.dlpi_phnum; ++i) {
    const Elf64_Phdr &p = info.dlpi_phdr[i];
    if (p.p_type == PT_LOAD && (p.p_flags & PF_X) && at >= p.p_vaddr && size <= p.p_memsz &&
        at - p.p_vaddr <= p.p_memsz - size)
      return &p;
  }
  return nullptr;
}

/// Makes the pages of [low, high) writable while it lives: one change for all functions.
class Writable {
public:
  Writable(uintptr_t low, uintptr_t high)
      : begin_(reinterpret_cast<void *>(low / page_size() * page_size())),
        size_(round_up(high - reinterpret_cast<uintptr_t>(begin_), page_size())),
        ok_(::mprotect(begin_, size_, PROT_READ | PROT_WRITE | PROT_EXEC) == 0) {}
  ~Writable() {
    if (ok_)
      ::mprotect(begin_, size_, PROT_READ | PROT_EXEC);
  }
  Writable(const Writable &) = delete;
  Writable &operator=(const Writable &) = delete;
  explicit operator bool() const { return ok_; }

private:
  void *begin_;
  size_t size_;
  bool ok_;
};

/// Bytes from the function's start to the next symbol or the end of its section.
uint64_t room(ElfImage &elf, const ElfImage::Symbols &symbols, const Elf64_Sym &s) {
  if (s.st_size >= kJumpSize)
    return s.st_size;
  const Elf64_Shdr *section = elf.section_at(s.st_shndx);
  if (!section)
    return s.st_size;
  uint64_t end = section->sh_addr + section->sh_size;
  for (size_t i = 0; i < symbols.count; ++i) {
    const Elf64_Sym &o = symbols.begin[i];
    if (o.st_shndx == s.st_shndx && o.st_value > s.st_value && o.st_value < end)
      end = o.st_value;
  }
  return end > s.st_value ? end - s.st_value : 0;
}

/// The runtime's functions among an object's symbols. Names count, not bindings: some are local,
/// some hidden.
struct Functions {
  const Elf64_Sym **list = nullptr; // malloc'ed
  size_t count = 0;
  int major = 0;
  ~Functions() { std::free(list); }
};

void find_functions(const ElfImage::Symbols &symbols, Functions &out) {
  bool registers = false, properties_v2 = false, thread_exit = false;
  size_t capacity = 0;
  for (size_t i = 0; i < symbols.count; ++i) {
    const Elf64_Sym &s = symbols.begin[i];
    if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || s.st_shndx == SHN_UNDEF || s.st_value == 0)
      continue;
    const char *name = symbols.name(s);
    if (!is_runtime_function(name))
      continue;
    if (out.count == capacity) {
      capacity = capacity ? capacity * 2 : 512;
      auto *grown =
          static_cast<const Elf64_Sym **>(std::realloc(out.list, capacity * sizeof *out.list));
      if (!grown)
        return;
      out.list = grown;
    }
    out.list[out.count++] = &s;
    registers |= std::strcmp(name, kRegistration) == 0;
    properties_v2 |= std::strcmp(name, "cudaGetDeviceProperties_v2") == 0;
    thread_exit |= std::strcmp(name, "cudaThreadExit") == 0;
  }
  if (!registers)
    out.count = 0; // functions of the program's own that happen to have such names
  out.major = properties_v2 ? 12 : thread_exit ? 11 : 13;
}

bool redirect(ElfImage &elf, const ElfImage::Symbols &symbols, const Functions &functions,
              const dl_phdr_info &info, Report &report) {
  // The linker puts all code of a runtime into one segment.
  const Elf64_Phdr *segment = code_segment(info, functions.list[0]->st_value, 1);
  auto can_be_changed = [&](const Elf64_Sym &s) {
    return code_segment(info, s.st_value, kJumpSize) == segment &&
           room(elf, symbols, s) >= kJumpSize;
  };
  if (!segment)
    return false;
  uintptr_t low = UINTPTR_MAX, high = 0;
  for (size_t i = 0; i < functions.count; ++i) {
    if (code_segment(info, functions.list[i]->st_value, kJumpSize) != segment)
      continue;
    const uintptr_t at = info.dlpi_addr + functions.list[i]->st_value;
    low = std::min(low, at);
    high = std::max(high, at + kJumpSize);
  }
  if (low > high)
    return false;
  const size_t page = page_size();
  const size_t code_size = round_up(functions.count * kTrampolineSize, page);
  const size_t slots_size = round_up((functions.count + 1) * sizeof(void *), page);
  uint8_t *memory = allocate_near(low, high, code_size + slots_size);
  auto *targets = static_cast<Target *>(std::malloc(functions.count * sizeof(Target)));
  if (!memory || !targets)
    return false;
  auto **slots = reinterpret_cast<void **>(memory + code_size);
  slots[functions.count] = reinterpret_cast<void *>(&w2w_preload_lazy);
  for (size_t i = 0; i < functions.count; ++i) {
    targets[i] = {::strdup(symbols.name(*functions.list[i])), functions.major, &slots[i]};
    write_trampoline(memory + i * kTrampolineSize, &slots[i], &slots[functions.count], &targets[i]);
  }
  if (::mprotect(memory, code_size, PROT_READ | PROT_EXEC) != 0)
    return false;
  Writable writable(low, high);
  if (!writable)
    return false;
  for (size_t i = 0; i < functions.count; ++i) {
    const Elf64_Sym &s = *functions.list[i];
    if (!can_be_changed(s)) {
      ++report.no_room;
      continue;
    }
    write_jump(reinterpret_cast<uint8_t *>(info.dlpi_addr + s.st_value),
               memory + i * kTrampolineSize);
    ++report.redirected;
  }
  return true;
}

/// Whether the symbols' strings hold the name. Programs without device code may have a runtime too,
/// and most objects have none: this is faster than to look at each symbol.
bool mentions(const ElfImage::Symbols &symbols, const char *name) {
  return symbols.strings_size != 0 &&
         ::memmem(symbols.strings, symbols.strings_size, name, std::strlen(name) + 1) != nullptr;
}

/// libcudart.so, ours or another one: its functions are where others' calls lead.
bool is_shared_runtime(const char *path) {
  const char *slash = std::strrchr(path, '/');
  return std::strncmp(slash ? slash + 1 : path, "libcudart.so", 12) == 0;
}

bool has_name(const ElfImage::Symbols &symbols, const char *name) {
  for (size_t i = 0; i < symbols.count; ++i)
    if (std::strcmp(symbols.name(symbols.begin[i]), name) == 0)
      return true;
  return false;
}

} // namespace

Report patch_object(const char *path, const dl_phdr_info &info) {
  Report report;
  ElfImage elf;
  if (is_shared_runtime(path) || !elf.open(path))
    return report;
  const bool device_code = elf.section(".nvFatBinSegment");
  ElfImage::Symbols symbols = elf.symbols(elf.section_of_type(SHT_SYMTAB));
  if (!device_code && !mentions(symbols, kRegistration))
    return report;
  Functions functions;
  find_functions(symbols, functions);
  report.major = functions.major;
  if (functions.count == 0) {
    if (!device_code)
      return report;
    ElfImage::Symbols dynamic = elf.symbols(elf.section_of_type(SHT_DYNSYM));
    report.finding = has_name(dynamic, kRegistration) ? Finding::DynamicRuntime : Finding::Stripped;
    return report;
  }
  report.finding =
      redirect(elf, symbols, functions, info, report) ? Finding::Redirected : Finding::Failed;
  return report;
}

/// Called by w2w_preload_lazy with what the trampoline pushed.
extern "C" __attribute__((used, visibility("hidden"))) void *w2w_preload_resolve(Target *target) {
  void *function = resolve_runtime_function(target->major, target->name);
  __atomic_store_n(target->slot, function, __ATOMIC_RELEASE);
  return function;
}

// Entered from a trampoline with the Target's address on top of the stack, above it the return
// address of the redirected call. Saves every register that can hold an argument, resolves, goes on
// to the function.
asm(R"(
        .text
        .hidden w2w_preload_lazy
        .globl  w2w_preload_lazy
        .type   w2w_preload_lazy,@function
        .p2align 4
w2w_preload_lazy:
        endbr64
        pushq   %rax
        pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %rcx
        pushq   %r8
        pushq   %r9
        pushq   %r10
        subq    $128, %rsp
        movdqu  %xmm0, (%rsp)
        movdqu  %xmm1, 16(%rsp)
        movdqu  %xmm2, 32(%rsp)
        movdqu  %xmm3, 48(%rsp)
        movdqu  %xmm4, 64(%rsp)
        movdqu  %xmm5, 80(%rsp)
        movdqu  %xmm6, 96(%rsp)
        movdqu  %xmm7, 112(%rsp)
        movq    192(%rsp), %rdi
        call    w2w_preload_resolve
        movq    %rax, %r11
        movdqu  (%rsp), %xmm0
        movdqu  16(%rsp), %xmm1
        movdqu  32(%rsp), %xmm2
        movdqu  48(%rsp), %xmm3
        movdqu  64(%rsp), %xmm4
        movdqu  80(%rsp), %xmm5
        movdqu  96(%rsp), %xmm6
        movdqu  112(%rsp), %xmm7
        addq    $128, %rsp
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rcx
        popq    %rdx
        popq    %rsi
        popq    %rdi
        popq    %rax
        addq    $8, %rsp
        jmpq    *%r11
        .size   w2w_preload_lazy, . - w2w_preload_lazy
)");

} // namespace w2w::preload
