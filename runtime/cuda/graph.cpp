#include "runtime/cuda/graph.h"

#include "runtime/cuda/graph_memory.h"

#include <algorithm>
#include <cstring>

namespace w2w::cuda {
namespace {

std::atomic<uint64_t> next_serial = 1;
std::atomic<unsigned> next_graph_id = 1;

bool same(const CUgraphEdgeData &a, const CUgraphEdgeData &b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

std::vector<GraphEdge>::iterator edge_to(std::vector<GraphEdge> &edges, const GraphNode &node) {
  return std::ranges::find(edges, &node, &GraphEdge::node);
}

/// Programmatic dependencies let a kernel begin before the other's end; waiting for it is right.
bool is_valid(const CUgraphEdgeData &data) {
  return data.type <= CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC && data.to_port == 0 &&
         std::ranges::all_of(data.reserved, [](unsigned char byte) { return byte == 0; });
}

struct OwnedGraphs {
  std::mutex mutex;
  std::map<Graph *, std::shared_ptr<Graph>> all;
};

OwnedGraphs &owned_graphs() {
  static auto *owned = new OwnedGraphs;
  return *owned;
}

} // namespace

UserObjects::UserObjects(const UserObjects &other) : held_(other.held_) {
  for (auto &[object, count] : held_)
    object->references += count;
}

UserObjects::~UserObjects() {
  for (auto &[object, count] : held_)
    cuda::release(*object, count);
}

void UserObjects::own(UserObject &object, unsigned count) {
  held_[&object] += count;
}

bool UserObjects::release(UserObject &object, unsigned count) {
  auto it = held_.find(&object);
  if (it == held_.end() || it->second < count)
    return false;
  it->second -= count;
  if (it->second == 0)
    held_.erase(it);
  cuda::release(object, count);
  return true;
}

void release(UserObject &object, unsigned count) {
  if (object.references.fetch_sub(count) > count)
    return;
  driver().user_objects.remove(&object);
  object.destroy(object.pointer);
  delete &object;
}

GraphNode::~GraphNode() {
  if (const auto *free = std::get_if<FreeOperation>(&operation))
    free->memory->freed_in = nullptr;
  driver().graph_nodes.remove(this);
}

Graph::Graph() : id(next_graph_id++) {
  driver().graphs.add(this);
}

Graph::~Graph() {
  driver().graphs.remove(this);
}

bool Graph::handles_memory() const {
  return std::ranges::any_of(
      nodes, [](const auto &node) { return cuda::handles_memory(node->operation); });
}

CUresult Graph::add(Operation operation, std::span<GraphNode *const> dependencies,
                    const CUgraphEdgeData *edges, GraphNode *&result) {
  for (size_t i = 0; i < dependencies.size(); ++i) {
    const GraphNode *dependency = driver().graph_nodes.find(dependencies[i]);
    if (!dependency || dependency->graph != this || (edges && !is_valid(edges[i])) ||
        std::ranges::count(dependencies.first(i), dependencies[i]))
      return CUDA_ERROR_INVALID_VALUE;
  }
  if (is_child && cuda::handles_memory(operation))
    return CUDA_ERROR_INVALID_VALUE;
  if (const auto *free = std::get_if<FreeOperation>(&operation)) {
    const Graph *nowhere = nullptr;
    if (!free->memory->freed_in.compare_exchange_strong(nowhere, this))
      return CUDA_ERROR_INVALID_VALUE;
  }
  auto node = std::make_unique<GraphNode>();
  node->graph = this;
  node->serial = next_serial++;
  node->local_id = next_local_id_++;
  node->operation = std::move(operation);
  for (size_t i = 0; i < dependencies.size(); ++i) {
    const CUgraphEdgeData data = edges ? edges[i] : CUgraphEdgeData{};
    node->dependencies.push_back({dependencies[i], data});
    dependencies[i]->dependents.push_back({node.get(), data});
  }
  driver().graph_nodes.add(node.get());
  result = node.get();
  nodes.push_back(std::move(node));
  return CUDA_SUCCESS;
}

CUresult Graph::connect(GraphNode &from, GraphNode &to, const CUgraphEdgeData &data) {
  if (from.graph != this || to.graph != this || &from == &to || !is_valid(data) ||
      edge_to(to.dependencies, from) != to.dependencies.end())
    return CUDA_ERROR_INVALID_VALUE;
  to.dependencies.push_back({&from, data});
  from.dependents.push_back({&to, data});
  return CUDA_SUCCESS;
}

CUresult Graph::disconnect(GraphNode &from, GraphNode &to, const CUgraphEdgeData &data) {
  auto it = edge_to(to.dependencies, from);
  if (it == to.dependencies.end() || !same(it->data, data))
    return CUDA_ERROR_INVALID_VALUE;
  to.dependencies.erase(it);
  from.dependents.erase(edge_to(from.dependents, to));
  return CUDA_SUCCESS;
}

void Graph::remove(GraphNode &node) {
  for (const GraphEdge &edge : node.dependencies)
    edge.node->dependents.erase(edge_to(edge.node->dependents, node));
  for (const GraphEdge &edge : node.dependents)
    edge.node->dependencies.erase(edge_to(edge.node->dependencies, node));
  std::erase_if(nodes, [&](const auto &owned) { return owned.get() == &node; });
}

std::shared_ptr<Graph> Graph::clone() const {
  auto copy = std::make_shared<Graph>();
  std::map<const GraphNode *, GraphNode *> copies;
  for (const auto &node : nodes) {
    Operation operation = node->operation;
    if (auto *child = std::get_if<ChildOperation>(&operation)) {
      child->graph = child->graph->clone();
      child->graph->is_child = true;
    }
    GraphNode *&made = copies[node.get()];
    (void)copy->add(std::move(operation), {}, nullptr, made);
    made->original = node->serial;
  }
  for (const auto &node : nodes)
    for (const GraphEdge &edge : node->dependencies)
      (void)copy->connect(*copies[edge.node], *copies[node.get()], edge.data);
  return copy;
}

bool flatten(const Graph &graph, std::vector<FlatNode> &flat, const GraphNode *&cyclic) {
  std::map<const GraphNode *, size_t> missing;
  std::map<unsigned, const GraphNode *> ready; // by number: in the order of creation
  for (const auto &node : graph.nodes) {
    missing[node.get()] = node->dependencies.size();
    if (node->dependencies.empty())
      ready[node->local_id] = node.get();
  }
  std::map<const GraphNode *, std::vector<uint32_t>> last; // what waiting for a node means
  while (!ready.empty()) {
    const GraphNode &node = *ready.begin()->second;
    ready.erase(ready.begin());
    missing.erase(&node);
    const auto at = static_cast<uint32_t>(flat.size());
    FlatNode &entry = flat.emplace_back();
    entry.serial = node.serial;
    entry.node = &node;
    for (const GraphEdge &edge : node.dependencies)
      entry.dependencies.insert(entry.dependencies.end(), last[edge.node].begin(),
                                last[edge.node].end());
    last[&node] = {at};
    if (const auto *child = std::get_if<ChildOperation>(&node.operation)) {
      entry.operation = EmptyOperation{};
      if (!flatten(*child->graph, flat, cyclic))
        return false;
      const auto end = static_cast<uint32_t>(flat.size());
      flat[at].inner = end - at - 1;
      std::vector<bool> waited(end - at, false);
      for (uint32_t i = at + 1; i < end; ++i) {
        if (flat[i].dependencies.empty())
          flat[i].dependencies.push_back(at);
        for (uint32_t dependency : flat[i].dependencies)
          waited[dependency - at] = true;
      }
      last[&node].clear();
      for (uint32_t i = at; i < end; ++i)
        if (!waited[i - at])
          last[&node].push_back(i);
    } else {
      entry.operation = node.operation;
    }
    for (const GraphEdge &edge : node.dependents)
      if (--missing[edge.node] == 0)
        ready[edge.node->local_id] = edge.node;
  }
  if (missing.empty())
    return true;
  cyclic = missing.begin()->first;
  return false;
}

Graph *publish(std::shared_ptr<Graph> graph) {
  OwnedGraphs &owned = owned_graphs();
  std::lock_guard lock(owned.mutex);
  Graph *handle = graph.get();
  owned.all[handle] = std::move(graph);
  return handle;
}

bool destroy(Graph *graph) {
  OwnedGraphs &owned = owned_graphs();
  std::shared_ptr<Graph> last; // ends after the lock: destructors of user objects are the program's
  std::lock_guard lock(owned.mutex);
  auto it = owned.all.find(graph);
  if (it == owned.all.end())
    return false;
  last = std::move(it->second);
  owned.all.erase(it);
  return true;
}

std::shared_ptr<Graph> owner_of(Graph *graph) {
  OwnedGraphs &owned = owned_graphs();
  std::lock_guard lock(owned.mutex);
  auto it = owned.all.find(graph);
  return it == owned.all.end() ? nullptr : it->second;
}

} // namespace w2w::cuda
