// The entry points that make graphs and look at how they are built; user objects and the memory of
// graphs.
// Source: CUDA Driver API, "Graph Management".
#include "runtime/cuda/graph_api.h"
#include "runtime/cuda/graph.h"
#include "runtime/cuda/graph_memory.h"

#include <algorithm>
#include <climits>
#include <cstring>

namespace w2w::cuda {
namespace {

/// Fills the program's arrays with as much of a list as they hold, and says how much there is. Any
/// array may be null; `items` says whether the program wants more than the number.
template <class T, class Put>
CUresult give(const std::vector<T> &list, bool wanted, size_t *count, Put put) {
  if (!count)
    return CUDA_ERROR_INVALID_VALUE;
  if (!wanted) {
    *count = list.size();
    return CUDA_SUCCESS;
  }
  for (size_t i = 0; i < *count; ++i)
    put(i, i < list.size() ? list[i] : T{});
  *count = std::min(*count, list.size());
  return CUDA_SUCCESS;
}

CUgraphNode handle(GraphNode *node) {
  return reinterpret_cast<CUgraphNode>(node);
}

CUresult give_nodes(const std::vector<GraphNode *> &list, CUgraphNode *nodes, size_t *count) {
  return give(list, nodes, count, [&](size_t i, GraphNode *node) { nodes[i] = handle(node); });
}

bool is_default(const CUgraphEdgeData &data) {
  const CUgraphEdgeData none{};
  return std::memcmp(&data, &none, sizeof none) == 0;
}

struct FullEdge {
  GraphNode *from = nullptr, *to = nullptr;
  CUgraphEdgeData data{};
};

CUresult give_edges(const std::vector<FullEdge> &list, CUgraphNode *from, CUgraphNode *to,
                    CUgraphEdgeData *data, size_t *count) {
  const bool wanted = from || to;
  if (data && !wanted)
    return CUDA_ERROR_INVALID_VALUE;
  if (wanted && !data &&
      !std::ranges::all_of(list, [](const FullEdge &edge) { return is_default(edge.data); }))
    return CUDA_ERROR_LOSSY_QUERY;
  return give(list, wanted, count, [&](size_t i, const FullEdge &edge) {
    if (from)
      from[i] = handle(edge.from);
    if (to)
      to[i] = handle(edge.to);
    if (data)
      data[i] = edge.data;
  });
}

std::vector<FullEdge> edges_to(GraphNode &node) {
  std::vector<FullEdge> list;
  for (const GraphEdge &edge : node.dependencies)
    list.push_back({edge.node, &node, edge.data});
  return list;
}

CUresult dependencies(CUgraphNode node_handle, CUgraphNode *nodes, CUgraphEdgeData *data,
                      size_t *count) {
  GraphNode *node = find_node(node_handle);
  return node ? give_edges(edges_to(*node), nodes, nullptr, data, count) : CUDA_ERROR_INVALID_VALUE;
}

CUresult dependents(CUgraphNode node_handle, CUgraphNode *nodes, CUgraphEdgeData *data,
                    size_t *count) {
  GraphNode *node = find_node(node_handle);
  if (!node)
    return CUDA_ERROR_INVALID_VALUE;
  std::vector<FullEdge> list;
  for (const GraphEdge &edge : node->dependents)
    list.push_back({node, edge.node, edge.data});
  return give_edges(list, nullptr, nodes, data, count);
}

CUresult edges(CUgraph graph_handle, CUgraphNode *from, CUgraphNode *to, CUgraphEdgeData *data,
               size_t *count) {
  const Graph *graph = find_graph(graph_handle);
  if (!graph || !from != !to)
    return CUDA_ERROR_INVALID_VALUE;
  std::vector<FullEdge> list;
  for (const auto &node : graph->nodes)
    for (const FullEdge &edge : edges_to(*node))
      list.push_back(edge);
  return give_edges(list, from, to, data, count);
}

/// Adds or removes dependencies, all or none.
CUresult change_edges(CUgraph graph_handle, const CUgraphNode *from, const CUgraphNode *to,
                      const CUgraphEdgeData *data, size_t count, bool add) {
  Graph *graph = find_graph(graph_handle);
  if (!graph || (count > 0 && (!from || !to)))
    return CUDA_ERROR_INVALID_VALUE;
  if (!add && count > 0 && graph->handles_memory())
    return CUDA_ERROR_NOT_SUPPORTED;
  auto apply = [&](size_t i, bool adding) {
    GraphNode *a = find_node(from[i]), *b = find_node(to[i]);
    if (!a || !b)
      return CUDA_ERROR_INVALID_VALUE;
    const CUgraphEdgeData edge = data ? data[i] : CUgraphEdgeData{};
    return adding ? graph->connect(*a, *b, edge) : graph->disconnect(*a, *b, edge);
  };
  for (size_t i = 0; i < count; ++i)
    if (CUresult result = apply(i, add)) {
      while (i-- > 0)
        (void)apply(i, !add);
      return result;
    }
  return CUDA_SUCCESS;
}

UserObject *find_object(CUuserObject handle, unsigned count) {
  return count == 0 || count > INT_MAX ? nullptr : driver().user_objects.find(handle);
}

} // namespace
} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

CUresult cuGraphCreate(CUgraph *graph, unsigned int flags) {
  W2W_ENTER(cuGraphCreate);
  if (!graph || flags != 0)
    return CUDA_ERROR_INVALID_VALUE;
  *graph = reinterpret_cast<CUgraph>(publish(std::make_shared<Graph>()));
  return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(CUgraph handle) {
  W2W_ENTER(cuGraphDestroy);
  Graph *graph = find_graph(handle);
  return graph && !graph->capturing && destroy(graph) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphClone(CUgraph *clone, CUgraph handle) {
  W2W_ENTER(cuGraphClone);
  const Graph *graph = find_graph(handle);
  if (!graph || !clone || graph->handles_memory())
    return CUDA_ERROR_INVALID_VALUE;
  *clone = reinterpret_cast<CUgraph>(publish(graph->clone()));
  return CUDA_SUCCESS;
}

CUresult cuGraphDebugDotPrint(CUgraph handle, const char *path, unsigned int flags) {
  W2W_ENTER(cuGraphDebugDotPrint);
  const Graph *graph = find_graph(handle);
  return graph && path ? print_dot(*graph, path, flags) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphNodeGetType(CUgraphNode handle, CUgraphNodeType *type) {
  W2W_ENTER(cuGraphNodeGetType);
  const GraphNode *node = find_node(handle);
  if (!node || !type)
    return CUDA_ERROR_INVALID_VALUE;
  *type = type_of(node->operation);
  return CUDA_SUCCESS;
}

CUresult cuGraphNodeFindInClone(CUgraphNode *found, CUgraphNode original, CUgraph clone) {
  W2W_ENTER(cuGraphNodeFindInClone);
  const GraphNode *node = find_node(original);
  const Graph *graph = find_graph(clone);
  if (!node || !graph || !found)
    return CUDA_ERROR_INVALID_VALUE;
  for (const auto &candidate : graph->nodes)
    if (candidate->original == node->serial) {
      *found = handle(candidate.get());
      return CUDA_SUCCESS;
    }
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphNodeGetDependencies(CUgraphNode node, CUgraphNode *nodes, size_t *count) {
  W2W_ENTER(cuGraphNodeGetDependencies);
  return dependencies(node, nodes, nullptr, count);
}
CUresult cuGraphNodeGetDependencies_v2(CUgraphNode node, CUgraphNode *nodes, CUgraphEdgeData *data,
                                       size_t *count) {
  W2W_ENTER(cuGraphNodeGetDependencies_v2);
  return dependencies(node, nodes, data, count);
}
CUresult cuGraphNodeGetDependentNodes(CUgraphNode node, CUgraphNode *nodes, size_t *count) {
  W2W_ENTER(cuGraphNodeGetDependentNodes);
  return dependents(node, nodes, nullptr, count);
}
CUresult cuGraphNodeGetDependentNodes_v2(CUgraphNode node, CUgraphNode *nodes,
                                         CUgraphEdgeData *data, size_t *count) {
  W2W_ENTER(cuGraphNodeGetDependentNodes_v2);
  return dependents(node, nodes, data, count);
}

CUresult cuGraphDestroyNode(CUgraphNode handle) {
  W2W_ENTER(cuGraphDestroyNode);
  GraphNode *node = find_node(handle);
  if (!node || node->graph->capturing)
    return CUDA_ERROR_INVALID_VALUE;
  if (node->graph->handles_memory())
    return CUDA_ERROR_NOT_SUPPORTED;
  node->graph->remove(*node);
  return CUDA_SUCCESS;
}

CUresult cuGraphGetNodes(CUgraph handle, CUgraphNode *nodes, size_t *count) {
  W2W_ENTER(cuGraphGetNodes);
  const Graph *graph = find_graph(handle);
  if (!graph)
    return CUDA_ERROR_INVALID_VALUE;
  std::vector<GraphNode *> list;
  for (const auto &node : graph->nodes)
    list.push_back(node.get());
  return give_nodes(list, nodes, count);
}

CUresult cuGraphGetRootNodes(CUgraph handle, CUgraphNode *nodes, size_t *count) {
  W2W_ENTER(cuGraphGetRootNodes);
  const Graph *graph = find_graph(handle);
  if (!graph)
    return CUDA_ERROR_INVALID_VALUE;
  std::vector<GraphNode *> list;
  for (const auto &node : graph->nodes)
    if (node->dependencies.empty())
      list.push_back(node.get());
  return give_nodes(list, nodes, count);
}

CUresult cuGraphGetEdges(CUgraph graph, CUgraphNode *from, CUgraphNode *to, size_t *count) {
  W2W_ENTER(cuGraphGetEdges);
  return edges(graph, from, to, nullptr, count);
}
CUresult cuGraphGetEdges_v2(CUgraph graph, CUgraphNode *from, CUgraphNode *to,
                            CUgraphEdgeData *data, size_t *count) {
  W2W_ENTER(cuGraphGetEdges_v2);
  return edges(graph, from, to, data, count);
}

CUresult cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                   const CUgraphEdgeData *data, size_t count) {
  W2W_ENTER(cuGraphAddDependencies_v2);
  return change_edges(graph, from, to, data, count, true);
}
CUresult cuGraphAddDependencies(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                size_t count) {
  return cuGraphAddDependencies_v2(graph, from, to, nullptr, count);
}
CUresult cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                      const CUgraphEdgeData *data, size_t count) {
  W2W_ENTER(cuGraphRemoveDependencies_v2);
  return change_edges(graph, from, to, data, count, false);
}
CUresult cuGraphRemoveDependencies(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                   size_t count) {
  return cuGraphRemoveDependencies_v2(graph, from, to, nullptr, count);
}

CUresult cuUserObjectCreate(CUuserObject *object, void *pointer, CUhostFn destroy,
                            unsigned int references, unsigned int flags) {
  W2W_ENTER(cuUserObjectCreate);
  if (!object || !destroy || references == 0 || references > INT_MAX ||
      flags != CU_USER_OBJECT_NO_DESTRUCTOR_SYNC)
    return CUDA_ERROR_INVALID_VALUE;
  auto *made = new UserObject;
  made->pointer = pointer;
  made->destroy = destroy;
  made->references = references;
  driver().user_objects.add(made);
  *object = reinterpret_cast<CUuserObject>(made);
  return CUDA_SUCCESS;
}

CUresult cuUserObjectRetain(CUuserObject handle, unsigned int count) {
  W2W_ENTER(cuUserObjectRetain);
  UserObject *object = find_object(handle, count);
  if (!object)
    return CUDA_ERROR_INVALID_VALUE;
  object->references += count;
  return CUDA_SUCCESS;
}

CUresult cuUserObjectRelease(CUuserObject handle, unsigned int count) {
  W2W_ENTER(cuUserObjectRelease);
  UserObject *object = find_object(handle, count);
  if (!object)
    return CUDA_ERROR_INVALID_VALUE;
  release(*object, count);
  return CUDA_SUCCESS;
}

CUresult cuGraphRetainUserObject(CUgraph graph_handle, CUuserObject handle, unsigned int count,
                                 unsigned int flags) {
  W2W_ENTER(cuGraphRetainUserObject);
  Graph *graph = find_graph(graph_handle);
  UserObject *object = find_object(handle, count);
  if (!graph || !object || flags > CU_GRAPH_USER_OBJECT_MOVE)
    return CUDA_ERROR_INVALID_VALUE;
  if (flags != CU_GRAPH_USER_OBJECT_MOVE)
    object->references += count;
  graph->objects.own(*object, count);
  return CUDA_SUCCESS;
}

CUresult cuGraphReleaseUserObject(CUgraph graph_handle, CUuserObject handle, unsigned int count) {
  W2W_ENTER(cuGraphReleaseUserObject);
  Graph *graph = find_graph(graph_handle);
  UserObject *object = find_object(handle, count);
  return graph && object && graph->objects.release(*object, count) ? CUDA_SUCCESS
                                                                   : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDeviceGetGraphMemAttribute(CUdevice dev, CUgraphMem_attribute attr, void *value) {
  W2W_ENTER(cuDeviceGetGraphMemAttribute);
  const Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  if (!value || attr < CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT ||
      attr > CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH)
    return CUDA_ERROR_INVALID_VALUE;
  const uint64_t bytes = graph_memory_attribute(*device, attr);
  std::memcpy(value, &bytes, sizeof bytes);
  return CUDA_SUCCESS;
}

CUresult cuDeviceSetGraphMemAttribute(CUdevice dev, CUgraphMem_attribute attr, void *value) {
  W2W_ENTER(cuDeviceSetGraphMemAttribute);
  const Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  uint64_t bytes = 1;
  if (value)
    std::memcpy(&bytes, value, sizeof bytes);
  if (bytes != 0 ||
      (attr != CU_GRAPH_MEM_ATTR_USED_MEM_HIGH && attr != CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH))
    return CUDA_ERROR_INVALID_VALUE;
  reset_graph_memory_peak(*device, attr);
  return CUDA_SUCCESS;
}

CUresult cuDeviceGraphMemTrim(CUdevice dev) {
  W2W_ENTER(cuDeviceGraphMemTrim);
  // Memory of graphs that are gone is freed at once: nothing is kept.
  return find_device(dev) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}
