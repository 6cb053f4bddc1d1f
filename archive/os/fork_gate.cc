#include "archive/os/fork_gate.h"

#include <pthread.h>
#include <time.h>

#include <atomic>
#include <cstdlib>

#include "archive/os/process.h"

namespace signedvfs {
namespace {

// Threads inside share the lock, and whoever forks has it alone. It is of the kind that lets a fork
// come through however many threads go on passing; for that kind each thread takes it once.
constinit pthread_rwlock_t gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
constinit thread_local unsigned depth = 0;

// What exit(3) has closed: a flag and not the lock, so that the thread in there can still fork.
constinit std::atomic<bool> closed = false;
constinit thread_local bool ends_process = false;

void close_gate() { ::pthread_rwlock_wrlock(&gate); }
void open_gate() { ::pthread_rwlock_unlock(&gate); }

// The child's one thread has another number than the one that the lock remembers as its owner.
void open_in_child() {
  gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
  closed.store(false, std::memory_order_relaxed);
}

void have_fork_wait() {
  static const bool registered = [] {
    static constinit ForkHandlers handlers{close_gate, open_gate, open_in_child};
    around_fork(handlers);
    return true;
  }();
  static_cast<void>(registered);
}

void close_for_good() {
  ends_process = true;
  closed.store(true, std::memory_order_relaxed);
  // A signal handler that calls exit has interrupted a thread that is inside: no use in waiting.
  if (depth != 0) return;
  // Whoever gets the lock after us sees the flag.
  timespec end{};
  ::clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += PassingGate::kPatience;
  if (::pthread_rwlock_timedwrlock(&gate, &end) == 0) ::pthread_rwlock_unlock(&gate);
}

}  // namespace

PassingGate::PassingGate() noexcept {
  if (depth == 0) {
    have_fork_wait();
    ::pthread_rwlock_rdlock(&gate);
    is_inside_ = !closed.load(std::memory_order_relaxed) || ends_process;
    if (!is_inside_) ::pthread_rwlock_unlock(&gate);
  }
  if (is_inside_) ++depth;
}

PassingGate::~PassingGate() {
  if (is_inside_ && --depth == 0) ::pthread_rwlock_unlock(&gate);
}

void PassingGate::close_at_exit() noexcept {
  static const bool registered = std::atexit(close_for_good) == 0;
  static_cast<void>(registered);
}

bool PassingGate::is_closed() noexcept { return closed.load(std::memory_order_acquire); }

}  // namespace signedvfs
