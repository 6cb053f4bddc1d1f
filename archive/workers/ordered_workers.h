// Work that several threads do, and that is completed in the order in which it was given.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>

#include "archive/base/status.h"
#include "archive/os/quiet_thread.h"

namespace signedvfs {

// OrderedWorkers has up to `threads` threads of its own, which start when there is work for them
// and end with the object; where none can be started, the caller does the work. They receive no
// signals. Not for use by several threads at once, and not usable in a forked child.
class OrderedWorkers {
 public:
  // With one thread or none, everything happens in the caller's. `window` bounds the bytes that
  // are in flight; a piece that is larger goes alone.
  OrderedWorkers(unsigned threads, std::uint64_t window)
      : threads_wanted_(threads), window_(window) {}
  OrderedWorkers(const OrderedWorkers&) = delete;
  OrderedWorkers& operator=(const OrderedWorkers&) = delete;

  // What has not begun is dropped; what has is waited for.
  ~OrderedWorkers();

  // put has `work` called in some thread, and after it `complete` in a thread that calls `put` or
  // `finish`, one piece after the other, in the order in which they were put. `bytes` is what the
  // piece holds until then. Waits where the window is full. Fails with what the first `complete`
  // that failed has returned, after which nothing is begun or completed any more; what `work` or
  // `complete` throw is thrown, and is such a failure, too.
  Status put(std::uint64_t bytes, std::function<void()> work, std::function<Status()> complete);

  // finish completes everything that was put.
  Status finish();

 private:
  struct Piece {
    std::uint64_t bytes = 0;
    std::function<void()> work;
    std::function<Status()> complete;
    std::exception_ptr thrown;
    bool done = false;
  };

  Status failure() const;
  void start_thread();
  void serve();
  void do_next(std::unique_lock<std::mutex>& lock);
  Status complete_first(std::unique_lock<std::mutex>& lock);
  void stop() noexcept;

  unsigned threads_wanted_;
  const std::uint64_t window_;
  Status failed_;
  bool has_thrown_ = false;
  std::deque<QuietThread> threads_;

  std::mutex mutex_;  // for what follows
  std::condition_variable is_work_;
  std::condition_variable is_done_;
  std::deque<Piece> pieces_;  // references to the others survive a push_back or pop_front
  std::size_t begun_ = 0;     // how many of the first pieces some thread has taken
  std::size_t idle_ = 0;
  std::uint64_t in_flight_ = 0;
  bool stopped_ = false;
};

}  // namespace signedvfs
