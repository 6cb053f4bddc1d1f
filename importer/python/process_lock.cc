#include "importer/python/process_lock.h"

#include <mutex>

#include "archive/os/process.h"

namespace signedvfs {
namespace {

constinit std::mutex process_mutex;

void lock_process() { process_mutex.lock(); }
void unlock_process() { process_mutex.unlock(); }

}  // namespace

ProcessLock::ProcessLock() {
  static const bool registered = [] {
    static constinit ForkHandlers handlers{lock_process, unlock_process, unlock_process};
    around_fork(handlers);
    return true;
  }();
  static_cast<void>(registered);
  process_mutex.lock();
}

ProcessLock::~ProcessLock() { process_mutex.unlock(); }

}  // namespace signedvfs
