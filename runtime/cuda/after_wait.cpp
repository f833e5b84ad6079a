// What happens when the host has waited for the device: kernels' printf output appears, memory
// freed in stream order is given back, and a status word or HIP error becomes the context's sticky
// error, told once with kernel and place.
#include "lowering/abi/texture_descriptor.h"
#include "runtime/cuda/printf_format.h"
#include "runtime/cuda/state.h"

#include <cstdio>
#include <cstring>

namespace w2w::cuda {
namespace {

/// What a StatusKind::ImageFault says (lowering/abi/texture_descriptor.h).
std::string_view image_fault_text(uint64_t cause) {
  switch (static_cast<abi::ImageFault>(cause)) {
  case abi::ImageFault::BadHandle:
    return "the handle is no texture, sampler or surface";
  case abi::ImageFault::Unbound:
    return "nothing is bound to the texture or surface";
  case abi::ImageFault::Geometry:
    return "the image has another geometry than the instruction";
  case abi::ImageFault::OutOfBounds:
    return "surface access out of bounds";
  case abi::ImageFault::Format:
    return "the instruction's type does not go with the image's channels";
  case abi::ImageFault::Misaligned:
    return "misaligned surface access";
  }
  return "texture or surface fault";
}

/// Reads device memory for a message, which any pointer in a broken program may lead into nowhere:
/// at most `limit` bytes up to a NUL, nothing if the memory cannot be read.
std::string read_device_string(uint64_t address, size_t limit) {
  std::string text;
  constexpr size_t kPiece = 64;
  while (text.size() < limit) {
    // Stay inside the allocation, if the address is in one that we know.
    size_t want = std::min(kPiece - address % kPiece, limit - text.size());
    char piece[kPiece];
    if (hip::api().hipMemcpy(piece, reinterpret_cast<void *>(address), want,
                             hip::hipMemcpyDeviceToHost) != hip::hipSuccess)
      break;
    size_t length = ::strnlen(piece, want);
    text.append(piece, length);
    if (length < want)
      break;
    address += want;
  }
  return text;
}

const char *kernel_of(Context &context, uint64_t grid_id) {
  Context::Recent &recent = context.recent[grid_id % Context::kRecent];
  const char *name = recent.name;
  return recent.grid_id == grid_id && name ? name : "a kernel";
}

/// The latest launch of the context: the status record and HIP's errors do not name their kernel.
const char *latest_kernel(Context &context) {
  uint64_t next = context.next_grid_id;
  return next > 1 ? kernel_of(context, next - 1) : "no kernel";
}

CUresult read_status(Context &context) {
  if (!context.status)
    return CUDA_SUCCESS;
  auto kind =
      static_cast<abi::StatusKind>(__atomic_load_n(&context.status->kind, __ATOMIC_ACQUIRE));
  if (kind == abi::StatusKind::None || kind == abi::StatusKind::Claimed)
    return CUDA_SUCCESS;
  const abi::Status &s = *context.status;
  std::string place =
      fmt::format("{} (the latest kernel launched): block ({},{},{}), thread ({},{},{})",
                  latest_kernel(context), s.block[0], s.block[1], s.block[2], s.thread[0],
                  s.thread[1], s.thread[2]);
  if (s.line)
    place += fmt::format(", PTX line {}", s.line);
  switch (kind) {
  case abi::StatusKind::AssertFailed:
    // CUDA prints failed assertions to standard error whatever the log level.
    std::fprintf(
        stderr, "%s:%u: %s: block: [%u,%u,%u], thread: [%u,%u,%u] Assertion `%s` failed.\n",
        read_device_string(s.detail[1], 1024).c_str(), s.line,
        read_device_string(s.detail[2], 1024).c_str(), s.block[0], s.block[1], s.block[2],
        s.thread[0], s.thread[1], s.thread[2], read_device_string(s.detail[0], 4096).c_str());
    return CUDA_ERROR_ASSERT;
  case abi::StatusKind::UnknownFunction:
    log_error("{}: indirect call through {:#x}, which is no function of the module", place,
              s.detail[0]);
    return CUDA_ERROR_INVALID_PC;
  case abi::StatusKind::HeapCorrupted:
    log_error("{}: free of {:#x}, which malloc did not give", place, s.detail[0]);
    return CUDA_ERROR_LAUNCH_FAILED;
  case abi::StatusKind::WarpDeadlock:
    log_error("{}: deadlock: each thread of a warp waits for others at an operation of the warp "
              "(*.sync) or a barrier that they have not come to",
              place);
    return CUDA_ERROR_LAUNCH_FAILED;
  case abi::StatusKind::ImageFault:
    log_error("{}: {} (handle {:#x}, {})", place, image_fault_text(s.detail[1]), s.detail[0],
              s.detail[2]);
    return CUDA_ERROR_LAUNCH_FAILED;
  case abi::StatusKind::StackOverflow:
    log_error("{}: alloca of {} bytes is more than the {} that are left of the thread's stack; "
              "raise CU_LIMIT_STACK_SIZE, which is {}",
              place, s.detail[0], s.detail[1], context.limit(CU_LIMIT_STACK_SIZE));
    return CUDA_ERROR_LAUNCH_FAILED;
  case abi::StatusKind::MisalignedCopy:
    log_error("{}: bulk copy of {} bytes from {:#x} to {:#x}: not all multiples of 16", place,
              s.detail[2], s.detail[1], s.detail[0]);
    return CUDA_ERROR_MISALIGNED_ADDRESS;
  case abi::StatusKind::Breakpoint:
    log_error("{}: breakpoint (brkpt)", place);
    return CUDA_ERROR_LAUNCH_FAILED;
  default:
    log_error("{}: trap", place);
    return CUDA_ERROR_LAUNCH_FAILED;
  }
}

} // namespace

CUresult prepare_shared(Context &context) {
  if (context.shared_ready.load(std::memory_order_acquire))
    return CUDA_SUCCESS;
  std::lock_guard shared(context.shared_mutex);
  if (context.shared_ready)
    return CUDA_SUCCESS;
  const size_t fifo_bytes = context.limit(CU_LIMIT_PRINTF_FIFO_SIZE);
  uint64_t words = 512;
  while (words * 8 < fifo_bytes && words < (uint64_t{1} << 27))
    words *= 2;
  const hip::Api &api = hip::api();
  auto make = [&](size_t bytes, auto *&memory, uint64_t &seen) {
    void *host = nullptr, *device = nullptr;
    hip::hipError_t error =
        api.hipHostMalloc(&host, bytes, hip::kHostMallocPortable | hip::kHostMallocMapped);
    if (error == hip::hipSuccess)
      error = api.hipHostGetDevicePointer(&device, host, 0);
    if (error != hip::hipSuccess)
      return to_cuda(error);
    std::memset(host, 0, bytes);
    memory = static_cast<std::remove_reference_t<decltype(memory)>>(host);
    seen = reinterpret_cast<uint64_t>(device);
    return CUDA_SUCCESS;
  };
  if (!context.status)
    if (CUresult result = make(sizeof(abi::Status), context.status, context.status_device))
      return result;
  if (CUresult result =
          make(sizeof(abi::PrintfFifo) + words * 8, context.fifo, context.fifo_device))
    return result;
  context.fifo->words = words;
  std::vector<uint32_t> free_locks(abi::kAtomicLocks);
  const size_t lock_bytes = free_locks.size() * sizeof free_locks[0];
  hip::hipError_t error = hip::hipSuccess;
  if (!context.atomic_locks)
    error = api.hipMalloc(&context.atomic_locks, lock_bytes);
  if (error == hip::hipSuccess)
    error = api.hipMemcpyHtoD(context.atomic_locks, free_locks.data(), lock_bytes);
  if (error != hip::hipSuccess)
    return to_cuda(error);
  context.shared_ready = true;
  return CUDA_SUCCESS;
}

void free_shared(Context &context) {
  std::lock_guard shared(context.shared_mutex);
  context.shared_ready = false;
  if (context.status)
    (void)hip::api().hipHostFree(context.status);
  if (context.fifo)
    (void)hip::api().hipHostFree(context.fifo);
  if (context.atomic_locks)
    (void)hip::api().hipFree(context.atomic_locks);
  context.status = nullptr;
  context.fifo = nullptr;
  context.atomic_locks = nullptr;
}

void drain_printf(Context &context) {
  if (!context.fifo)
    return;
  abi::PrintfFifo &fifo = *context.fifo;
  if (__atomic_load_n(&fifo.write, __ATOMIC_ACQUIRE) == fifo.read)
    return;
  std::lock_guard lock(context.drain_mutex);
  auto *ring = reinterpret_cast<uint64_t *>(&fifo + 1);
  uint64_t mask = fifo.words - 1, at = fifo.read;
  uint64_t written = __atomic_load_n(&fifo.write, __ATOMIC_ACQUIRE);
  std::string out;
  while (at < written) {
    uint64_t head = __atomic_load_n(&ring[at & mask], __ATOMIC_ACQUIRE);
    if (head == 0)
      break; // reserved, not finished: the kernel still runs
    uint64_t words = head & ~abi::kPrintfCommitted;
    if (words < 2 || words > written - at)
      break;
    uint64_t format = ring[(at + 1) & mask];
    std::vector<uint8_t> arguments((words - 2) * 8);
    for (uint64_t i = 2; i < words; ++i)
      std::memcpy(arguments.data() + (i - 2) * 8, &ring[(at + i) & mask], 8);
    out += format_printf(read_device_string(format, 65536), arguments,
                         [](uint64_t address) { return read_device_string(address, 65536); });
    for (uint64_t i = 0; i < words; ++i)
      ring[(at + i) & mask] = 0;
    at += words;
  }
  __atomic_store_n(&fifo.read, at, __ATOMIC_RELEASE);
  if (!out.empty()) {
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
  }
  if (uint64_t dropped = __atomic_exchange_n(&fifo.dropped, uint64_t{0}, __ATOMIC_ACQ_REL))
    log_warn("{} device printf calls were lost: raise CU_LIMIT_PRINTF_FIFO_SIZE", dropped);
}

CUresult after_wait(Context &context, hip::hipError_t error) {
  drain_printf(context);
  free_deferred(context, false);
  int before = context.sticky;
  if (before)
    return static_cast<CUresult>(before);
  if (CUresult status = read_status(context)) {
    context.sticky = status;
    return status;
  }
  CUresult result = to_cuda(error, context);
  if (context.sticky) {
    context.device_failed = true;
    log_error("the device stopped: {} (the latest kernel launched is {})",
              hip::describe(hip::api(), "waiting", error), latest_kernel(context));
  }
  return result;
}

} // namespace w2w::cuda
