// The process: its number, its environment, what happens around fork(2), and randomness.
#pragma once

#include <cstdint>

namespace signedvfs {

// process_id returns getpid(2): another one after fork.
std::int64_t process_id() noexcept;

// ForkHandlers are called in front of each fork(2), and behind it in the parent or in the child.
struct ForkHandlers {
  void (*before)();
  void (*in_parent)();
  void (*in_child)();
  ForkHandlers* next = nullptr;  // for `around_fork`
};

// around_fork has `handlers`, which must live for ever and be given once, called from now on: each
// `before` ahead of those that were there already, the others after them. So what is registered
// last may use what was registered before. The system knows of one registration, whatever their
// number, and where it has no memory even for that, fork is as risky as it usually is. Any thread
// may call.
void around_fork(ForkHandlers& handlers) noexcept;

// park_thread blocks the calling thread until the process ends.
[[noreturn]] void park_thread() noexcept;

// unset_environment takes a variable out of the environment of this process, and of those that it
// starts. Not while another thread reads or changes the environment (getenv(3)).
void unset_environment(const char* name) noexcept;

// random_seed returns 64 bits that nobody outside can guess; 0 where the system has no entropy yet.
std::uint64_t random_seed() noexcept;

}  // namespace signedvfs
