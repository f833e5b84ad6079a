#include "runtime/jit/protocol.h"

#include "runtime/support/bytes.h"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace w2w::jit {
namespace {

constexpr uint32_t kMagic = 0x4a573257; // "W2WJ"
constexpr size_t kHeaderBytes = 16;

bool send_all(int socket, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return true;
}

Trouble wait_readable(int socket, const Deadline &deadline) {
  for (;;) {
    int timeout = -1;
    if (deadline) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          *deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0)
        return Trouble::TimedOut;
      timeout = static_cast<int>(std::min<int64_t>(left.count() + 1, 1 << 30));
    }
    pollfd entry{socket, POLLIN, 0};
    int n = ::poll(&entry, 1, timeout);
    if (n > 0)
      return Trouble::None;
    if (n < 0 && errno != EINTR)
      return Trouble::Closed;
  }
}

Trouble receive_all(int socket, std::span<uint8_t> bytes, const Deadline &deadline) {
  while (!bytes.empty()) {
    if (Trouble trouble = wait_readable(socket, deadline); trouble != Trouble::None)
      return trouble;
    ssize_t n = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return Trouble::Closed;
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return Trouble::None;
}

} // namespace

std::vector<uint8_t> encode(const Greeting &g) {
  ByteWriter w;
  w.u32(g.protocol);
  w.text(g.build_id);
  return w.take();
}

std::optional<Greeting> decode_greeting(std::span<const uint8_t> bytes) {
  ByteReader r(bytes);
  Greeting g;
  g.protocol = r.u32();
  g.build_id = r.text();
  // A newer protocol may say more: only the version must be readable.
  return r.ok() ? std::optional(g) : std::nullopt;
}

std::vector<uint8_t> encode(const ImageMessage &m) {
  ByteWriter w;
  w.u64(m.hash.high);
  w.u64(m.hash.low);
  w.text(m.name);
  w.text(m.text);
  return w.take();
}

std::optional<ImageMessage> decode_image(std::span<const uint8_t> bytes) {
  ByteReader r(bytes);
  ImageMessage m;
  m.hash.high = r.u64();
  m.hash.low = r.u64();
  m.name = r.text();
  m.text = r.text();
  return r.done() ? std::optional(std::move(m)) : std::nullopt;
}

std::vector<uint8_t> encode(const CompileRequest &q) {
  ByteWriter w;
  w.u64(q.image.high);
  w.u64(q.image.low);
  w.text(q.kernel);
  w.text(q.target.mcpu);
  w.u32(q.target.opt_level);
  w.u32(q.target.code_object_version);
  w.u32(q.target.warp_mode);
  w.u8(q.target.contract);
  w.u8(q.target.warps_are_rows);
  w.u8(q.target.small_blocks);
  w.u8(q.target.shared_in_memory);
  w.u8(q.target.device_memory);
  w.u32(q.target.stack_bytes);
  return w.take();
}

std::optional<CompileRequest> decode_request(std::span<const uint8_t> bytes) {
  ByteReader r(bytes);
  CompileRequest q;
  q.image.high = r.u64();
  q.image.low = r.u64();
  q.kernel = r.text();
  q.target.mcpu = r.text();
  q.target.opt_level = r.u32();
  q.target.code_object_version = r.u32();
  q.target.warp_mode = r.u32();
  q.target.contract = r.u8() != 0;
  q.target.warps_are_rows = r.u8() != 0;
  q.target.small_blocks = r.u8() != 0;
  q.target.shared_in_memory = r.u8() != 0;
  q.target.device_memory = r.u8() != 0;
  q.target.stack_bytes = r.u32();
  return r.done() ? std::optional(std::move(q)) : std::nullopt;
}

std::vector<uint8_t> encode(const CompiledKernel &k) {
  ByteWriter w;
  w.u32(kProtocolVersion);
  for (uint32_t v : {k.vgprs, k.agprs, k.sgprs, k.lds_bytes, k.scratch_bytes, k.kernarg_bytes,
                     k.wave_size, k.code_bytes})
    w.u32(v);
  w.text(k.warp_mode);
  w.u8(k.assumes_rows);
  w.u8(k.solo);
  w.u8(k.solo_serves);
  w.u32(static_cast<uint32_t>(k.device_parameters.size()));
  for (uint32_t offset : k.device_parameters)
    w.u32(offset);
  w.u32(k.window_bytes);
  w.u32(k.stack_bytes);
  w.text(k.messages);
  w.blob(k.code);
  return w.take();
}

std::optional<CompiledKernel> decode_kernel(std::span<const uint8_t> bytes) {
  ByteReader r(bytes);
  CompiledKernel k;
  if (r.u32() != kProtocolVersion)
    return std::nullopt;
  for (uint32_t *v : {&k.vgprs, &k.agprs, &k.sgprs, &k.lds_bytes, &k.scratch_bytes,
                      &k.kernarg_bytes, &k.wave_size, &k.code_bytes})
    *v = r.u32();
  k.warp_mode = r.text();
  k.assumes_rows = r.u8() != 0;
  k.solo = r.u8() != 0;
  k.solo_serves = r.u8() != 0;
  for (uint32_t left = r.u32(); left > 0 && r.ok(); --left)
    k.device_parameters.push_back(r.u32());
  k.window_bytes = r.u32();
  k.stack_bytes = r.u32();
  k.messages = r.text();
  k.code = r.blob();
  return r.done() ? std::optional(std::move(k)) : std::nullopt;
}

std::vector<uint8_t> encode(const Hash128 &h) {
  ByteWriter w;
  w.u64(h.high);
  w.u64(h.low);
  return w.take();
}

std::optional<Hash128> decode_hash(std::span<const uint8_t> bytes) {
  ByteReader r(bytes);
  Hash128 h;
  h.high = r.u64();
  h.low = r.u64();
  return r.done() ? std::optional(h) : std::nullopt;
}

Trouble send_message(int socket, MessageType type, std::span<const uint8_t> payload) {
  ByteWriter header;
  header.u32(kMagic);
  header.u32(static_cast<uint32_t>(type));
  header.u64(payload.size());
  return send_all(socket, header.bytes()) && send_all(socket, payload) ? Trouble::None
                                                                       : Trouble::Closed;
}

Trouble receive_message(int socket, Message &message, const Deadline &deadline) {
  uint8_t header[kHeaderBytes];
  if (Trouble trouble = receive_all(socket, header, deadline); trouble != Trouble::None)
    return trouble;
  ByteReader r(header);
  uint32_t magic = r.u32();
  message.type = static_cast<MessageType>(r.u32());
  uint64_t size = r.u64();
  if (magic != kMagic || size > kMaxMessageBytes)
    return Trouble::Malformed;
  message.payload.resize(size);
  return receive_all(socket, message.payload, deadline);
}

} // namespace w2w::jit
