// Executable graphs: a graph's nodes in an order that keeps every dependency, spread over streams
// so that independent ones may run side by side.
#pragma once

#include "runtime/cuda/graph.h"

namespace w2w::cuda {

class GraphExec {
public:
  /// Compiles the graph's kernels. What is wrong, and with which node, goes to `why` and `where`.
  static CUresult create(Graph &graph, unsigned long long flags, std::unique_ptr<GraphExec> &exec,
                         CUgraphInstantiateResult &why, const GraphNode *&where);
  /// The streams it used serve others once its work is done.
  ~GraphExec();
  GraphExec(const GraphExec &) = delete;
  GraphExec &operator=(const GraphExec &) = delete;

  CUresult launch(Stream &stream, Context &context);

  /// Takes over the operations of a graph with the same nodes and dependencies, or nothing.
  CUgraphExecUpdateResult update(const Graph &graph, const GraphNode *&node,
                                 const GraphNode *&dependency);
  /// The same for the child graph of a node.
  CUgraphExecUpdateResult update_child(const GraphNode &node, const Graph &child);
  /// Replaces what a node does from the next launch on. INVALID_VALUE if the change is not allowed.
  CUresult set_operation(const GraphNode &node, Operation operation);

  /// Whether a kernel, a copy or a fill is executed. INVALID_VALUE, nothing: no such node.
  CUresult enable(const GraphNode &node, bool enabled);
  std::optional<bool> enabled(const GraphNode &node);
  /// A graph of the same nodes; null if they allocate or free memory in a way that one can't.
  std::shared_ptr<Graph> as_graph() const;

  unsigned long long flags() const { return flags_; }
  unsigned id() const { return id_; }
  bool uses(const Context &context) const;

private:
  struct Node {
    FlatNode flat;
    bool enabled = true;
    uint32_t lane = 0;
    hip::hipEvent_t done = nullptr; // recorded behind it for nodes of other lanes; else null
  };
  /// Nodes in a row in one stream.
  struct Lane {
    Context *context = nullptr;
    Stream *stream = nullptr; // null for the first: the launch's own, if that is of this context
    hip::hipEvent_t done = nullptr;
  };

  GraphExec() = default;
  CUresult assign_lanes(Context &first);
  CUgraphExecUpdateResult update_range(uint32_t first, uint32_t count, const Graph &graph,
                                       const GraphNode *&node, const GraphNode *&dependency);
  Node *find(const GraphNode &node);
  Node *find_switchable(const GraphNode &node);
  CUresult put(std::span<Stream *const> streams);

  unsigned long long flags_ = 0;
  unsigned id_ = 0;
  std::vector<Node> nodes_;
  std::vector<Lane> lanes_;
  std::map<uint64_t, uint32_t> index_; // by the nodes' serials
  std::unique_ptr<UserObjects> objects_;
  std::shared_ptr<std::atomic<unsigned>> counted_; // Graph::instantiations
  std::mutex mutex_;
  /// Recorded in the launch's stream, before and after the nodes; made for its context.
  struct Ends {
    hip::hipEvent_t begun = nullptr, ended = nullptr;
  };
  std::map<Context *, Ends> ends_;
  hip::hipEvent_t latest_ = nullptr; // the end of the latest launch
};

} // namespace w2w::cuda
