// Streams and events: ordered queues of operations, each queue with a thread of its own once it is
// used.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace w2w::emu {

class Stream;

/// A point in a stream: complete when the stream has finished its first `number` operations.
struct Ticket {
  std::shared_ptr<Stream> stream;
  uint64_t number = 0;
  bool complete() const;
  void wait() const;
};

class Stream : public std::enable_shared_from_this<Stream> {
public:
  Stream(int device, unsigned flags, int priority)
      : device(device), flags(flags), priority(priority) {}

  const int device;
  const unsigned flags;
  const int priority;
  bool blocking() const { return !(flags & 1); } // orders with the legacy stream

  /// Appends an operation that starts after all earlier ones and after `waits`. Never blocks.
  Ticket push(std::function<void()> operation, std::vector<Ticket> waits = {});
  Ticket last();
  bool idle();
  /// The thread ends when the queue is empty.
  void close();
  bool closed_and_idle();

private:
  friend struct Ticket;
  struct Operation {
    std::function<void()> run;
    std::vector<Ticket> waits;
  };
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Operation> queue_;
  uint64_t pushed_ = 0;
  std::atomic<uint64_t> completed_{0};
  bool thread_ = false, closed_ = false;
};

/// hipEvent_t. Recording makes a new Record; queries and waits refer to the last one.
class Event {
public:
  Event(unsigned flags, int device) : flags(flags), device(device) {}
  const unsigned flags;
  const int device;

  struct Record {
    Ticket ticket;
    std::chrono::steady_clock::time_point time; // valid when the ticket is complete
  };
  std::shared_ptr<Record> last() const {
    std::lock_guard lock(mutex_);
    return record_;
  }
  void set(std::shared_ptr<Record> record) {
    std::lock_guard lock(mutex_);
    record_ = std::move(record);
  }

private:
  mutable std::mutex mutex_;
  std::shared_ptr<Record> record_;
};

/// Set when the process ends: stream threads stop where they are.
extern std::atomic<bool> g_process_ends;

} // namespace w2w::emu
