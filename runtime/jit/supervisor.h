// The compiler process's own watchman. The process that libcuda starts forks: the child compiles,
// the parent waits, and when the child dies of a signal it says so on the socket
// (MessageType::Died). When the runtime closes its end, which is also how it gives up on a
// compilation, the parent ends the child. libcuda never has to wait for a process, which matters
// because the application may wait for all of its children.
#pragma once

namespace w2w::jit {

/// Runs serve(socket) in a child and watches it. Returns the process's exit status. Call before any
/// thread exists.
int supervise(int socket, int (*serve)(int));

} // namespace w2w::jit
