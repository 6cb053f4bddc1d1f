// Objects that are dear to make, one for each thread.
#pragma once

#include <utility>

namespace signedvfs {

// PerThread keeps an object of each thread from one use to the next: `kMake` makes it, null where
// it cannot, and `kFree` takes it back when the thread ends. There is one for each set of
// parameters.
//
// The handlers of exit(3), and destructors of other objects of the thread, may run after that: what
// they ask for is made anew, and left to the end of the process.
template <class T, T* (*kMake)(), void (*kFree)(T*)>
class PerThread {
 public:
  // get returns the calling thread's object, or null where none could be made. The thread owns it.
  static T* get() {
    if (kept_ != nullptr) return kept_;
    kept_ = kMake();
    if (!has_ended_) free_at_end();
    return kept_;
  }

 private:
  struct End {
    ~End() {
      has_ended_ = true;
      if (T* const last = std::exchange(kept_, nullptr)) kFree(last);
    }
  };

  static void free_at_end() { [[maybe_unused]] thread_local End end; }

  // Plain values, which are there as long as the thread is.
  constinit static inline thread_local T* kept_ = nullptr;
  constinit static inline thread_local bool has_ended_ = false;
};

}  // namespace signedvfs
