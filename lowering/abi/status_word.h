// What a kernel leaves behind when it ends in error: trap, failed assertion, call of an unknown
// function. Written by device code, read by the runtime after the launch.
#pragma once

#include <cstddef>
#include <cstdint>

namespace w2w::abi {

enum class StatusKind : uint32_t {
  None = 0,
  Claimed = 1,         // a thread is writing the record
  Trap = 2,            // PTX trap
  AssertFailed = 3,    // __assertfail; detail: message, file, function (device addresses of
                       // NUL-terminated strings), character size
  UnknownFunction = 4, // indirect call; detail[0]: the id called
  Breakpoint = 5,      // PTX brkpt
  HeapCorrupted = 6,   // free of what malloc did not give; detail[0]: the pointer
  WarpDeadlock = 7,    // every thread of a wave waits for another one at a *.sync or barrier
  ImageFault = 8,      // texture or surface; detail: handle, abi::ImageFault (texture_descriptor.h)
  StackOverflow = 9,   // alloca beyond the thread's stack; detail: bytes asked for, bytes left
  MisalignedCopy = 10, // bulk copy; detail: destination, source, size, of which one is no multiple
                       // of 16
};

/// In host-visible memory, zero before the first launch. The first thread that fails swaps
/// Claimed into `kind` (it was None), fills the rest, and then stores the true kind with release
/// order at system scope; later threads end without writing.
struct Status {
  uint32_t kind;      //  0: StatusKind
  uint32_t line;      //  4: PTX line of the instruction; assertions: line of the assertion
  uint32_t block[3];  //  8: %ctaid
  uint32_t thread[3]; // 20: %tid
  uint64_t detail[4]; // 32: by kind
};

static_assert(sizeof(Status) == 64);
static_assert(offsetof(Status, block) == 8);
static_assert(offsetof(Status, detail) == 32);

} // namespace w2w::abi
