#include "archive/os/process.h"

#include <pthread.h>
#include <sys/random.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace signedvfs {
namespace {

constinit std::atomic<ForkHandlers*> newest = nullptr;

// Those that this fork began with: another thread may register more while it is under way.
constinit thread_local const ForkHandlers* called = nullptr;

void call_before() {
  called = newest.load(std::memory_order_acquire);
  for (const ForkHandlers* one = called; one != nullptr; one = one->next) one->before();
}

// call_behind calls the oldest first.
void call_behind(const ForkHandlers* one, void (*ForkHandlers::*which)()) {
  if (one == nullptr) return;
  call_behind(one->next, which);
  (one->*which)();
}

void call_in_parent() { call_behind(called, &ForkHandlers::in_parent); }
void call_in_child() { call_behind(called, &ForkHandlers::in_child); }

}  // namespace

std::int64_t process_id() noexcept { return ::getpid(); }

void around_fork(ForkHandlers& handlers) noexcept {
  handlers.next = newest.load(std::memory_order_relaxed);
  while (!newest.compare_exchange_weak(handlers.next, &handlers, std::memory_order_acq_rel))
    continue;
  if (handlers.next == nullptr) {
    static_cast<void>(::pthread_atfork(call_before, call_in_parent, call_in_child));
  }
}

void park_thread() noexcept {
  for (;;) ::pause();
}

void unset_environment(const char* name) noexcept { ::unsetenv(name); }

std::uint64_t random_seed() noexcept {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) seed = 0;
  return seed;
}

}  // namespace signedvfs
