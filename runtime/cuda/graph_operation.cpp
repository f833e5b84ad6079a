#include "runtime/cuda/graph_operation.h"

#include "runtime/cuda/graph_memory.h"
#include "runtime/cuda/launch.h"

#include <algorithm>
#include <cstring>

namespace w2w::cuda {
namespace {

template <class... Cases> struct Overloaded : Cases... {
  using Cases::operator()...;
};

CUresult find_context(CUcontext handle, Context *&context) {
  if (!handle)
    return enter_context(context);
  context = driver().contexts.find(handle);
  return context ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

bool is_one_row(const CUDA_MEMCPY3D &c) {
  return c.Height == 1 && c.Depth == 1;
}

CUresult fill_rows(const CUDA_MEMSET_NODE_PARAMS &f, CUstream stream) {
  const size_t pitch = f.height > 1 ? f.pitch : f.width * f.elementSize;
  switch (f.elementSize) {
  case 1:
    return cuMemsetD2D8Async(f.dst, pitch, static_cast<unsigned char>(f.value), f.width, f.height,
                             stream);
  case 2:
    return cuMemsetD2D16Async(f.dst, pitch, static_cast<unsigned short>(f.value), f.width, f.height,
                              stream);
  default:
    return cuMemsetD2D32Async(f.dst, pitch, f.value, f.width, f.height, stream);
  }
}

CUgraphExecUpdateResult may_become(const KernelOperation &from, const KernelOperation &to) {
  if (from.context != to.context)
    return CU_GRAPH_EXEC_UPDATE_ERROR_UNSUPPORTED_FUNCTION_CHANGE;
  if (from.cooperative() != to.cooperative())
    return CU_GRAPH_EXEC_UPDATE_ERROR_ATTRIBUTES_CHANGED;
  return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

CUgraphExecUpdateResult may_become(const CopyOperation &from, const CopyOperation &to) {
  const CUDA_MEMCPY3D &a = from.copy, &b = to.copy;
  const bool same_box =
      a.WidthInBytes == b.WidthInBytes && a.Height == b.Height && a.Depth == b.Depth;
  if (from.context != to.context || a.srcMemoryType != b.srcMemoryType ||
      a.dstMemoryType != b.dstMemoryType || (!(is_one_row(a) && is_one_row(b)) && !same_box))
    return CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED;
  return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

CUgraphExecUpdateResult may_become(const FillOperation &from, const FillOperation &to) {
  const CUDA_MEMSET_NODE_PARAMS &a = from.fill, &b = to.fill;
  const bool same_box = a.width == b.width && a.elementSize == b.elementSize && a.pitch == b.pitch;
  if (from.context != to.context || a.height != b.height || (a.height > 1 && !same_box))
    return CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED;
  return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

} // namespace

const CUlaunchAttributeValue *KernelOperation::attribute(CUlaunchAttributeID id) const {
  auto it = std::ranges::find(attributes, id, &CUlaunchAttribute::id);
  return it == attributes.end() ? nullptr : &it->value;
}

void KernelOperation::set_attribute(CUlaunchAttributeID id, const CUlaunchAttributeValue &value) {
  std::erase_if(attributes, [&](const CUlaunchAttribute &a) { return a.id == id; });
  CUlaunchAttribute &attribute = attributes.emplace_back();
  attribute.id = id;
  attribute.value = value;
}

bool KernelOperation::cooperative() const {
  const CUlaunchAttributeValue *value = attribute(CU_LAUNCH_ATTRIBUTE_COOPERATIVE);
  return value && value->cooperative != 0;
}

CUgraphNodeType type_of(const Operation &operation) {
  return std::visit(Overloaded{
                        [](const KernelOperation &) { return CU_GRAPH_NODE_TYPE_KERNEL; },
                        [](const CopyOperation &) { return CU_GRAPH_NODE_TYPE_MEMCPY; },
                        [](const FillOperation &) { return CU_GRAPH_NODE_TYPE_MEMSET; },
                        [](const HostOperation &) { return CU_GRAPH_NODE_TYPE_HOST; },
                        [](const ChildOperation &) { return CU_GRAPH_NODE_TYPE_GRAPH; },
                        [](const EmptyOperation &) { return CU_GRAPH_NODE_TYPE_EMPTY; },
                        [](const WaitOperation &) { return CU_GRAPH_NODE_TYPE_WAIT_EVENT; },
                        [](const RecordOperation &) { return CU_GRAPH_NODE_TYPE_EVENT_RECORD; },
                        [](const AllocateOperation &) { return CU_GRAPH_NODE_TYPE_MEM_ALLOC; },
                        [](const FreeOperation &) { return CU_GRAPH_NODE_TYPE_MEM_FREE; },
                    },
                    operation);
}

bool handles_memory(const Operation &operation) {
  return std::holds_alternative<AllocateOperation>(operation) ||
         std::holds_alternative<FreeOperation>(operation);
}

Context *context_of(const Operation &operation, Context *otherwise) {
  return std::visit(Overloaded{
                        [](const KernelOperation &kernel) { return kernel.context; },
                        [](const CopyOperation &copy) { return copy.context; },
                        [](const FillOperation &fill) { return fill.context; },
                        [&](const auto &) { return otherwise; },
                    },
                    operation);
}

CUresult make_kernel(const CUDA_KERNEL_NODE_PARAMS *params, KernelOperation &operation) {
  if (!params)
    return CUDA_ERROR_INVALID_VALUE;
  Context *context = nullptr;
  if (CUresult result = find_context(params->ctx, context))
    return result;
  CUlaunchConfig config{};
  config.gridDimX = params->gridDimX;
  config.gridDimY = params->gridDimY;
  config.gridDimZ = params->gridDimZ;
  config.blockDimX = params->blockDimX;
  config.blockDimY = params->blockDimY;
  config.blockDimZ = params->blockDimZ;
  config.sharedMemBytes = params->sharedMemBytes;
  const CUfunction function =
      params->func ? params->func : reinterpret_cast<CUfunction>(params->kern);
  return make_kernel(config, function, params->kernelParams, params->extra, *context, operation);
}

CUresult make_copy(const CUDA_MEMCPY3D *copy, CUcontext context, CopyOperation &operation) {
  if (!copy || copy->WidthInBytes == 0 || copy->Height == 0 || copy->Depth == 0 ||
      copy->srcLOD != 0 || copy->dstLOD != 0 || copy->reserved0 || copy->reserved1)
    return CUDA_ERROR_INVALID_VALUE;
  operation.copy = *copy;
  return find_context(context, operation.context);
}

CUresult make_fill(const CUDA_MEMSET_NODE_PARAMS *fill, CUcontext context,
                   FillOperation &operation) {
  if (!fill || fill->width == 0 || fill->height == 0 ||
      (fill->elementSize != 1 && fill->elementSize != 2 && fill->elementSize != 4) || !fill->dst ||
      fill->dst % fill->elementSize != 0 ||
      (fill->height > 1 &&
       (fill->pitch < fill->width * fill->elementSize || fill->pitch % fill->elementSize != 0)))
    return CUDA_ERROR_INVALID_VALUE;
  operation.fill = *fill;
  return find_context(context, operation.context);
}

CUresult make_host(const CUDA_HOST_NODE_PARAMS *host, HostOperation &operation) {
  if (!host || !host->fn)
    return CUDA_ERROR_INVALID_VALUE;
  operation = {host->fn, host->userData};
  return CUDA_SUCCESS;
}

CUgraphExecUpdateResult may_become(const Operation &from, const Operation &to) {
  if (from.index() != to.index())
    return CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
  return std::visit(
      Overloaded{
          [&](const KernelOperation &kernel) {
            return may_become(kernel, std::get<KernelOperation>(to));
          },
          [&](const CopyOperation &copy) { return may_become(copy, std::get<CopyOperation>(to)); },
          [&](const FillOperation &fill) { return may_become(fill, std::get<FillOperation>(to)); },
          [](const AllocateOperation &) { return CU_GRAPH_EXEC_UPDATE_ERROR_NOT_SUPPORTED; },
          [](const FreeOperation &) { return CU_GRAPH_EXEC_UPDATE_ERROR_NOT_SUPPORTED; },
          [](const auto &) { return CU_GRAPH_EXEC_UPDATE_SUCCESS; },
      },
      from);
}

CUresult enqueue(const Operation &operation, Stream &stream) {
  const CUstream handle = handle_of(stream);
  return std::visit(
      Overloaded{
          [&](const KernelOperation &kernel) { return launch(kernel, handle); },
          [&](const CopyOperation &copy) { return cuMemcpy3DAsync_v2(&copy.copy, handle); },
          [&](const FillOperation &fill) { return fill_rows(fill.fill, handle); },
          [&](const HostOperation &host) {
            return cuLaunchHostFunc(handle, host.function, host.user_data);
          },
          [&](const WaitOperation &wait) { return cuStreamWaitEvent(handle, wait.event, 0); },
          [&](const RecordOperation &record) { return cuEventRecord(record.event, handle); },
          [](const auto &) { return CUDA_SUCCESS; },
      },
      operation);
}

CUstream handle_of(Stream &stream) {
  return &stream == &stream.context->legacy ? CU_STREAM_LEGACY
                                            : reinterpret_cast<CUstream>(&stream);
}

CurrentContext::CurrentContext(Context &context) {
  context_stack().push_back(&context);
  activate(*context.device);
}

CurrentContext::~CurrentContext() {
  context_stack().pop_back();
  if (Context *before = current_context())
    activate(*before->device);
}

} // namespace w2w::cuda
