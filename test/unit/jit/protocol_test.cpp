#include "runtime/jit/program.h"
#include "runtime/jit/protocol.h"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace w2w;
using namespace w2w::jit;

TEST_CASE("messages survive encoding, and no cut of them is accepted") {
  CompileRequest request{
      {1, 2}, "kernel", {"gfx942", 2, 4, 1, true, false, false, false, true, 8192}};
  std::vector<uint8_t> bytes = encode(request);
  auto back = decode_request(bytes);
  REQUIRE(back);
  CHECK(back->image == request.image);
  CHECK(back->kernel == "kernel");
  CHECK(back->target == request.target);
  for (size_t n = 0; n < bytes.size(); ++n)
    CHECK_FALSE(decode_request(std::span(bytes).first(n)));
  bytes.push_back(0);
  CHECK_FALSE(decode_request(bytes));

  CompiledKernel kernel;
  kernel.code = {1, 2, 3};
  kernel.vgprs = 7;
  kernel.code_bytes = 9;
  kernel.warp_mode = "paired";
  kernel.device_parameters = {0, 24};
  kernel.stack_bytes = 16384;
  bytes = encode(kernel);
  auto again = decode_kernel(bytes);
  REQUIRE(again);
  CHECK(again->code == kernel.code);
  CHECK(again->vgprs == 7);
  CHECK(again->code_bytes == 9);
  CHECK(again->warp_mode == "paired");
  CHECK(again->device_parameters == kernel.device_parameters);
  CHECK(again->stack_bytes == 16384);
  for (size_t n = 0; n < bytes.size(); ++n)
    CHECK_FALSE(decode_kernel(std::span(bytes).first(n)));

  ImageMessage image{{3, 4}, "name", std::string("text\0with nul", 13)};
  CHECK(decode_image(encode(image))->text == image.text);
}

TEST_CASE("messages arrive whole over a socket, in pieces or not") {
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  Descriptor a(pair[0]), b(pair[1]);
  std::vector<uint8_t> large(3 << 20, 5);
  std::thread sender([&] {
    CHECK(send_message(a.get(), MessageType::Image, large) == Trouble::None);
    CHECK(send_message(a.get(), MessageType::Done, {}) == Trouble::None);
  });
  Message m;
  CHECK(receive_message(b.get(), m, std::nullopt) == Trouble::None);
  CHECK(m.type == MessageType::Image);
  CHECK(m.payload == large);
  CHECK(receive_message(b.get(), m, std::nullopt) == Trouble::None);
  CHECK(m.payload.empty());
  sender.join();
  auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  CHECK(receive_message(b.get(), m, soon) == Trouble::TimedOut);
  CHECK(::write(a.get(), "0123456789abcdef", 16) == 16);
  CHECK(receive_message(b.get(), m, std::nullopt) == Trouble::Malformed);
  a.reset();
  CHECK(receive_message(b.get(), m, std::nullopt) == Trouble::Closed);
  CHECK(send_message(b.get(), MessageType::Done, {}) == Trouble::Closed); // and no SIGPIPE
}

TEST_CASE("cache keys depend on everything that determines the code") {
  TargetOptions target{"gfx942", 3, 5, 0, false, false, false, false, false, 4096};
  Hash128 image{1, 2};
  Hash128 base = kernel_key(image, "build", "kernel", target);
  CHECK(base == kernel_key(image, "build", "kernel", target));
  CHECK(base != kernel_key({1, 3}, "build", "kernel", target));
  CHECK(base != kernel_key(image, "build2", "kernel", target));
  CHECK(base != kernel_key(image, "build", "kernel2", target));
  auto with = [&](auto change) {
    TargetOptions t = target;
    change(t);
    return kernel_key(image, "build", "kernel", t);
  };
  CHECK(base != with([](auto &t) { t.mcpu = "gfx90a"; }));
  CHECK(base != with([](auto &t) { t.opt_level = 2; }));
  CHECK(base != with([](auto &t) { t.code_object_version = 4; }));
  CHECK(base != with([](auto &t) { t.warp_mode = 1; }));
  CHECK(base != with([](auto &t) { t.contract = true; }));
  CHECK(base != with([](auto &t) { t.warps_are_rows = true; }));
  CHECK(base != with([](auto &t) { t.small_blocks = true; }));
  CHECK(base != with([](auto &t) { t.shared_in_memory = true; }));
  CHECK(base != with([](auto &t) { t.device_memory = true; }));
  CHECK(base != with([](auto &t) { t.stack_bytes = 8192; }));
  CHECK(summary_key(image, "build") != summary_key(image, "build2"));
  CHECK(summary_key(image, "build") != kernel_key(image, "build", "", target));
}
