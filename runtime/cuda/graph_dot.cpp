// Graphs in the language of Graphviz.
// Source: CUDA Driver API, cuGraphDebugDotPrint.
#include "runtime/cuda/graph.h"
#include "runtime/cuda/graph_memory.h"

#include <cstdio>

namespace w2w::cuda {
namespace {

bool has(unsigned flags, CUgraphDebugDot_flags flag) {
  return flags & (flag | CU_GRAPH_DEBUG_DOT_FLAGS_VERBOSE);
}

const char *memory_name(CUmemorytype type) {
  switch (type) {
  case CU_MEMORYTYPE_HOST:
    return "host";
  case CU_MEMORYTYPE_DEVICE:
    return "device";
  case CU_MEMORYTYPE_ARRAY:
    return "array";
  default:
    return "unified";
  }
}

/// The name's characters in a label: quotes and backslashes escaped.
std::string escaped(std::string_view name) {
  std::string text;
  for (char c : name) {
    if (c == '"' || c == '\\')
      text += '\\';
    text += c;
  }
  return text;
}

std::string describe(const KernelOperation &kernel, unsigned flags) {
  const bool alive = driver().functions.find(kernel.function);
  std::string text =
      fmt::format("KERNEL\\n{}", alive ? escaped(kernel.function->name) : "unloaded");
  if (has(flags, CU_GRAPH_DEBUG_DOT_FLAGS_KERNEL_NODE_PARAMS))
    text += fmt::format("\\ngrid {} block {} shared {}", fmt::join(kernel.grid, "x"),
                        fmt::join(kernel.block, "x"), kernel.shared_bytes);
  if (has(flags, CU_GRAPH_DEBUG_DOT_FLAGS_KERNEL_NODE_ATTRIBUTES) && kernel.cooperative())
    text += "\\ncooperative";
  return text;
}

std::string describe(const CopyOperation &operation, unsigned flags) {
  const CUDA_MEMCPY3D &c = operation.copy;
  std::string text =
      fmt::format("MEMCPY\\n{} to {}", memory_name(c.srcMemoryType), memory_name(c.dstMemoryType));
  if (has(flags, CU_GRAPH_DEBUG_DOT_FLAGS_MEMCPY_NODE_PARAMS))
    text += fmt::format("\\n{} x {} x {}", c.WidthInBytes, c.Height, c.Depth);
  return text;
}

std::string describe(const FillOperation &operation, unsigned flags) {
  const CUDA_MEMSET_NODE_PARAMS &f = operation.fill;
  std::string text = "MEMSET";
  if (has(flags, CU_GRAPH_DEBUG_DOT_FLAGS_MEMSET_NODE_PARAMS))
    text += fmt::format("\\n{:#x}: {} x {} of {:#x}, {} bytes each", f.dst, f.width, f.height,
                        f.value, f.elementSize);
  return text;
}

std::string describe(const HostOperation &host, unsigned flags) {
  return has(flags, CU_GRAPH_DEBUG_DOT_FLAGS_HOST_NODE_PARAMS)
             ? fmt::format("HOST\\n{}({})", fmt::ptr(reinterpret_cast<void *>(host.function)),
                           fmt::ptr(host.user_data))
             : "HOST";
}

std::string describe(const ChildOperation &child, unsigned) {
  return fmt::format("GRAPH\\n{}", child.graph->id);
}

std::string describe(const EmptyOperation &, unsigned) {
  return "EMPTY";
}

std::string event_text(const char *name, CUevent event, unsigned flags) {
  return has(flags, CU_GRAPH_DEBUG_DOT_FLAGS_EVENT_NODE_PARAMS)
             ? fmt::format("{}\\n{}", name, fmt::ptr(event))
             : name;
}

std::string describe(const WaitOperation &wait, unsigned flags) {
  return event_text("WAIT_EVENT", wait.event, flags);
}

std::string describe(const RecordOperation &record, unsigned flags) {
  return event_text("EVENT_RECORD", record.event, flags);
}

std::string describe(const AllocateOperation &allocate, unsigned flags) {
  return has(flags, CU_GRAPH_DEBUG_DOT_FLAGS_MEM_ALLOC_NODE_PARAMS)
             ? fmt::format("MEM_ALLOC\\n{:#x}: {} bytes", allocate.memory->address(),
                           allocate.memory->params().bytesize)
             : "MEM_ALLOC";
}

std::string describe(const FreeOperation &free, unsigned flags) {
  return has(flags, CU_GRAPH_DEBUG_DOT_FLAGS_MEM_FREE_NODE_PARAMS)
             ? fmt::format("MEM_FREE\\n{:#x}", free.memory->address())
             : "MEM_FREE";
}

void print(const Graph &graph, unsigned flags, std::string &text) {
  auto name = [&](const GraphNode &node) {
    return fmt::format("\"graph_{}_node_{}\"", graph.id, node.local_id);
  };
  text += fmt::format("subgraph cluster_{} {{\nlabel=\"graph_{}\"\n", graph.id, graph.id);
  for (const auto &node : graph.nodes) {
    std::string label = std::visit(
        [&](const auto &operation) { return describe(operation, flags); }, node->operation);
    if (has(flags, CU_GRAPH_DEBUG_DOT_FLAGS_HANDLES))
      label += fmt::format("\\n{}", fmt::ptr(node.get()));
    text +=
        fmt::format("{} [shape=record label=\"{}\\n{}\"]\n", name(*node), node->local_id, label);
  }
  for (const auto &node : graph.nodes)
    for (const GraphEdge &edge : node->dependencies)
      text += fmt::format("{} -> {}\n", name(*edge.node), name(*node));
  text += "}\n";
  for (const auto &node : graph.nodes)
    if (const auto *child = std::get_if<ChildOperation>(&node->operation))
      print(*child->graph, flags, text);
}

} // namespace

CUresult print_dot(const Graph &graph, const char *path, unsigned flags) {
  std::string text = "digraph dot {\n";
  print(graph, flags, text);
  text += "}\n";
  std::FILE *file = std::fopen(path, "w");
  if (!file)
    return CUDA_ERROR_OPERATING_SYSTEM;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written ? CUDA_SUCCESS : CUDA_ERROR_OPERATING_SYSTEM;
}

} // namespace w2w::cuda
