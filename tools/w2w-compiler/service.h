// The compiler's side of runtime/jit/protocol.h.
#pragma once

namespace w2w {

/// Greets and answers requests on `socket` until the other side closes it. Keeps parsed images
/// (least recently used ones go first). Returns the exit status: 0, or 1 after a malformed message.
int serve_compiler(int socket);

} // namespace w2w
