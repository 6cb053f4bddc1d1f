#include "importer/process_lock.h"

#include <pthread.h>

#include <mutex>

namespace signedvfs {
namespace {

constinit std::mutex process_mutex;

void lock_process() { process_mutex.lock(); }
void unlock_process() { process_mutex.unlock(); }

}  // namespace

ProcessLock::ProcessLock() {
  static const int registered = pthread_atfork(lock_process, unlock_process, unlock_process);
  static_cast<void>(registered);  // fails for want of memory only; fork is then as risky as usual
  process_mutex.lock();
}

ProcessLock::~ProcessLock() { process_mutex.unlock(); }

}  // namespace signedvfs
