#include "archive/os/fork_gate.h"

#include <pthread.h>
#include <time.h>

#include <atomic>
#include <cstdlib>

#include "archive/os/process.h"

namespace signedvfs {
namespace {

// Threads inside share the lock, and whoever forks has it alone. A fork comes through however many
// threads go on passing: glibc has a kind of lock for that, which each thread may take only once.
#ifdef PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP
#define SIGNEDVFS_GATE PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP
constexpr bool kHasDoor = false;
#else
#define SIGNEDVFS_GATE PTHREAD_RWLOCK_INITIALIZER
constexpr bool kHasDoor = true;
#endif
constinit pthread_rwlock_t gate = SIGNEDVFS_GATE;
constinit thread_local unsigned depth = 0;

// Elsewhere all come to the lock through a door, which whoever forks holds shut meanwhile.
constinit pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;

void shut_door() noexcept {
  if constexpr (kHasDoor) ::pthread_mutex_lock(&door);
}

void open_door() noexcept {
  if constexpr (kHasDoor) ::pthread_mutex_unlock(&door);
}

// What exit(3) has closed: a flag and not the lock, so that the thread in there can still fork.
constinit std::atomic<bool> closed = false;
constinit thread_local bool ends_process = false;

void close_gate() {
  shut_door();
  ::pthread_rwlock_wrlock(&gate);
}

void open_gate() {
  ::pthread_rwlock_unlock(&gate);
  open_door();
}

// The child's one thread has another number than the one that the lock remembers as its owner.
void open_in_child() {
  gate = SIGNEDVFS_GATE;
  door = PTHREAD_MUTEX_INITIALIZER;
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
    shut_door();
    ::pthread_rwlock_rdlock(&gate);
    open_door();
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
