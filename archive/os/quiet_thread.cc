#include "archive/os/quiet_thread.h"

#include "archive/os/signals_blocked.h"

namespace signedvfs {

bool QuietThread::start(std::function<void()> work) noexcept {
  work_ = std::move(work);
  const auto run = [](void* self) -> void* {
    static_cast<QuietThread*>(self)->work_();
    return nullptr;
  };
  const SignalsBlocked in_the_thread;
  is_started_ = ::pthread_create(&thread_, nullptr, run, this) == 0;
  return is_started_;
}

void QuietThread::join() noexcept {
  if (!is_started_) return;
  is_started_ = false;
  ::pthread_join(thread_, nullptr);
}

}  // namespace signedvfs
