// A thread of C++ code that nobody of the program hears of.
#pragma once

#include <pthread.h>

#include <functional>
#include <utility>

namespace signedvfs {

// QuietThread runs one piece of work beside its owner. It throws nothing, unlike std::thread where
// there can be no thread: it is for a program that cannot catch yet. No signal reaches the work.
class QuietThread {
 public:
  QuietThread() = default;
  QuietThread(const QuietThread&) = delete;
  QuietThread& operator=(const QuietThread&) = delete;
  ~QuietThread() { join(); }

  // start runs `work`, once, in another thread, and tells whether there is one. `work` lives as
  // long as this does.
  bool start(std::function<void()> work) noexcept;

  // join waits until the work is done, where it was started.
  void join() noexcept;

 private:
  std::function<void()> work_;
  pthread_t thread_{};
  bool is_started_ = false;
};

}  // namespace signedvfs
