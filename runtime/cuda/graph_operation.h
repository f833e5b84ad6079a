// What the nodes of a graph do: self-contained descriptions of work, made from a captured call or
// from a node's parameters, and put into a stream at each launch of the graph.
// Source: CUDA Driver API, "Graph Management".
#pragma once

#include "runtime/cuda/state.h"

#include <memory>
#include <variant>
#include <vector>

namespace w2w::cuda {

struct Graph;
class GraphMemory;

struct KernelOperation {
  Function *function = nullptr;
  Context *context = nullptr;
  unsigned grid[3] = {}, block[3] = {};
  unsigned shared_bytes = 0;
  std::vector<uint8_t> parameters; // at PTX's offsets
  std::vector<CUlaunchAttribute> attributes;

  /// Null if it was not given.
  const CUlaunchAttributeValue *attribute(CUlaunchAttributeID id) const;
  /// Sets or replaces one.
  void set_attribute(CUlaunchAttributeID id, const CUlaunchAttributeValue &value);
  bool cooperative() const;
};

struct CopyOperation {
  CUDA_MEMCPY3D copy{};
  Context *context = nullptr;
};

struct FillOperation {
  CUDA_MEMSET_NODE_PARAMS fill{};
  Context *context = nullptr;
};

struct HostOperation {
  CUhostFn function = nullptr;
  void *user_data = nullptr;
};

/// The embedded graph, which the node owns.
struct ChildOperation {
  std::shared_ptr<Graph> graph;
};

struct EmptyOperation {};

struct WaitOperation {
  CUevent event = nullptr;
};

struct RecordOperation {
  CUevent event = nullptr;
};

struct AllocateOperation {
  std::shared_ptr<GraphMemory> memory;
};

struct FreeOperation {
  std::shared_ptr<GraphMemory> memory;
};

using Operation =
    std::variant<KernelOperation, CopyOperation, FillOperation, HostOperation, ChildOperation,
                 EmptyOperation, WaitOperation, RecordOperation, AllocateOperation, FreeOperation>;

CUgraphNodeType type_of(const Operation &operation);

/// Whether the node allocates or frees memory of graphs, which restricts its graph.
bool handles_memory(const Operation &operation);

/// The context in which the operation runs; `otherwise` if it says none.
Context *context_of(const Operation &operation, Context *otherwise);

/// Operations from parameters as programs give them. The context is the calling thread's where the
/// parameters name none.
CUresult make_kernel(const CUDA_KERNEL_NODE_PARAMS *params, KernelOperation &operation);
CUresult make_copy(const CUDA_MEMCPY3D *copy, CUcontext context, CopyOperation &operation);
CUresult make_fill(const CUDA_MEMSET_NODE_PARAMS *fill, CUcontext context,
                   FillOperation &operation);
CUresult make_host(const CUDA_HOST_NODE_PARAMS *host, HostOperation &operation);

/// Whether an executable graph's node may change from one operation to the other.
CUgraphExecUpdateResult may_become(const Operation &from, const Operation &to);

/// Puts the operation into a stream of its context, which must be the calling thread's current one.
/// Allocations, child graphs and empty nodes put nothing there.
CUresult enqueue(const Operation &operation, Stream &stream);

/// The handle by which entry points find the stream.
CUstream handle_of(Stream &stream);

/// Makes a context the calling thread's current one for a while.
class CurrentContext {
public:
  explicit CurrentContext(Context &context);
  ~CurrentContext();
  CurrentContext(const CurrentContext &) = delete;
  CurrentContext &operator=(const CurrentContext &) = delete;
};

} // namespace w2w::cuda
