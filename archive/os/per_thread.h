// Objects that are dear to make, one for each thread.
#pragma once

#include <pthread.h>

namespace signedvfs {

// PerThread keeps an object of each thread from one use to the next: `kMake` makes it, null where
// it cannot, and `kFree` takes it back when the thread ends. There is one for each set of
// parameters.
//
// What other objects of the thread ask for after that is made anew, and freed in turn. The main
// thread's object is left to the end of the process.
//
// A destructor of a thread_local object would be simpler. But where the C library has no memory to
// note that there is one, it ends the process (`__cxa_thread_atexit_impl` of glibc). Where a key
// cannot be had, the object is left behind by the thread.
template <class T, T* (*kMake)(), void (*kFree)(T*)>
class PerThread {
 public:
  // get returns the calling thread's object, or null where none could be made. The thread owns it.
  static T* get() {
    if (kept_ != nullptr) return kept_;
    kept_ = kMake();
    if (kept_ != nullptr) free_at_end(kept_);
    return kept_;
  }

 private:
  // Key has `take_back` called with what a thread has set, when the thread ends.
  struct Key {
    Key() noexcept : is_there(::pthread_key_create(&key, &take_back) == 0) {}
    pthread_key_t key = 0;
    bool is_there;
  };

  static void free_at_end(T* kept) {
    static const Key key;
    if (key.is_there) static_cast<void>(::pthread_setspecific(key.key, kept));
  }

  static void take_back(void* kept) {
    kept_ = nullptr;
    kFree(static_cast<T*>(kept));
  }

  // A plain value, which is there as long as the thread is.
  constinit static inline thread_local T* kept_ = nullptr;
};

}  // namespace signedvfs
