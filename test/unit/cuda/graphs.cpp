// Graphs built node by node: what they compute, how they are looked at and changed, and what is
// refused.
#include "test/unit/cuda/graph_kernels.h"

#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <unistd.h>

namespace {

CUDA_KERNEL_NODE_PARAMS kernel_node(CUfunction function, void **params) {
  CUDA_KERNEL_NODE_PARAMS k{};
  k.func = function;
  k.gridDimX = k.gridDimY = k.gridDimZ = 1;
  k.blockDimX = k.blockDimY = k.blockDimZ = 1;
  k.kernelParams = params;
  return k;
}

CUgraphNode add_step(CUgraph graph, CUfunction step, CUdeviceptr data, unsigned value,
                     std::vector<CUgraphNode> after = {}) {
  void *params[] = {&data, &value};
  CUDA_KERNEL_NODE_PARAMS k = kernel_node(step, params);
  CUgraphNode node = nullptr;
  CHECK_CU(cuGraphAddKernelNode_v2(&node, graph, after.data(), after.size(), &k));
  return node;
}

CUgraphNode add_fill(CUgraph graph, CUdeviceptr at, unsigned value, size_t words,
                     std::vector<CUgraphNode> after = {}) {
  CUDA_MEMSET_NODE_PARAMS f{at, 0, value, 4, words, 1};
  CUgraphNode node = nullptr;
  CHECK_CU(cuGraphAddMemsetNode(&node, graph, after.data(), after.size(), &f, nullptr));
  return node;
}

CUDA_MEMCPY3D to_host(CUdeviceptr from, void *to, size_t bytes) {
  CUDA_MEMCPY3D c{};
  c.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  c.srcDevice = from;
  c.dstMemoryType = CU_MEMORYTYPE_HOST;
  c.dstHost = to;
  c.WidthInBytes = bytes;
  c.Height = c.Depth = 1;
  return c;
}

CUgraphExec instantiate(CUgraph graph, unsigned long long flags = 0) {
  CUgraphExec exec = nullptr;
  CHECK_CU(cuGraphInstantiateWithFlags(&exec, graph, flags));
  return exec;
}

void launch_and_wait(CUgraphExec exec, CUstream stream) {
  CHECK_CU(cuGraphLaunch(exec, stream));
  CHECK_CU(cuStreamSynchronize(stream));
}

/// A diamond: fill, a kernel, two independent ones, one that joins them, a copy out, a host
/// function.
void diamond() {
  GraphTest t;
  CUgraph graph = nullptr;
  CHECK_CU(cuGraphCreate(&graph, 0));
  CUgraphNode fill = add_fill(graph, t.word(0), 5, 2);
  CUgraphNode first = add_step(graph, t.step, t.word(0), 1, {fill});   // 16
  CUgraphNode second = add_step(graph, t.slow, t.word(0), 2, {first}); // 50
  CUgraphNode other = add_step(graph, t.step, t.word(1), 7, {fill});   // 22
  CUdeviceptr a = t.word(0), b = t.word(1), sum = t.word(2);
  CUgraphNode join = nullptr;
  {
    void *params[] = {&a, &b, &sum};
    CUDA_KERNEL_NODE_PARAMS_v1 k{};
    k.func = t.join;
    k.gridDimX = k.gridDimY = k.gridDimZ = k.blockDimX = k.blockDimY = k.blockDimZ = 1;
    k.kernelParams = params;
    CUgraphNode after[] = {second, other};
    CHECK_CU(cuGraphAddKernelNode(&join, graph, after, 2, &k));
  }
  unsigned out = 0;
  CUDA_MEMCPY3D copy = to_host(sum, &out, 4);
  CUgraphNode copy_node = nullptr, host_node = nullptr;
  CHECK_CU(cuGraphAddMemcpyNode(&copy_node, graph, &join, 1, &copy, nullptr));
  struct Seen {
    unsigned *out;
    std::vector<unsigned> values;
  } seen{&out, {}};
  CUDA_HOST_NODE_PARAMS host{[](void *p) {
                               auto *s = static_cast<Seen *>(p);
                               s->values.push_back(*s->out);
                             },
                             &seen};
  CHECK_CU(cuGraphAddHostNode(&host_node, graph, &copy_node, 1, &host));
  a = b = sum = 0; // parameters were copied

  CUgraphExec exec = instantiate(graph);
  CHECK(t.read(0) == 0); // nothing ran
  for (int i = 0; i < 3; ++i)
    CHECK_CU(cuGraphLaunch(exec, t.stream));
  CHECK_CU(cuStreamSynchronize(t.stream));
  CHECK((seen.values == std::vector<unsigned>{72, 72, 72}));
  CHECK(t.read(0) == 50 && t.read(1) == 22);
  // The graph may go before its executable, in other streams too, the legacy one among them.
  CHECK_CU(cuGraphDestroy(graph));
  CHECK_ERROR(cuGraphDestroy(graph), CUDA_ERROR_INVALID_VALUE);
  out = 0;
  CHECK_CU(cuGraphLaunch(exec, nullptr));
  CHECK_CU(cuCtxSynchronize());
  CHECK(out == 72);
  out = 0;
  CHECK_CU(cuGraphLaunch(exec, CU_STREAM_PER_THREAD));
  CHECK_CU(cuStreamSynchronize(CU_STREAM_PER_THREAD));
  CHECK(out == 72);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_ERROR(cuGraphLaunch(exec, t.stream), CUDA_ERROR_INVALID_VALUE);
}

/// Launches of one executable graph follow each other, whatever their streams.
void serial_launches() {
  GraphTest t;
  CUgraph graph = nullptr;
  CHECK_CU(cuGraphCreate(&graph, 0));
  add_step(graph, t.slow, t.word(0), 1);
  CUgraphExec exec = instantiate(graph);
  CUstream other = nullptr;
  CHECK_CU(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
  unsigned want = 0;
  for (int i = 0; i < 6; ++i) {
    CHECK_CU(cuGraphLaunch(exec, i % 2 ? other : t.stream));
    want = want * 3 + 1;
  }
  // Destroyed while it runs: the work goes on.
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));
  CHECK_CU(cuStreamSynchronize(other));
  CHECK(t.read(0) == want);
  CHECK_CU(cuStreamDestroy_v2(other));
}

/// Independent nodes, more than there are streams for them.
void wide() {
  GraphTest t;
  CUgraph graph = nullptr;
  CHECK_CU(cuGraphCreate(&graph, 0));
  CUgraphNode begin = nullptr, end = nullptr;
  CHECK_CU(cuGraphAddEmptyNode(&begin, graph, nullptr, 0));
  std::vector<CUgraphNode> last;
  for (unsigned i = 0; i < 20; ++i) {
    CUgraphNode fill = add_fill(graph, t.word(i), i, 1, {begin});
    CUgraphNode one = add_step(graph, i % 3 ? t.step : t.slow, t.word(i), 1, {fill});
    last.push_back(add_step(graph, t.step, t.word(i), 2, {one}));
  }
  CHECK_CU(cuGraphAddEmptyNode(&end, graph, last.data(), last.size()));
  std::vector<unsigned> out(20);
  CUDA_MEMCPY3D copy = to_host(t.words, out.data(), 80);
  CUgraphNode node = nullptr;
  CHECK_CU(cuGraphAddMemcpyNode(&node, graph, &end, 1, &copy, nullptr));
  CUgraphExec exec = instantiate(graph);
  for (int launch = 0; launch < 3; ++launch) {
    out.assign(20, 0);
    launch_and_wait(exec, t.stream);
    for (unsigned i = 0; i < 20; ++i)
      CHECK(out[i] == (i * 3 + 1) * 3 + 2);
  }
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));
}

/// Random graphs whose nodes wait for those whose words they touch, and for nothing else.
void random_graphs() {
  GraphTest t;
  constexpr unsigned kWords = 12, kNodes = 60;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    std::minstd_rand random(seed);
    CUgraph graph = nullptr;
    CHECK_CU(cuGraphCreate(&graph, 0));
    unsigned want[kWords] = {};
    std::set<CUgraphNode> writers[kWords], readers[kWords];
    auto before = [&](std::vector<unsigned> reads, unsigned writes) {
      std::set<CUgraphNode> nodes = readers[writes];
      nodes.insert(writers[writes].begin(), writers[writes].end());
      for (unsigned word : reads)
        nodes.insert(writers[word].begin(), writers[word].end());
      return std::vector<CUgraphNode>(nodes.begin(), nodes.end());
    };
    auto done = [&](CUgraphNode node, std::vector<unsigned> reads, unsigned writes) {
      for (unsigned word : reads)
        readers[word].insert(node);
      writers[writes] = {node};
      readers[writes].clear();
    };
    for (unsigned i = 0; i < kNodes; ++i) {
      const unsigned a = random() % kWords, b = random() % kWords, c = random() % kWords;
      const unsigned value = random() % 100;
      CUgraphNode node = nullptr;
      switch (random() % 4) {
      case 0:
        node = add_fill(graph, t.word(c), value, 1, before({}, c));
        want[c] = value;
        done(node, {}, c);
        break;
      case 1: {
        CUdeviceptr from = t.word(a), other = t.word(b), to = t.word(c);
        void *params[] = {&from, &other, &to};
        CUDA_KERNEL_NODE_PARAMS k = kernel_node(t.join, params);
        std::vector<CUgraphNode> after = before({a, b}, c);
        CHECK_CU(cuGraphAddKernelNode_v2(&node, graph, after.data(), after.size(), &k));
        want[c] = want[a] + want[b];
        done(node, {a, b}, c);
        break;
      }
      default:
        node = add_step(graph, random() % 3 ? t.step : t.slow, t.word(c), value, before({c}, c));
        want[c] = want[c] * 3 + value;
        done(node, {c}, c);
        break;
      }
    }
    CUgraphExec exec = instantiate(graph);
    CHECK_CU(cuMemsetD8_v2(t.words, 0, 4 * kWords));
    launch_and_wait(exec, t.stream);
    for (unsigned i = 0; i < kWords; ++i)
      if (t.read(i) != want[i]) {
        ++failed_checks;
        std::fprintf(stderr, "random graph, seed %u: word %u is %u, not %u\n", seed, i, t.read(i),
                     want[i]);
      }
    CHECK_CU(cuGraphExecDestroy(exec));
    CHECK_CU(cuGraphDestroy(graph));
  }
}

void structure() {
  GraphTest t;
  CUgraph graph = nullptr;
  CHECK_CU(cuGraphCreate(&graph, 0));
  CUgraphNode a = add_step(graph, t.step, t.word(0), 1);
  CUgraphNode b = add_step(graph, t.step, t.word(0), 2, {a});
  CUgraphNode c = add_step(graph, t.step, t.word(0), 3);
  CHECK_CU(cuGraphAddDependencies(graph, &b, &c, 1));
  CHECK_ERROR(cuGraphAddDependencies(graph, &b, &c, 1), CUDA_ERROR_INVALID_VALUE);
  CHECK_ERROR(cuGraphAddDependencies(graph, &b, &b, 1), CUDA_ERROR_INVALID_VALUE);

  size_t count = 0;
  CHECK_CU(cuGraphGetNodes(graph, nullptr, &count));
  CHECK(count == 3);
  CUgraphNode nodes[4] = {};
  count = 4;
  CHECK_CU(cuGraphGetNodes(graph, nodes, &count));
  CHECK(count == 3 && nodes[0] == a && nodes[1] == b && nodes[2] == c && !nodes[3]);
  count = 4;
  CHECK_CU(cuGraphGetRootNodes(graph, nodes, &count));
  CHECK(count == 1 && nodes[0] == a);
  CUgraphNode from[4] = {}, to[4] = {};
  count = 4;
  CHECK_CU(cuGraphGetEdges(graph, from, to, &count));
  CHECK(count == 2 && from[0] == a && to[0] == b && from[1] == b && to[1] == c);
  count = 4;
  CHECK_CU(cuGraphNodeGetDependencies(c, nodes, &count));
  CHECK(count == 1 && nodes[0] == b);
  count = 4;
  CHECK_CU(cuGraphNodeGetDependentNodes(a, nodes, &count));
  CHECK(count == 1 && nodes[0] == b);
  CUgraphNodeType type{};
  CHECK_CU(cuGraphNodeGetType(a, &type));
  CHECK(type == CU_GRAPH_NODE_TYPE_KERNEL);

  // A cycle is found when the graph is instantiated.
  CHECK_CU(cuGraphAddDependencies(graph, &c, &a, 1));
  CUDA_GRAPH_INSTANTIATE_PARAMS params{};
  CUgraphExec exec = nullptr;
  CHECK_ERROR(cuGraphInstantiateWithParams(&exec, graph, &params), CUDA_ERROR_INVALID_VALUE);
  CHECK(params.result_out == CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE && params.hErrNode_out);
  CHECK(!exec);
  char log[80] = {};
  CUgraphNode bad = nullptr;
  CHECK_ERROR(cuGraphInstantiate_v2(&exec, graph, &bad, log, sizeof log), CUDA_ERROR_INVALID_VALUE);
  CHECK(bad && std::string(log).find("cycle") != std::string::npos);
  CHECK_CU(cuGraphRemoveDependencies(graph, &c, &a, 1));
  CHECK_ERROR(cuGraphRemoveDependencies(graph, &c, &a, 1), CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuGraphInstantiateWithParams(&exec, graph, &params));
  CHECK(params.result_out == CUDA_GRAPH_INSTANTIATE_SUCCESS && !params.hErrNode_out);
  launch_and_wait(exec, t.stream);
  CHECK(t.read(0) == (1 * 3 + 2) * 3 + 3);
  CHECK_CU(cuGraphExecDestroy(exec));

  // Without the node in the middle, the others have no order: so they get one.
  CHECK_CU(cuGraphDestroyNode(b));
  CHECK_ERROR(cuGraphNodeGetType(b, &type), CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuGraphGetEdges(graph, nullptr, nullptr, &count));
  CHECK(count == 0);
  CHECK_CU(cuGraphAddDependencies(graph, &c, &a, 1));
  exec = instantiate(graph);
  t.write(0, 0);
  launch_and_wait(exec, t.stream);
  CHECK(t.read(0) == 3 * 3 + 1);
  CHECK_CU(cuGraphExecDestroy(exec));

  // Nodes of another graph are no dependencies; nor is one twice.
  CUgraph other = nullptr;
  CHECK_CU(cuGraphCreate(&other, 0));
  CUgraphNode none = nullptr;
  CHECK_ERROR(cuGraphAddEmptyNode(&none, other, &a, 1), CUDA_ERROR_INVALID_VALUE);
  CUgraphNode twice[] = {a, a};
  CHECK_ERROR(cuGraphAddEmptyNode(&none, graph, twice, 2), CUDA_ERROR_INVALID_VALUE);
  CHECK_ERROR(cuGraphCreate(&other, 1), CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuGraphDestroy(other));

  // Edge data.
  CUgraphNode d = nullptr;
  CUgraphNodeParams empty{};
  empty.type = CU_GRAPH_NODE_TYPE_EMPTY;
  CUgraphEdgeData data{};
  data.type = CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC;
  data.from_port = 1;
  CHECK_CU(cuGraphAddNode_v2(&d, graph, &a, &data, 1, &empty));
  count = 4;
  CHECK_ERROR(cuGraphNodeGetDependencies(d, nodes, &count), CUDA_ERROR_LOSSY_QUERY);
  CUgraphEdgeData got[4] = {};
  count = 4;
  CHECK_CU(cuGraphNodeGetDependencies_v2(d, nodes, got, &count));
  CHECK(count == 1 && nodes[0] == a && got[0].from_port == 1);
  CHECK_CU(cuGraphDestroy(graph));
}

void parameters() {
  GraphTest t;
  CUgraph graph = nullptr;
  CHECK_CU(cuGraphCreate(&graph, 0));
  CUgraphNode node = add_step(graph, t.step, t.word(0), 4);
  CUgraphNode fill = add_fill(graph, t.word(8), 9, 2, {node});
  unsigned out[2] = {}, elsewhere[2] = {};
  CUDA_MEMCPY3D copy = to_host(t.word(8), out, 8);
  CUgraphNode copy_node = nullptr;
  CHECK_CU(cuGraphAddMemcpyNode(&copy_node, graph, &fill, 1, &copy, nullptr));
  CUDA_KERNEL_NODE_PARAMS k{};
  CHECK_CU(cuGraphKernelNodeGetParams_v2(node, &k));
  CHECK(k.func == t.step && k.gridDimX == 1 && k.blockDimX == 1 && !k.extra);
  CHECK(*static_cast<CUdeviceptr *>(k.kernelParams[0]) == t.word(0));
  CHECK(*static_cast<unsigned *>(k.kernelParams[1]) == 4);
  CUgraphExec exec = instantiate(graph);

  // Changes to the graph do not reach what was made of it.
  CUdeviceptr at = t.word(1);
  unsigned value = 5;
  void *params[] = {&at, &value};
  CUDA_KERNEL_NODE_PARAMS changed = kernel_node(t.step, params);
  CHECK_CU(cuGraphKernelNodeSetParams_v2(node, &changed));
  launch_and_wait(exec, t.stream);
  CHECK(t.read(0) == 4 && t.read(1) == 0 && out[0] == 9 && out[1] == 9);
  // And the other way round: kernel, fill and copy.
  value = 6;
  CHECK_CU(cuGraphExecKernelNodeSetParams_v2(exec, node, &changed));
  CUDA_MEMSET_NODE_PARAMS f{t.word(10), 0, 3, 4, 2, 1};
  CHECK_CU(cuGraphExecMemsetNodeSetParams(exec, fill, &f, nullptr));
  CUDA_MEMCPY3D moved = to_host(t.word(10), elsewhere, 8);
  CHECK_CU(cuGraphExecMemcpyNodeSetParams(exec, copy_node, &moved, nullptr));
  launch_and_wait(exec, t.stream);
  CHECK(t.read(0) == 4 && t.read(1) == 6 && elsewhere[0] == 3 && elsewhere[1] == 3);
  CHECK_CU(cuGraphKernelNodeGetParams_v2(node, &k));
  CHECK(*static_cast<unsigned *>(k.kernelParams[1]) == 5);
  CUDA_MEMSET_NODE_PARAMS read{};
  CHECK_CU(cuGraphMemsetNodeGetParams(fill, &read));
  CHECK(read.dst == t.word(8) && read.value == 9 && read.width == 2);
  CUDA_MEMCPY3D read_copy{};
  CHECK_CU(cuGraphMemcpyNodeGetParams(copy_node, &read_copy));
  CHECK(read_copy.srcDevice == t.word(8) && read_copy.dstHost == out);

  // What can't change: the kind of node, the direction and the shape of a copy.
  CHECK_ERROR(cuGraphExecKernelNodeSetParams_v2(exec, fill, &changed), CUDA_ERROR_INVALID_VALUE);
  CUDA_MEMCPY3D tall = moved;
  tall.Height = 2;
  CHECK_ERROR(cuGraphExecMemcpyNodeSetParams(exec, copy_node, &tall, nullptr),
              CUDA_ERROR_INVALID_VALUE);
  CUDA_MEMCPY3D turned = moved;
  turned.srcMemoryType = CU_MEMORYTYPE_HOST;
  turned.srcHost = out;
  CHECK_ERROR(cuGraphExecMemcpyNodeSetParams(exec, copy_node, &turned, nullptr),
              CUDA_ERROR_INVALID_VALUE);
  f.height = 2;
  CHECK_ERROR(cuGraphExecMemsetNodeSetParams(exec, fill, &f, nullptr), CUDA_ERROR_INVALID_VALUE);
  // What no launch would take is refused with the node.
  CUDA_KERNEL_NODE_PARAMS bad = kernel_node(t.step, params);
  bad.blockDimX = 2000;
  CUgraphNode none = nullptr;
  CHECK_ERROR(cuGraphAddKernelNode_v2(&none, graph, nullptr, 0, &bad), CUDA_ERROR_INVALID_VALUE);
  bad = kernel_node(nullptr, params);
  CHECK_ERROR(cuGraphAddKernelNode_v2(&none, graph, nullptr, 0, &bad), CUDA_ERROR_INVALID_HANDLE);

  // A size of zero may be there until the launch.
  CUDA_KERNEL_NODE_PARAMS sizeless = changed;
  sizeless.gridDimX = 0;
  CHECK_CU(cuGraphExecKernelNodeSetParams_v2(exec, node, &sizeless));
  CHECK_ERROR(cuGraphLaunch(exec, t.stream), CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuGraphExecKernelNodeSetParams_v2(exec, node, &changed));

  // Switched off, a node is an empty one.
  unsigned enabled = 7;
  CHECK_CU(cuGraphNodeGetEnabled(exec, node, &enabled));
  CHECK(enabled == 1);
  CHECK_CU(cuGraphNodeSetEnabled(exec, node, 0));
  CHECK_CU(cuGraphNodeGetEnabled(exec, node, &enabled));
  CHECK(enabled == 0);
  elsewhere[0] = 0;
  launch_and_wait(exec, t.stream);
  CHECK(t.read(1) == 6 && elsewhere[0] == 3);
  CHECK_CU(cuGraphNodeSetEnabled(exec, node, 1));
  launch_and_wait(exec, t.stream);
  CHECK(t.read(1) == 6 * 3 + 6);

  // Attributes.
  CUkernelNodeAttrValue attribute{};
  attribute.priority = -1;
  CHECK_CU(cuGraphKernelNodeSetAttribute(node, CU_LAUNCH_ATTRIBUTE_PRIORITY, &attribute));
  attribute = {};
  CHECK_CU(cuGraphKernelNodeGetAttribute(node, CU_LAUNCH_ATTRIBUTE_PRIORITY, &attribute));
  CHECK(attribute.priority == -1);
  CHECK_CU(cuGraphKernelNodeGetAttribute(node, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &attribute));
  CHECK(attribute.cooperative == 0);
  CHECK_ERROR(cuGraphKernelNodeGetAttribute(fill, CU_LAUNCH_ATTRIBUTE_PRIORITY, &attribute),
              CUDA_ERROR_INVALID_VALUE);

  // The same by the functions for every type.
  CUgraphNodeParams any{};
  any.type = CU_GRAPH_NODE_TYPE_KERNEL;
  value = 8;
  at = t.word(3);
  any.kernel = changed;
  CHECK_CU(cuGraphExecNodeSetParams(exec, node, &any));
  launch_and_wait(exec, t.stream);
  CHECK(t.read(3) == 8);
  CHECK_CU(cuGraphNodeSetParams(node, &any));
  CHECK_CU(cuGraphKernelNodeGetParams_v2(node, &k));
  CHECK(*static_cast<unsigned *>(k.kernelParams[1]) == 8);
  any.type = CU_GRAPH_NODE_TYPE_CONDITIONAL;
  CHECK_ERROR(cuGraphAddNode(&none, graph, nullptr, 0, &any), CUDA_ERROR_NOT_SUPPORTED);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));
}

void children() {
  GraphTest t;
  CUgraph child = nullptr, graph = nullptr;
  CHECK_CU(cuGraphCreate(&child, 0));
  CHECK_CU(cuGraphCreate(&graph, 0));
  CUgraphNode inner = add_step(child, t.slow, t.word(0), 2);
  add_step(child, t.step, t.word(1), 3);
  CUgraphNode before = add_fill(graph, t.word(0), 1, 2);
  CUgraphNode node = nullptr;
  CHECK_CU(cuGraphAddChildGraphNode(&node, graph, &before, 1, child));
  CUgraphNode after = add_step(graph, t.step, t.word(0), 1, {node});
  CUdeviceptr a = t.word(0), b = t.word(1), sum = t.word(2);
  void *params[] = {&a, &b, &sum};
  CUDA_KERNEL_NODE_PARAMS k = kernel_node(t.join, params);
  CUgraphNode join = nullptr;
  CHECK_CU(cuGraphAddKernelNode_v2(&join, graph, &after, 1, &k));
  // The child was copied.
  CUgraph embedded = nullptr;
  CHECK_CU(cuGraphChildGraphNodeGetGraph(node, &embedded));
  CHECK(embedded && embedded != child);
  CHECK_ERROR(cuGraphDestroy(embedded), CUDA_ERROR_INVALID_VALUE);
  size_t count = 0;
  CHECK_CU(cuGraphGetNodes(embedded, nullptr, &count));
  CHECK(count == 2);
  CUgraphNode copied = nullptr;
  CHECK_CU(cuGraphNodeFindInClone(&copied, inner, embedded));
  CUgraphExec exec = instantiate(graph);
  launch_and_wait(exec, t.stream);
  CHECK(t.read(0) == (3 + 2) * 3 + 1 && t.read(1) == 6 && t.read(2) == 22);

  // The copy's nodes have their places in the executable graph.
  CUdeviceptr at = t.word(0);
  unsigned value = 4;
  void *changed[] = {&at, &value};
  k = kernel_node(t.step, changed);
  CHECK_CU(cuGraphExecKernelNodeSetParams_v2(exec, copied, &k));
  launch_and_wait(exec, t.stream);
  CHECK(t.read(0) == (3 + 4) * 3 + 1);
  CHECK_ERROR(cuGraphExecKernelNodeSetParams_v2(exec, inner, &k), CUDA_ERROR_INVALID_VALUE);
  // All of the child at once.
  value = 5;
  CHECK_CU(cuGraphKernelNodeSetParams_v2(inner, &k));
  CHECK_CU(cuGraphExecChildGraphNodeSetParams(exec, node, child));
  launch_and_wait(exec, t.stream);
  CHECK(t.read(0) == (3 + 5) * 3 + 1);
  add_step(child, t.step, t.word(5), 3);
  CHECK_ERROR(cuGraphExecChildGraphNodeSetParams(exec, node, child), CUDA_ERROR_INVALID_VALUE);

  // Clones, of graphs with children too.
  CUgraph clone = nullptr;
  CHECK_CU(cuGraphClone(&clone, graph));
  CUgraphNode twin = nullptr;
  CHECK_CU(cuGraphNodeFindInClone(&twin, after, clone));
  CHECK(twin && twin != after);
  CHECK_CU(cuGraphDestroy(graph));
  CHECK_CU(cuGraphDestroy(child));
  CUgraphExec second = instantiate(clone);
  launch_and_wait(second, t.stream);
  CHECK(t.read(0) == (3 + 2) * 3 + 1);
  CHECK_CU(cuGraphExecDestroy(second));
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(clone));

  // An empty child orders what is around it.
  CHECK_CU(cuGraphCreate(&graph, 0));
  CHECK_CU(cuGraphCreate(&child, 0));
  before = add_step(graph, t.slow, t.word(6), 1);
  CHECK_CU(cuGraphAddChildGraphNode(&node, graph, &before, 1, child));
  add_step(graph, t.step, t.word(6), 2, {node});
  exec = instantiate(graph);
  launch_and_wait(exec, t.stream);
  CHECK(t.read(6) == 5);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));
  CHECK_CU(cuGraphDestroy(child));
}

void updates() {
  GraphTest t;
  auto chain = [&](unsigned first, unsigned second) {
    CUgraph graph = nullptr;
    CHECK_CU(cuGraphCreate(&graph, 0));
    CUgraphNode a = add_fill(graph, t.word(0), first, 1);
    add_step(graph, t.step, t.word(0), second, {a});
    return graph;
  };
  CUgraph one = chain(1, 2), two = chain(10, 20);
  CUgraphExec exec = instantiate(one);
  launch_and_wait(exec, t.stream);
  CHECK(t.read(0) == 5);
  CUgraphExecUpdateResultInfo info{};
  CHECK_CU(cuGraphExecUpdate_v2(exec, two, &info));
  CHECK(info.result == CU_GRAPH_EXEC_UPDATE_SUCCESS && !info.errorNode);
  launch_and_wait(exec, t.stream);
  CHECK(t.read(0) == 50);
  // Another number of nodes, of dependencies, another type.
  CUgraphNode extra = nullptr;
  CHECK_CU(cuGraphAddEmptyNode(&extra, two, nullptr, 0));
  CHECK_ERROR(cuGraphExecUpdate_v2(exec, two, &info), CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
  CHECK(info.result == CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
  CHECK_CU(cuGraphDestroyNode(extra));
  CUgraphNode nodes[2] = {};
  size_t count = 2;
  CHECK_CU(cuGraphGetNodes(two, nodes, &count));
  CHECK_CU(cuGraphRemoveDependencies(two, &nodes[0], &nodes[1], 1));
  CUgraphNode error_node = nullptr;
  CUgraphExecUpdateResult result{};
  CHECK_ERROR(cuGraphExecUpdate(exec, two, &error_node, &result),
              CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
  CHECK(result == CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED && error_node == nodes[1]);
  CHECK_CU(cuGraphDestroyNode(nodes[1]));
  add_fill(two, t.word(0), 3, 1, {nodes[0]});
  CHECK_ERROR(cuGraphExecUpdate_v2(exec, two, &info), CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
  CHECK(info.result == CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED && info.errorNode);
  launch_and_wait(exec, t.stream); // a failed update changes nothing
  CHECK(t.read(0) == 50);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(one));
  CHECK_CU(cuGraphDestroy(two));
}

void events() {
  GraphTest t;
  CUevent recorded = nullptr, waited = nullptr;
  CHECK_CU(cuEventCreate(&recorded, CU_EVENT_DISABLE_TIMING));
  CHECK_CU(cuEventCreate(&waited, CU_EVENT_DISABLE_TIMING));
  CUgraph graph = nullptr;
  CHECK_CU(cuGraphCreate(&graph, 0));
  CUgraphNode wait = nullptr, record = nullptr;
  CHECK_CU(cuGraphAddEventWaitNode(&wait, graph, nullptr, 0, waited));
  CUgraphNode step = add_step(graph, t.step, t.word(0), 1, {wait});
  CHECK_CU(cuGraphAddEventRecordNode(&record, graph, &step, 1, recorded));
  CUevent got = nullptr;
  CHECK_CU(cuGraphEventWaitNodeGetEvent(wait, &got));
  CHECK(got == waited);
  CHECK_CU(cuGraphEventRecordNodeGetEvent(record, &got));
  CHECK(got == recorded);
  CUgraphExec exec = instantiate(graph);
  CUstream before = nullptr, after = nullptr;
  CHECK_CU(cuStreamCreate(&before, CU_STREAM_NON_BLOCKING));
  CHECK_CU(cuStreamCreate(&after, CU_STREAM_NON_BLOCKING));
  CHECK_CU(launch_step(t.slow, t.word(0), 5, before));
  CHECK_CU(cuEventRecord(waited, before));
  CHECK_CU(cuGraphLaunch(exec, t.stream)); // 5 * 3 + 1
  CHECK_CU(cuStreamWaitEvent(after, recorded, 0));
  CHECK_CU(launch_step(t.step, t.word(0), 2, after)); // 16 * 3 + 2
  CHECK_CU(cuStreamSynchronize(after));
  CHECK(t.read(0) == 50);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));
  CHECK_CU(cuEventDestroy_v2(recorded));
  CHECK_CU(cuEventDestroy_v2(waited));
  CHECK_CU(cuStreamDestroy_v2(before));
  CHECK_CU(cuStreamDestroy_v2(after));
}

CUDA_MEM_ALLOC_NODE_PARAMS allocation(size_t bytes) {
  CUDA_MEM_ALLOC_NODE_PARAMS params{};
  params.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  params.poolProps.location = {CU_MEM_LOCATION_TYPE_DEVICE, 0};
  params.bytesize = bytes;
  return params;
}

void memory() {
  GraphTest t;
  CUgraph graph = nullptr;
  CHECK_CU(cuGraphCreate(&graph, 0));
  CUDA_MEM_ALLOC_NODE_PARAMS params = allocation(4096);
  CUgraphNode alloc = nullptr, copy_node = nullptr, free = nullptr;
  CHECK_CU(cuGraphAddMemAllocNode(&alloc, graph, nullptr, 0, &params));
  CHECK(params.dptr != 0);
  CUgraphNode fill = add_fill(graph, params.dptr, 77, 1024, {alloc});
  std::vector<unsigned> out(1024);
  CUDA_MEMCPY3D copy = to_host(params.dptr, out.data(), 4096);
  CHECK_CU(cuGraphAddMemcpyNode(&copy_node, graph, &fill, 1, &copy, nullptr));
  CHECK_CU(cuGraphAddMemFreeNode(&free, graph, &copy_node, 1, params.dptr));
  CUgraphNode none = nullptr;
  CHECK_ERROR(cuGraphAddMemFreeNode(&none, graph, nullptr, 0, params.dptr),
              CUDA_ERROR_INVALID_VALUE); // freed twice
  CHECK_ERROR(cuGraphAddMemFreeNode(&none, graph, nullptr, 0, t.words), CUDA_ERROR_INVALID_VALUE);
  CUdeviceptr freed = 0;
  CHECK_CU(cuGraphMemFreeNodeGetParams(free, &freed));
  CUDA_MEM_ALLOC_NODE_PARAMS read{};
  CHECK_CU(cuGraphMemAllocNodeGetParams(alloc, &read));
  CHECK(freed == params.dptr && read.dptr == params.dptr && read.bytesize == 4096);
  CUgraph clone = nullptr;
  CHECK_ERROR(cuGraphClone(&clone, graph), CUDA_ERROR_INVALID_VALUE);
  CHECK_ERROR(cuGraphDestroyNode(fill), CUDA_ERROR_NOT_SUPPORTED);
  CUgraphExec exec = instantiate(graph), second = nullptr;
  CHECK_ERROR(cuGraphInstantiateWithFlags(&second, graph, 0), CUDA_ERROR_NOT_SUPPORTED);
  for (int i = 0; i < 2; ++i) {
    out.assign(1024, 0);
    launch_and_wait(exec, t.stream);
    CHECK(out[0] == 77 && out[1023] == 77);
  }
  CHECK_ERROR(cuMemFree_v2(params.dptr), CUDA_ERROR_INVALID_VALUE); // the graph's to free
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));

  // Left to the program.
  CHECK_CU(cuGraphCreate(&graph, 0));
  params = allocation(256);
  CHECK_CU(cuGraphAddMemAllocNode(&alloc, graph, nullptr, 0, &params));
  add_fill(graph, params.dptr, 8, 64, {alloc});
  exec = instantiate(graph);
  launch_and_wait(exec, t.stream);
  CHECK_ERROR(cuGraphLaunch(exec, t.stream), CUDA_ERROR_INVALID_VALUE);
  uint64_t used = 0, reserved = 0;
  CHECK_CU(cuDeviceGetGraphMemAttribute(0, CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT, &used));
  CHECK_CU(cuDeviceGetGraphMemAttribute(0, CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT, &reserved));
  CHECK(used == 256 && reserved == 256);
  CHECK_CU(launch_step(t.step, params.dptr, 1, t.stream));
  unsigned word = 0;
  CHECK_CU(cuMemcpyDtoHAsync_v2(&word, params.dptr, 4, t.stream));
  CHECK_CU(cuMemFreeAsync(params.dptr, t.stream));
  CHECK_CU(cuStreamSynchronize(t.stream));
  CHECK(word == 25);
  CHECK_ERROR(cuMemFreeAsync(params.dptr, t.stream), CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuGraphLaunch(exec, t.stream)); // allocates it again
  CHECK_CU(cuMemFree_v2(params.dptr));
  CHECK_CU(cuGraphExecDestroy(exec));

  // Freed by the next launch, by another graph, and after the graph is gone.
  exec = instantiate(graph, CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH);
  unsigned long flags = 0;
  CHECK_CU(cuGraphExecGetFlags(exec, &flags));
  CHECK(flags == CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH);
  launch_and_wait(exec, t.stream);
  launch_and_wait(exec, t.stream);
  CUgraph freeing = nullptr;
  CHECK_CU(cuGraphCreate(&freeing, 0));
  CHECK_CU(cuGraphAddMemFreeNode(&free, freeing, nullptr, 0, params.dptr));
  CUgraphExec freer = instantiate(freeing);
  launch_and_wait(freer, t.stream);
  CHECK_CU(cuDeviceGetGraphMemAttribute(0, CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT, &used));
  CHECK(used == 0);
  CHECK_CU(cuGraphExecDestroy(freer));
  CHECK_CU(cuGraphDestroy(freeing));
  launch_and_wait(exec, t.stream);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));
  CHECK_CU(cuMemcpyDtoH_v2(&word, params.dptr, 4));
  CHECK(word == 8);
  CHECK_CU(cuMemFree_v2(params.dptr));
  CHECK_ERROR(cuMemcpyDtoH_v2(&word, params.dptr, 4), CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuDeviceGraphMemTrim(0));
  CHECK_CU(cuDeviceGetGraphMemAttribute(0, CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT, &reserved));
  CHECK(reserved == 0);
}

void user_objects() {
  GraphTest t;
  static int destroyed = 0;
  CUuserObject object = nullptr;
  CHECK_CU(cuUserObjectCreate(
      &object, &destroyed, [](void *p) { ++*static_cast<int *>(p); }, 2,
      CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
  CUgraph graph = nullptr, clone = nullptr;
  CHECK_CU(cuGraphCreate(&graph, 0));
  add_step(graph, t.step, t.word(0), 1);
  CHECK_CU(cuGraphRetainUserObject(graph, object, 1, CU_GRAPH_USER_OBJECT_MOVE));
  CHECK_CU(cuGraphRetainUserObject(graph, object, 1, 0));
  CHECK_CU(cuGraphReleaseUserObject(graph, object, 1));
  CHECK_ERROR(cuGraphReleaseUserObject(graph, object, 2), CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuUserObjectRelease(object, 1));
  CHECK(destroyed == 0);
  CHECK_CU(cuGraphClone(&clone, graph));
  CUgraphExec exec = instantiate(graph);
  CHECK_CU(cuGraphDestroy(graph));
  CHECK_CU(cuGraphDestroy(clone));
  CHECK(destroyed == 0); // the executable graph has it
  launch_and_wait(exec, t.stream);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK(destroyed == 1);
  CHECK_ERROR(cuUserObjectRelease(object, 1), CUDA_ERROR_INVALID_VALUE);
}

void printed() {
  GraphTest t;
  CUgraph graph = nullptr;
  CHECK_CU(cuGraphCreate(&graph, 0));
  CUgraphNode fill = add_fill(graph, t.word(0), 5, 2);
  add_step(graph, t.step, t.word(0), 1, {fill});
  char path[] = "/tmp/w2w-graphs-XXXXXX";
  const int descriptor = mkstemp(path);
  CHECK(descriptor >= 0);
  CHECK_CU(cuGraphDebugDotPrint(graph, path, CU_GRAPH_DEBUG_DOT_FLAGS_VERBOSE));
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  unlink(path);
  close(descriptor);
  CHECK(text.starts_with("digraph") && text.find("MEMSET") != std::string::npos &&
        text.find("step") != std::string::npos && text.find("->") != std::string::npos);
  CHECK_ERROR(cuGraphDebugDotPrint(graph, "/nonexistent/folder/x.dot", 0),
              CUDA_ERROR_OPERATING_SYSTEM);
  CHECK_CU(cuGraphDestroy(graph));
}

/// A kernel whose module is gone.
void unloaded() {
  GraphTest t;
  CUmodule module = nullptr;
  CUfunction step = nullptr;
  CHECK_CU(cuModuleLoadData(&module, kGraphKernels));
  CHECK_CU(cuModuleGetFunction(&step, module, "step"));
  CUgraph graph = nullptr;
  CHECK_CU(cuGraphCreate(&graph, 0));
  CUgraphNode node = add_step(graph, step, t.word(0), 1);
  CUgraphExec exec = instantiate(graph);
  CHECK_CU(cuModuleUnload(module));
  CHECK_ERROR(cuGraphLaunch(exec, t.stream), CUDA_ERROR_INVALID_HANDLE);
  CUDA_KERNEL_NODE_PARAMS k{};
  CHECK_ERROR(cuGraphKernelNodeGetParams_v2(node, &k), CUDA_ERROR_INVALID_HANDLE);
  CHECK_CU(cuGraphExecDestroy(exec));
  CHECK_CU(cuGraphDestroy(graph));
}

/// Graphs of a context that is gone.
void destroyed_context() {
  CUcontext before = nullptr, context = nullptr;
  CHECK_CU(cuCtxGetCurrent(&before));
  CHECK_CU(cuCtxCreate_v2(&context, 0, 0));
  CUdeviceptr memory = 0;
  CHECK_CU(cuMemAlloc_v2(&memory, 64));
  CUgraph graph = nullptr;
  CHECK_CU(cuGraphCreate(&graph, 0));
  CUgraphNode fill = add_fill(graph, memory, 1, 4), alloc = nullptr;
  CUDA_MEM_ALLOC_NODE_PARAMS params = allocation(64);
  CHECK_CU(cuGraphAddMemAllocNode(&alloc, graph, &fill, 1, &params));
  CUgraphExec exec = instantiate(graph);
  CHECK_CU(cuCtxDestroy_v2(context));
  CHECK_CU(cuCtxSetCurrent(before));
  CHECK_ERROR(cuGraphLaunch(exec, nullptr), CUDA_ERROR_INVALID_VALUE);
  CUgraphExec none = nullptr;
  CHECK_ERROR(cuGraphInstantiateWithFlags(&none, graph, 0), CUDA_ERROR_INVALID_CONTEXT);
  CHECK_CU(cuGraphDestroy(graph));
}

} // namespace

int main() {
  return run_in_context("graphs", diamond, serial_launches, wide, random_graphs, structure,
                        parameters, children, updates, events, memory, user_objects, printed,
                        unloaded, destroyed_context);
}
