// Streams and events.
#include "runtime/emulator/api.h"

#include <chrono>

using namespace w2w::emu;
using namespace w2w::hip;

namespace {

hipError_t make_stream(hipStream_t *out, unsigned flags, int priority) {
  W2W_BEGIN(call);
  if (!out || flags & ~kStreamNonBlocking)
    return note(hipErrorInvalidValue);
  auto stream =
      std::make_shared<Stream>(call.device->index, flags, std::max(-1, std::min(1, priority)));
  forget_closed_streams(*call.device);
  {
    std::lock_guard lock(call.device->order);
    call.device->streams.insert(stream);
  }
  *out = call.platform->add(std::move(stream));
  return hipSuccess;
}

} // namespace

W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamCreate(hipStream_t *stream) {
  return make_stream(stream, kStreamDefault, 0);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamCreateWithFlags(hipStream_t *stream, unsigned flags) {
  return make_stream(stream, flags, 0);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamCreateWithPriority(hipStream_t *stream, unsigned flags,
                                                                int priority) {
  return make_stream(stream, flags, priority);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamDestroy(hipStream_t handle) {
  auto call = begin_call();
  if (!call.device)
    return note(call.error);
  if (handle == kStreamNull || handle == kStreamLegacy || handle == kStreamPerThread)
    return note(hipErrorInvalidHandle);
  std::shared_ptr<Stream> stream = call.platform->stream(handle);
  if (!stream || !call.platform->remove(handle))
    return note(hipErrorInvalidHandle);
  // What is in the queue is still done, and hipDeviceSynchronize waits for it: the device forgets
  // the stream after that.
  stream->close();
  Device &device = *call.platform->device(stream->device);
  forget_closed_streams(device);
  return note(device.sticky());
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamQuery(hipStream_t handle) {
  W2W_BEGIN(call, handle);
  return note(call.stream->idle() ? call.device->sticky() : hipErrorNotReady);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamSynchronize(hipStream_t handle) {
  W2W_BEGIN(call, handle);
  if (call.stream == call.device->null_stream)
    wait_for_turn(*call.device,
                  *call.stream); // the legacy stream's work includes that of all blocking streams
  else
    call.stream->last().wait();
  return note(call.device->sticky());
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamWaitEvent(hipStream_t handle, hipEvent_t event_handle,
                                                       unsigned flags) {
  W2W_BEGIN(call, handle);
  std::shared_ptr<Event> event = call.platform->event(event_handle);
  if (!event)
    return note(hipErrorInvalidHandle);
  if (flags)
    return note(hipErrorInvalidValue);
  auto record = event->last();
  if (record && !record->ticket.complete())
    push(*call.device, *call.stream, [] {}, {record->ticket});
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamAddCallback(hipStream_t handle,
                                                         hipStreamCallback_t callback, void *data,
                                                         unsigned flags) {
  W2W_BEGIN(call, handle);
  if (!callback || flags)
    return note(hipErrorInvalidValue);
  push(*call.device, *call.stream,
       [=, device = call.device] { callback(handle, device->sticky(), data); });
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipLaunchHostFunc(hipStream_t handle, hipHostFn_t function,
                                                      void *data) {
  W2W_BEGIN(call, handle);
  if (!function)
    return note(hipErrorInvalidValue);
  // After a failure nothing more runs, host functions neither.
  push(*call.device, *call.stream, [=, device = call.device] {
    if (device->sticky() == hipSuccess)
      function(data);
  });
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamGetPriority(hipStream_t handle, int *priority) {
  W2W_BEGIN(call, handle);
  if (!priority)
    return note(hipErrorInvalidValue);
  *priority = call.stream->priority;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamGetFlags(hipStream_t handle, unsigned *flags) {
  W2W_BEGIN(call, handle);
  if (!flags)
    return note(hipErrorInvalidValue);
  *flags = call.stream->flags;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipEventCreate(hipEvent_t *event) {
  return hipEventCreateWithFlags(event, kEventDefault);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipEventCreateWithFlags(hipEvent_t *event, unsigned flags) {
  W2W_BEGIN(call);
  constexpr unsigned kKnown = kEventBlockingSync | kEventDisableTiming | kEventInterprocess |
                              kEventReleaseToDevice | kEventReleaseToSystem;
  if (!event || flags & ~kKnown)
    return note(hipErrorInvalidValue);
  if (flags & kEventInterprocess) // cannot be shared with another process yet
    return note(hipErrorNotSupported);
  *event = call.platform->add(std::make_shared<Event>(flags, call.device->index));
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipEventRecord(hipEvent_t handle, hipStream_t stream) {
  W2W_BEGIN(call, stream);
  std::shared_ptr<Event> event = call.platform->event(handle);
  if (!event || event->device != call.device->index)
    return note(hipErrorInvalidHandle);
  auto record = std::make_shared<Event::Record>();
  // The operation must not keep the record's ticket (and so its own stream) alive: it holds the
  // record weakly... and the event keeps it. A record nobody can ask for needs no time.
  std::weak_ptr<Event::Record> weak = record;
  record->ticket = push(*call.device, *call.stream, [weak] {
    if (auto alive = weak.lock())
      alive->time = std::chrono::steady_clock::now();
  });
  event->set(std::move(record));
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipEventQuery(hipEvent_t handle) {
  W2W_BEGIN(call);
  std::shared_ptr<Event> event = call.platform->event(handle);
  if (!event)
    return note(hipErrorInvalidHandle);
  auto record = event->last();
  return note(record && !record->ticket.complete() ? hipErrorNotReady : call.device->sticky());
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipEventSynchronize(hipEvent_t handle) {
  W2W_BEGIN(call);
  std::shared_ptr<Event> event = call.platform->event(handle);
  if (!event)
    return note(hipErrorInvalidHandle);
  if (auto record = event->last())
    record->ticket.wait();
  return note(call.platform->device(event->device)->sticky());
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipEventElapsedTime(float *ms, hipEvent_t start,
                                                        hipEvent_t stop) {
  W2W_BEGIN(call);
  if (!ms)
    return note(hipErrorInvalidValue);
  std::shared_ptr<Event> from = call.platform->event(start), to = call.platform->event(stop);
  if (!from || !to || (from->flags | to->flags) & kEventDisableTiming || from->device != to->device)
    return note(hipErrorInvalidHandle);
  auto begin = from->last(), end = to->last();
  if (!begin || !end)
    return note(hipErrorInvalidHandle);
  if (!begin->ticket.complete() || !end->ticket.complete())
    return note(hipErrorNotReady);
  *ms = std::chrono::duration<float, std::milli>(end->time - begin->time).count();
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipEventDestroy(hipEvent_t event) {
  auto call = begin_call();
  if (!call.device)
    return note(call.error);
  return note(call.platform->remove(event) ? hipSuccess : hipErrorInvalidHandle);
}
