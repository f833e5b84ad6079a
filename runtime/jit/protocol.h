// What the runtime and a compiler process say to each other over a stream socket.
//
// The process speaks first: Hello with protocol version and build id. Then the runtime sends
// requests, one at a time, and gets exactly one reply to each. Images are sent once per process: a
// request names its image by hash, and NeedImage asks for the text, after which the runtime sends
// Image and the request again.
#pragma once

#include "lowering/abi/thread_stack.h"
#include "runtime/support/files.h"
#include "runtime/support/hash.h"
#include "runtime/support/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace w2w::jit {

inline constexpr uint32_t kProtocolVersion = 6;
inline constexpr uint64_t kMaxMessageBytes = uint64_t{1} << 31;

enum class MessageType : uint32_t {
  Hello = 1,     // process -> runtime: Greeting
  Image = 2,     // runtime -> process: ImageMessage; reply Done
  Summarise = 3, // runtime -> process: image hash; reply Summary, NeedImage
  Compile = 4,   // runtime -> process: CompileRequest; reply Kernel, Failed, NeedImage
  Done = 5,
  NeedImage = 6,
  Summary = 7, // abi::serialise(ModuleSummary)
  Kernel = 8,  // CompiledKernel
  Failed = 9,  // text: rendered diagnostics
  Died = 10,   // text: how the compiling process ended; the last message on the socket
};

struct Message {
  MessageType type = MessageType::Done;
  std::vector<uint8_t> payload;
};

struct Greeting {
  uint32_t protocol = kProtocolVersion;
  std::string build_id;
};

struct ImageMessage {
  Hash128 hash;
  std::string name; // in diagnostics
  std::string text; // PTX
};

/// TargetOptions::warp_mode by name, in the order of WarpMode (lowering/compiler.h).
inline constexpr const char *kWarpModes[] = {"auto", "paired", "scheduled", "solo"};
inline constexpr uint32_t kSoloMode = 3;

/// Everything besides image and kernel name that determines the code.
struct TargetOptions {
  std::string mcpu;
  uint32_t opt_level = 3;
  uint32_t code_object_version = 5;
  uint32_t warp_mode = 0; // of kWarpModes
  bool contract = false;
  /// Blocks whose x size is a multiple of 32, or that are one row (CompileOptions::warps_are_rows).
  bool warps_are_rows = false;
  bool small_blocks = false;                 // CompileOptions
  bool shared_in_memory = false;             // CompileOptions
  bool device_memory = false;                // CompileOptions
  uint32_t stack_bytes = abi::kDefaultStack; // CompileOptions; a kernel may get less
  bool operator==(const TargetOptions &) const = default;
};

struct CompileRequest {
  Hash128 image;
  std::string kernel;
  TargetOptions target;
};

/// A kernel's code object with what the runtime must know of it.
struct CompiledKernel {
  std::vector<uint8_t> code;
  uint32_t vgprs = 0, agprs = 0, sgprs = 0;
  uint32_t lds_bytes = 0, scratch_bytes = 0, kernarg_bytes = 0, wave_size = 0, code_bytes = 0;
  std::string warp_mode;
  bool assumes_rows = false;               // not for other blocks
  bool solo = false, solo_serves = false;  // KernelResources
  std::vector<uint32_t> device_parameters; // KernelResources
  uint32_t window_bytes = 0;               // KernelResources
  uint32_t stack_bytes = 0;                // KernelResources
  std::string messages;                    // warnings
};

std::vector<uint8_t> encode(const Greeting &);
std::vector<uint8_t> encode(const ImageMessage &);
std::vector<uint8_t> encode(const CompileRequest &);
std::vector<uint8_t> encode(const CompiledKernel &);
std::vector<uint8_t> encode(const Hash128 &);
/// Nothing if the bytes are not a whole message of that kind.
std::optional<Greeting> decode_greeting(std::span<const uint8_t>);
std::optional<ImageMessage> decode_image(std::span<const uint8_t>);
std::optional<CompileRequest> decode_request(std::span<const uint8_t>);
std::optional<CompiledKernel> decode_kernel(std::span<const uint8_t>);
std::optional<Hash128> decode_hash(std::span<const uint8_t>);

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

/// Why a message could not be exchanged.
enum class Trouble : uint8_t { None, Closed, TimedOut, Malformed };

/// Writes one message; never raises SIGPIPE.
Trouble send_message(int socket, MessageType type, std::span<const uint8_t> payload);
/// Reads one message. Deadline nothing: waits for ever.
Trouble receive_message(int socket, Message &message, const Deadline &deadline);

} // namespace w2w::jit
