// Graphs as programs build or capture them: nodes and their dependencies. What runs is an
// executable graph made of one (graph_exec.h). As in CUDA, a graph may be used by one thread at a
// time.
// Source: CUDA Driver API, "Graph Management".
#pragma once

#include "runtime/cuda/graph_operation.h"

#include <map>
#include <span>

namespace w2w::cuda {

struct GraphNode;

/// A dependency, seen from one of its ends.
struct GraphEdge {
  GraphNode *node = nullptr; // at the other end
  CUgraphEdgeData data{};    // kept for the program: every dependency waits for the whole node
};

/// A program's object that graphs keep alive.
struct UserObject {
  void *pointer = nullptr;
  CUhostFn destroy = nullptr;
  std::atomic<int64_t> references = 0;
};

/// References to user objects, let go by the destructor.
class UserObjects {
public:
  UserObjects() = default;
  /// Takes as many references as the other holds.
  UserObjects(const UserObjects &other);
  UserObjects &operator=(const UserObjects &) = delete;
  ~UserObjects();
  /// Takes over references that exist.
  void own(UserObject &object, unsigned count);
  /// Lets go of some; false if fewer are held.
  bool release(UserObject &object, unsigned count);

private:
  std::map<UserObject *, unsigned> held_;
};

/// Destroys the object with its last reference.
void release(UserObject &object, unsigned count);

struct GraphNode {
  Graph *graph = nullptr;
  uint64_t serial = 0;   // unlike every other node's of the process
  uint64_t original = 0; // of a clone: the serial of the node that it copies
  unsigned local_id = 0; // number in its graph
  Operation operation;
  std::vector<GraphEdge> dependencies, dependents;
  std::vector<void *> argument_pointers; // what cuGraphKernelNodeGetParams gave out

  ~GraphNode();
};

struct Graph {
  Graph();
  ~Graph();
  Graph(const Graph &) = delete;
  Graph &operator=(const Graph &) = delete;

  unsigned id = 0;
  std::vector<std::unique_ptr<GraphNode>> nodes; // in the order of their creation
  UserObjects objects;
  bool is_child = false;  // owned by a node of another graph
  bool capturing = false; // nodes may be added, but not removed
  /// Executable graphs that exist of it, if it handles memory: at most one.
  std::shared_ptr<std::atomic<unsigned>> instantiations =
      std::make_shared<std::atomic<unsigned>>(0);
  bool handles_memory() const;

  /// Adds a node behind others of this graph. INVALID_VALUE if one of them is not, or is named
  /// twice, or if the node's memory may not be allocated or freed here.
  CUresult add(Operation operation, std::span<GraphNode *const> dependencies,
               const CUgraphEdgeData *edges, GraphNode *&node);
  /// Adds a dependency; INVALID_VALUE if there is one, or if the nodes are not this graph's.
  CUresult connect(GraphNode &from, GraphNode &to, const CUgraphEdgeData &data);
  CUresult disconnect(GraphNode &from, GraphNode &to, const CUgraphEdgeData &data);
  void remove(GraphNode &node);
  std::shared_ptr<Graph> clone() const;

private:
  unsigned next_local_id_ = 0;
};

/// A node as it is executed: child graphs are dissolved.
struct FlatNode {
  Operation operation;
  uint64_t serial = 0;
  const GraphNode *node = nullptr;
  std::vector<uint32_t> dependencies; // indices of earlier nodes
  uint32_t inner = 0;                 // of a child graph's node: how many after it are the child's
};

/// The graph's nodes, each behind those it depends on, those without order in the order of their
/// creation. A child graph's node becomes an empty one, behind which the child's nodes follow.
/// Null: `cyclic` is a node of a cycle.
bool flatten(const Graph &graph, std::vector<FlatNode> &flat, const GraphNode *&cyclic);

/// Writes the graph in the language of Graphviz. Flags: CUgraphDebugDot_flags.
CUresult print_dot(const Graph &graph, const char *path, unsigned flags);

/// Graphs that programs own by a handle, until cuGraphDestroy.
Graph *publish(std::shared_ptr<Graph> graph);
/// False if it is none of those.
bool destroy(Graph *graph);
/// Null if it is none of those.
std::shared_ptr<Graph> owner_of(Graph *graph);

} // namespace w2w::cuda
