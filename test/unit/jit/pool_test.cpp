#include "runtime/jit/compiler_process.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace w2w;
using namespace w2w::jit;
using std::chrono::steady_clock;

namespace {

PoolOptions fake(unsigned processes = 2, int seconds = 20) {
  PoolOptions options;
  options.path = W2W_FAKE_COMPILER;
  options.build_id = "fake";
  options.processes = processes;
  options.time_out = std::chrono::seconds(seconds);
  options.address_space_bytes = uint64_t{2} << 30;
  return options;
}

PtxImage image(uint64_t n) {
  PtxImage result;
  result.name = "test.ptx";
  result.text = std::string(100000, 'p');
  result.hash = Hasher().number(n).finish();
  return result;
}

uint32_t pid_of(const Result<std::vector<uint8_t>> &reply) {
  REQUIRE(reply);
  return decode_kernel(*reply)->vgprs;
}

std::atomic<int> child_signals = 0;

} // namespace

TEST_CASE("a process is kept and knows the image") {
  CompilerPool pool(fake());
  CHECK(pool.started() == 0);
  CHECK(*pool.summarise(image(1)) == std::vector<uint8_t>{1, 2, 3});
  uint32_t first = pid_of(pool.compile(image(1), "k", {}));
  CHECK(pid_of(pool.compile(image(1), "k2", {})) == first);
  CHECK(pid_of(pool.compile(image(2), "k", {})) == first);
  CHECK(pool.started() == 1);
}

TEST_CASE("a dropped image is sent again") {
  CompilerPool pool(fake(1));
  CHECK(pool.summarise(image(1)));
  CHECK(pool.compile(image(1), "forget", {}).error() == "ok");
  CHECK(pool.compile(image(1), "k", {}));
  CHECK(pool.started() == 1);
}

TEST_CASE("a crash costs one kernel an error that says so") {
  CompilerPool pool(fake(1));
  CHECK(pool.compile(image(1), "k", {}));
  auto crashed = pool.compile(image(1), "crash", {});
  REQUIRE_FALSE(crashed);
  CHECK(crashed.error().find("crash") != std::string::npos);
  CHECK(crashed.error().find("signal 6") != std::string::npos);
  CHECK(pool.started() == 2); // one more try in a new process, which crashed too
  CHECK(pool.compile(image(1), "k", {}));
}

TEST_CASE("a hang ends at the time-out") {
  CompilerPool pool(fake(1, 1));
  auto started = steady_clock::now();
  auto hung = pool.compile(image(1), "hang", {});
  REQUIRE_FALSE(hung);
  CHECK(hung.error().find("in time") != std::string::npos);
  CHECK(steady_clock::now() - started < std::chrono::seconds(10));
  CHECK(pool.compile(image(1), "k", {}));
}

TEST_CASE("running out of memory costs one kernel") {
  CompilerPool pool(fake(1));
  auto starved = pool.compile(image(1), "eat-memory", {});
  REQUIRE_FALSE(starved);
  CHECK(starved.error().find("compile-memory") != std::string::npos);
  CHECK(pool.compile(image(1), "k", {}));
}

TEST_CASE("diagnostics come back as they are") {
  CompilerPool pool(fake(1));
  CHECK(pool.compile(image(1), "bad", {}).error() == "line 3: no");
  auto garbage = pool.compile(image(1), "garbage", {});
  REQUIRE_FALSE(garbage);
  CHECK(garbage.error().find("malformed") != std::string::npos);
  CHECK(pool.compile(image(1), "k", {}));
}

TEST_CASE("a process ended from outside is replaced") {
  CompilerPool pool(fake(1));
  uint32_t first = pid_of(pool.compile(image(1), "k", {}));
  ::kill(static_cast<pid_t>(first), SIGKILL);
  CHECK(pid_of(pool.compile(image(1), "k", {})) != first);
}

TEST_CASE("other builds and protocols are refused, and a missing compiler is named") {
  auto error_with = [](const char *mode) {
    ::setenv("FAKE_COMPILER", mode, 1);
    CompilerPool pool(fake(1, 1));
    auto reply = pool.compile(image(1), "k", {});
    ::unsetenv("FAKE_COMPILER");
    REQUIRE_FALSE(reply);
    return reply.error();
  };
  CHECK(error_with("other-build").find("replaced") != std::string::npos);
  CHECK(error_with("other-protocol").find("protocol") != std::string::npos);
  CHECK(error_with("silent").find("in time") != std::string::npos);
  PoolOptions options = fake();
  options.path = "/nonexistent/w2w-compiler";
  CompilerPool pool(options);
  auto reply = pool.compile(image(1), "k", {});
  REQUIRE_FALSE(reply);
  CHECK(reply.error().find("/nonexistent/w2w-compiler") != std::string::npos);
}

TEST_CASE("several kernels compile at once, within the limit") {
  CompilerPool pool(fake(3));
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i)
        good += bool(pool.compile(image(static_cast<uint64_t>(t % 3)), "k", {}));
    });
  for (auto &thread : threads)
    thread.join();
  CHECK(good == 160);
  CHECK(pool.started() <= 3);
}

TEST_CASE("the application's own children are not disturbed") {
  struct sigaction action{}, before{};
  action.sa_handler = [](int) { ++child_signals; };
  ::sigaction(SIGCHLD, &action, &before);
  {
    CompilerPool pool(fake(1));
    CHECK(pool.compile(image(1), "k", {}));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1); // no child that wait() could find
    CHECK_FALSE(pool.compile(image(1), "crash", {}));
  }
  CHECK(child_signals == 0);
  ::sigaction(SIGCHLD, &before, nullptr);
}

TEST_CASE("after fork the child starts its own") {
  CompilerPool pool(fake(1));
  uint32_t first = pid_of(pool.compile(image(1), "k", {}));
  pid_t child = ::fork();
  if (child == 0) {
    auto reply = pool.compile(image(1), "k", {});
    ::_exit(reply && decode_kernel(*reply)->vgprs != first ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(pid_of(pool.compile(image(1), "k", {})) == first);
}
