#include "runtime/jit/supervisor.h"

#include "runtime/jit/protocol.h"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace w2w::jit {

int supervise(int socket, int (*serve)(int)) {
  int ends[2]; // its writing end closes when the child is gone
  if (::pipe(ends) != 0)
    return 1;
  pid_t child = ::fork();
  if (child < 0)
    return 1;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(ends[0]);
    return serve(socket);
  }
  ::close(ends[1]);
  pollfd watched[2] = {{socket, POLLRDHUP, 0}, {ends[0], POLLIN, 0}};
  while (::poll(watched, 2, -1) < 0 && errno == EINTR) {
  }
  if (watched[1].revents == 0)
    ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return 0;
  std::string how = WIFSIGNALED(status)
                        ? fmt::format("was ended by signal {} ({})", WTERMSIG(status),
                                      ::strsignal(WTERMSIG(status)))
                        : fmt::format("exited with status {}", WEXITSTATUS(status));
  (void)send_message(socket, MessageType::Died,
                     {reinterpret_cast<const uint8_t *>(how.data()), how.size()});
  return 1;
}

} // namespace w2w::jit
