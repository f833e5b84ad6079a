#include "runtime/emulator/stream.h"

#include "runtime/emulator/log.h"

#include <pthread.h>
#include <unistd.h>

namespace w2w::emu {

std::atomic<bool> g_process_ends{false};

bool Ticket::complete() const {
  return !stream || stream->completed_.load(std::memory_order_acquire) >= number;
}

void Ticket::wait() const {
  if (complete())
    return;
  std::unique_lock lock(stream->mutex_);
  stream->changed_.wait(lock, [this] { return complete(); });
}

Ticket Stream::push(std::function<void()> operation, std::vector<Ticket> waits) {
  std::unique_lock lock(mutex_);
  queue_.push_back({std::move(operation), std::move(waits)});
  Ticket ticket{shared_from_this(), ++pushed_};
  if (!thread_) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    auto *self = new std::shared_ptr<Stream>(shared_from_this());
    auto body = [](void *argument) -> void * {
      std::unique_ptr<std::shared_ptr<Stream>> stream(
          static_cast<std::shared_ptr<Stream> *>(argument));
      pthread_setname_np(pthread_self(), "w2w-stream");
      (*stream)->work();
      return nullptr;
    };
    pthread_t thread;
    thread_ = pthread_create(&thread, &attributes, body, self) == 0;
    pthread_attr_destroy(&attributes);
    if (!thread_) {
      // No thread to be had: the operation runs here and now, which only costs concurrency.
      log(LogLevel::Warn, "no thread for a stream: it works synchronously");
      delete self;
      Operation now = std::move(queue_.back());
      queue_.pop_back();
      lock.unlock();
      for (const Ticket &wait : now.waits)
        wait.wait();
      now.run();
      lock.lock();
      completed_.fetch_add(1, std::memory_order_release);
      changed_.notify_all();
      return ticket;
    }
  }
  lock.unlock();
  changed_.notify_all();
  return ticket;
}

Ticket Stream::last() {
  std::lock_guard lock(mutex_);
  return {shared_from_this(), pushed_};
}

bool Stream::idle() {
  std::lock_guard lock(mutex_);
  return completed_.load(std::memory_order_acquire) == pushed_;
}

bool Stream::closed_and_idle() {
  std::lock_guard lock(mutex_);
  return closed_ && completed_.load(std::memory_order_acquire) == pushed_;
}

void Stream::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void Stream::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !queue_.empty() || closed_; });
    if (queue_.empty())
      return;
    Operation operation = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    for (const Ticket &wait : operation.waits)
      wait.wait();
    while (g_process_ends)
      pause();
    operation.run();
    operation = {}; // what it held is released before anyone sees it complete
    while (g_process_ends)
      pause();
    lock.lock();
    completed_.fetch_add(1, std::memory_order_release);
    changed_.notify_all();
  }
}

} // namespace w2w::emu
