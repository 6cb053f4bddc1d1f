// Threads that no signal reaches.
#pragma once

#include <pthread.h>

#include <csignal>

namespace signedvfs {

// SignalsBlocked keeps signals from the threads that are started during its life: they inherit its
// mask. Whoever handles signals has handlers that expect a thread of the program's own.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace signedvfs
