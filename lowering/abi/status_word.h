// The status word: how a kernel tells the runtime that a thread stopped it (trap, assert, an
// unknown function id). In host-visible memory, one per context; LaunchBlock::status is its device
// address.
#pragma once

#include <cstddef>
#include <cstdint>

namespace w2w::abi {

enum class StatusCode : uint32_t {
  None = 0,
  Trap = 1,            // trap
  Assert = 2,          // __assertfail; detail = device address of an AssertRecord
  InvalidFunction = 3, // indirect call through something that is no function; detail = the value
};

/// The first thread that changes `code` from 0 (compare and swap at system scope) owns the block:
/// it claims with kStatusClaimed, fills the rest, and then stores the code (release, system scope).
/// Later ones just end.
struct StatusBlock {
  uint32_t code;      //  0: StatusCode, or kStatusClaimed while it is being filled
  uint32_t line;      //  4: PTX line; 0 if not known
  uint32_t block[3];  //  8: %ctaid
  uint32_t thread[3]; // 20: %tid
  uint64_t grid_id;   // 32: LaunchBlock::grid_id, by which the runtime knows the kernel
  uint64_t detail;    // 40: see StatusCode
  uint64_t reserved[2];
};
inline constexpr uint32_t kStatusClaimed = 0xffffffffu;

/// What __assertfail was called with: generic addresses of NUL-terminated strings. At
/// StatusBlock::detail == 0 the record follows the status block itself (kAssertRecordOffset), where
/// the failing thread has written it.
struct AssertRecord {
  uint64_t message, file, function;
  uint32_t line, reserved;
};
inline constexpr uint32_t kAssertRecordOffset = 64;
inline constexpr uint32_t kStatusBytes = 128;

static_assert(sizeof(StatusBlock) == 64);
static_assert(offsetof(StatusBlock, grid_id) == 32);
static_assert(sizeof(AssertRecord) == 32);

} // namespace w2w::abi
