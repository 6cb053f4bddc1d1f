#include "importer/native/linker_turn.h"

#include <mutex>
#include <new>

#include "archive/os/process.h"

namespace signedvfs {
namespace {

// turn is never destroyed: threads may import while the process ends.
std::recursive_mutex& turn() {
  alignas(std::recursive_mutex) static std::byte memory[sizeof(std::recursive_mutex)];
  static auto* const mutex = ::new (memory) std::recursive_mutex();
  return *mutex;
}

void nothing() {}

// Whoever had it in the parent is not in the child, whose one thread may have been inside itself.
void begin_anew() { ::new (&turn()) std::recursive_mutex(); }

void have_children_begin_anew() {
  static const bool registered = [] {
    static constinit ForkHandlers handlers{nothing, nothing, begin_anew};
    around_fork(handlers);
    return true;
  }();
  static_cast<void>(registered);
}

}  // namespace

LinkerTurn::LinkerTurn() {
  have_children_begin_anew();
  // Whoever waits for the GIL has not got the turn: a thread that Python ends there would keep it.
  while (!turn().try_lock()) {
    const GilRelease released;
    const std::lock_guard<std::recursive_mutex> wait(turn());
  }
}

LinkerTurn::~LinkerTurn() { turn().unlock(); }

}  // namespace signedvfs
