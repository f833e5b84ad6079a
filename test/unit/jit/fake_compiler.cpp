// A compiler process for tests: speaks the protocol, and does what the kernel's name says.
#include "runtime/jit/protocol.h"
#include "runtime/jit/supervisor.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <set>
#include <string>
#include <unistd.h>

using namespace w2w;
using namespace w2w::jit;

static int serve(int socket) {
  const char *mode = std::getenv("FAKE_COMPILER");
  std::string how = mode ? mode : "";
  if (how == "silent")
    ::pause();
  Greeting greeting;
  greeting.build_id = how == "other-build" ? "other" : "fake";
  if (how == "other-protocol")
    greeting.protocol = 99;
  if (send_message(socket, MessageType::Hello, encode(greeting)) != Trouble::None)
    return 0;
  std::set<Hash128> images;
  for (Message m; receive_message(socket, m, std::nullopt) == Trouble::None;) {
    if (m.type == MessageType::Image) {
      images.insert(decode_image(m.payload)->hash);
      (void)send_message(socket, MessageType::Done, {});
      continue;
    }
    if (m.type == MessageType::Summarise) {
      if (!images.count(*decode_hash(m.payload)))
        (void)send_message(socket, MessageType::NeedImage, {});
      else
        (void)send_message(socket, MessageType::Summary, std::vector<uint8_t>{1, 2, 3});
      continue;
    }
    std::optional<CompileRequest> request = decode_request(m.payload);
    if (!images.count(request->image)) {
      (void)send_message(socket, MessageType::NeedImage, {});
      continue;
    }
    const std::string &kernel = request->kernel;
    if (kernel == "crash")
      std::abort();
    if (kernel == "hang")
      ::pause();
    if (kernel == "eat-memory")
      for (;;) {
        auto *piece = static_cast<volatile char *>(std::malloc(1 << 24));
        if (!piece)
          std::abort();
        piece[0] = 1;
      }
    if (kernel == "forget") { // as if the image had been dropped
      images.clear();
      (void)send_message(socket, MessageType::Failed, std::vector<uint8_t>{'o', 'k'});
      continue;
    }
    if (kernel == "garbage") {
      (void)!::write(socket, "this is no message at all", 25);
      continue;
    }
    if (kernel == "bad") {
      std::string text = "line 3: no";
      (void)send_message(socket, MessageType::Failed,
                         {reinterpret_cast<uint8_t *>(text.data()), text.size()});
      continue;
    }
    CompiledKernel answer;
    answer.vgprs = static_cast<uint32_t>(::getpid());
    answer.code = {'c', 'o', 'd', 'e'};
    (void)send_message(socket, MessageType::Kernel, encode(answer));
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 2 || std::strncmp(argv[1], "--socket=", 9) != 0)
    return 2;
  return supervise(std::atoi(argv[1] + 9), serve);
}
