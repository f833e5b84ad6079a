#include "runtime/jit/compiler_process.h"

#include "runtime/support/log.h"
#include "runtime/support/options.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace w2w::jit {

/// One running compiler: its socket. When that closes, the process ends by itself (supervisor.h).
class CompilerProcess {
public:
  CompilerProcess(Descriptor socket, std::thread thread)
      : socket(std::move(socket)), thread_(std::move(thread)) {}
  CompilerProcess(const CompilerProcess &) = delete;
  ~CompilerProcess() {
    socket.reset();
    if (thread_.joinable())
      thread_.detach(); // a hung in-process compiler cannot be ended
  }
  bool has_image(const Hash128 &hash) const {
    return std::find(images.begin(), images.end(), hash) != images.end();
  }
  /// The answer to a request; says in `how` what went wrong if there is none.
  Trouble receive(Message &reply, const Deadline &deadline, std::string &how) const {
    Trouble trouble = receive_message(socket.get(), reply, deadline);
    if (trouble == Trouble::None && reply.type == MessageType::Died) {
      how.assign(reply.payload.begin(), reply.payload.end());
      return Trouble::Closed;
    }
    if (trouble != Trouble::None)
      how = trouble == Trouble::TimedOut    ? "did not answer in time"
            : trouble == Trouble::Malformed ? "sent a malformed message"
                                            : "closed its connection";
    return trouble;
  }

  Descriptor socket;
  std::vector<Hash128> images; // sent to it; it may have dropped some again
  bool fresh = true;           // has not answered anything yet

private:
  std::thread thread_;
};

namespace {

constexpr int kSocketInChild = 3;

struct SpawnArguments {
  int socket;
  const char *path;
  char *const *argv;
  char *const *envp;
  rlim_t address_space;
  void *second_stack;
  pid_t pid = -1;
  int error = 0;
};

/// The new process until it becomes the compiler. Like forget_child, it runs in the application's
/// address space (CLONE_VM|CLONE_VFORK): async-signal-safe calls only.
int become_compiler(void *pointer) {
  auto *a = static_cast<SpawnArguments *>(pointer);
  // The application blocked all signals for us: its handlers must not run here.
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number)
    ::sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (a->socket == kSocketInChild)
    ::fcntl(a->socket, F_SETFD, 0);
  else
    ::dup2(a->socket, kSocketInChild);
  int null = ::open("/dev/null", O_RDWR);
  if (null >= 0) {
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    if (null > kSocketInChild)
      ::close(null);
  }
  // The application's other files are not the compiler's: a pipe held open here would never end for
  // its reader.
  (void)::close_range(kSocketInChild + 1, ~0u, 0);
  rlimit limit{a->address_space, a->address_space};
  ::setrlimit(RLIMIT_AS, &limit);
  rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::execve(a->path, a->argv, a->envp);
  a->error = errno;
  ::_exit(127);
}

/// Starts the compiler and ends, so that the compiler is nobody's child.
int forget_child(void *pointer) {
  auto *a = static_cast<SpawnArguments *>(pointer);
  a->pid = ::clone(become_compiler, a->second_stack, CLONE_VM | CLONE_VFORK | SIGCHLD, pointer);
  if (a->pid < 0)
    a->error = errno;
  ::_exit(0);
}

/// Starts the compiler as a process that the application's wait() and SIGCHLD handler never see:
/// its parent is a child without an exit signal, which has ended before this returns. Returns its
/// pid, or -1 with errno.
pid_t spawn(const std::string &path, int socket, uint64_t address_space) {
  std::vector<std::string> kept;
  for (char **entry = environ; entry && *entry; ++entry) {
    std::string_view text = *entry;
    // The compiler is not a CUDA program, and our preload library must not enter it.
    if (!text.starts_with("LD_PRELOAD=") && !text.starts_with("LD_AUDIT="))
      kept.emplace_back(text);
  }
  std::vector<char *> envp;
  for (std::string &text : kept)
    envp.push_back(text.data());
  envp.push_back(nullptr);
  std::string argument0 = path, argument1 = fmt::format("--socket={}", kSocketInChild);
  char *argv[] = {argument0.data(), argument1.data(), nullptr};

  constexpr size_t kStack = 64 << 10;
  auto stacks = std::make_unique<uint8_t[]>(2 * kStack);
  auto top_of = [&](size_t which) {
    auto top = reinterpret_cast<uintptr_t>(stacks.get() + (which + 1) * kStack);
    return reinterpret_cast<void *>(top & ~uintptr_t{15});
  };
  SpawnArguments arguments{socket, path.c_str(), argv, envp.data(), address_space, top_of(1)};
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  pid_t between = ::clone(forget_child, top_of(0), CLONE_VM | CLONE_VFORK, &arguments);
  if (between < 0)
    arguments.error = errno;
  else // __WALL: it has no exit signal
    while (::waitpid(between, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = arguments.error;
  return arguments.error ? -1 : arguments.pid;
}

} // namespace

const Result<CompilerIdentity> &compiler_identity() {
  static const auto *identity = new Result<CompilerIdentity>([]() -> Result<CompilerIdentity> {
    bool in_process = option_set("inprocess");
    std::vector<std::string> places;
    if (std::optional<std::string> given = option("compiler")) {
      places.push_back(*given);
    } else {
      std::string folder = folder_of_code(reinterpret_cast<const void *>(&compiler_identity));
      const char *name = in_process ? "libw2w-compiler.so" : "w2w-compiler";
      for (const char *relative : {"/", "/../bin/", "/../lib/", "/../libexec/warp2wave/"})
        places.push_back(folder + relative + name);
    }
    for (const std::string &place : places)
      if (::access(place.c_str(), in_process ? R_OK : X_OK) == 0) {
        std::optional<std::string> build_id = elf_build_id(place);
        if (!build_id)
          return Error{fmt::format("{} has no build id: it is not warp2wave's compiler", place)};
        char resolved[PATH_MAX];
        return CompilerIdentity{::realpath(place.c_str(), resolved) ? resolved : place, *build_id};
      }
    return Error{fmt::format(
        "the compiler process was not found (looked for {}): reinstall warp2wave, or name it with "
        "W2W_CONFIG=compiler=PATH",
        fmt::join(places, ", "))};
  }());
  return *identity;
}

CompilerPool::CompilerPool(PoolOptions options)
    : options_(std::move(options)), owner_(::getpid()) {}

CompilerPool::~CompilerPool() = default;

std::unique_ptr<CompilerProcess> CompilerPool::start(Error &error) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    error = {fmt::format("cannot start the compiler: socketpair: {}", std::strerror(errno))};
    return nullptr;
  }
  Descriptor ours(pair[0]), theirs(pair[1]);
  pid_t pid = -1;
  std::thread thread;
  if (options_.in_process) {
    void *library = ::dlopen(options_.path.c_str(), RTLD_NOW | RTLD_LOCAL);
    auto serve =
        library ? reinterpret_cast<int (*)(int)>(::dlsym(library, "w2w_compiler_serve")) : nullptr;
    if (!serve) {
      error = {fmt::format("cannot load the compiler {}: {}", options_.path, ::dlerror())};
      return nullptr;
    }
    thread = std::thread([serve, fd = theirs.release()] {
      serve(fd);
      ::close(fd);
    });
  } else {
    pid = spawn(options_.path, theirs.get(), options_.address_space_bytes);
    if (pid < 0) {
      error = {fmt::format("cannot start {}: {}", options_.path, std::strerror(errno))};
      return nullptr;
    }
    theirs.reset();
  }
  ++started_;
  auto process = std::make_unique<CompilerProcess>(std::move(ours), std::move(thread));
  Message hello;
  Deadline deadline = std::chrono::steady_clock::now() + options_.time_out;
  std::string how;
  if (process->receive(hello, deadline, how) != Trouble::None) {
    error = {fmt::format("the compiler {} {} before its greeting", options_.path, how)};
    return nullptr;
  }
  std::optional<Greeting> greeting =
      hello.type == MessageType::Hello ? decode_greeting(hello.payload) : std::nullopt;
  if (!greeting || greeting->protocol != kProtocolVersion) {
    error = {fmt::format("{} speaks another protocol version: reinstall warp2wave", options_.path)};
    return nullptr;
  }
  if (greeting->build_id != options_.build_id) {
    error = {fmt::format("{} was replaced while the program ran (build {} instead of {}): restart "
                         "the program",
                         options_.path, greeting->build_id, options_.build_id)};
    return nullptr;
  }
  log_info("compiler process {} started", pid);
  return process;
}

std::unique_ptr<CompilerProcess> CompilerPool::acquire(const Hash128 &image, Error &error) {
  {
    std::unique_lock lock(mutex_);
    if (::getpid() != owner_) {
      idle_.clear(); // closes our copies of their sockets only
      busy_ = 0;
      owner_ = ::getpid();
    }
    freed_.wait(lock, [&] { return !idle_.empty() || busy_ < options_.processes; });
    ++busy_;
    auto best = std::find_if(idle_.begin(), idle_.end(),
                             [&](const auto &process) { return process->has_image(image); });
    // Without one that knows the image, a new process parses it anew; an idle one would too, and is
    // already there.
    if (best == idle_.end() && !idle_.empty())
      best = idle_.end() - 1;
    if (best != idle_.end()) {
      auto process = std::move(*best);
      idle_.erase(best);
      return process;
    }
  }
  auto process = start(error);
  if (!process)
    release(nullptr);
  return process;
}

void CompilerPool::release(std::unique_ptr<CompilerProcess> process) {
  {
    std::lock_guard lock(mutex_);
    --busy_;
    if (process)
      idle_.push_back(std::move(process));
  }
  freed_.notify_one();
}

Result<std::vector<uint8_t>> CompilerPool::ask(const PtxImage &image, MessageType request,
                                               std::span<const uint8_t> payload, MessageType answer,
                                               std::string_view what) {
  for (int attempt = 0;; ++attempt) {
    Error error;
    std::unique_ptr<CompilerProcess> process = acquire(image.hash, error);
    if (!process)
      return error;
    bool was_fresh = process->fresh;
    Deadline deadline = std::chrono::steady_clock::now() + options_.time_out;
    Message reply;
    Trouble trouble = Trouble::None;
    std::string how = "closed its connection";
    bool send_image = !process->has_image(image.hash);
    for (int round = 0; round < 2 && trouble == Trouble::None; ++round) {
      if (send_image) {
        trouble = send_message(process->socket.get(), MessageType::Image,
                               encode(ImageMessage{image.hash, image.name, image.text}));
        if (trouble == Trouble::None)
          trouble = process->receive(reply, deadline, how);
        if (trouble != Trouble::None)
          break;
        if (!process->has_image(image.hash))
          process->images.push_back(image.hash);
      }
      trouble = send_message(process->socket.get(), request, payload);
      if (trouble == Trouble::None)
        trouble = process->receive(reply, deadline, how);
      if (trouble == Trouble::None && reply.type == MessageType::NeedImage) {
        send_image = true;
        continue;
      }
      break;
    }
    if (trouble == Trouble::None) {
      process->fresh = false;
      release(std::move(process));
      if (reply.type == answer)
        return std::move(reply.payload);
      if (reply.type == MessageType::Failed)
        return Error{std::string(reply.payload.begin(), reply.payload.end())};
      return Error{fmt::format("{}: the compiler gave an unexpected answer ({})", what,
                               static_cast<unsigned>(reply.type))};
    }
    process.reset();
    release(nullptr);
    // A process that had worked before may have been ended from outside: one more try in a new one.
    if (trouble == Trouble::Closed && !was_fresh && attempt == 0) {
      log_warn("{}: the compiler process {}; trying again in a new one", what, how);
      continue;
    }
    return Error{fmt::format(
        "{}: the compiler process {} (limits: {} s, {} MiB; see W2W_CONFIG=compile-timeout= and "
        "compile-memory=); other kernels are not affected",
        what, how, options_.time_out.count(), options_.address_space_bytes >> 20)};
  }
}

Result<std::vector<uint8_t>> CompilerPool::summarise(const PtxImage &image) {
  return ask(image, MessageType::Summarise, encode(image.hash), MessageType::Summary,
             fmt::format("reading {}", image.name));
}

Result<std::vector<uint8_t>> CompilerPool::compile(const PtxImage &image, const std::string &kernel,
                                                   const TargetOptions &target) {
  return ask(image, MessageType::Compile, encode(CompileRequest{image.hash, kernel, target}),
             MessageType::Kernel, fmt::format("compiling {} for {}", kernel, target.mcpu));
}

Result<CompilerPool *> process_pool() {
  const Result<CompilerIdentity> &identity = compiler_identity();
  if (!identity)
    return Error{identity.error()};
  // Never destroyed: idle compilers exit by themselves when the process ends and their sockets
  // close.
  static CompilerPool *pool = [&] {
    PoolOptions options;
    options.path = identity->path;
    options.build_id = identity->build_id;
    unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    options.processes = static_cast<unsigned>(option_number("jobs", std::min(cores, 8u), 1, 256));
    options.time_out = std::chrono::seconds(option_number("compile-timeout", 300, 1, 86400));
    options.address_space_bytes =
        static_cast<uint64_t>(option_number("compile-memory", 16384, 256, 1 << 24)) << 20;
    options.in_process = option_set("inprocess");
    return new CompilerPool(std::move(options));
  }();
  return pool;
}

} // namespace w2w::jit
