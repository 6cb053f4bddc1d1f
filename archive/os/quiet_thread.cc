#include "archive/os/quiet_thread.h"

#include <cstddef>

#include "archive/os/signals_blocked.h"

namespace signedvfs {
namespace {

// Attributes are those of any thread, but for a stack that codecs have room on: musl's is of
// 128 KiB.
class Attributes {
 public:
  Attributes() noexcept {
    constexpr std::size_t kLeastStack = std::size_t{1} << 20;
    std::size_t stack = 0;
    ::pthread_attr_init(&all_);
    if (::pthread_attr_getstacksize(&all_, &stack) == 0 && stack < kLeastStack) {
      ::pthread_attr_setstacksize(&all_, kLeastStack);
    }
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::pthread_attr_destroy(&all_); }

  const pthread_attr_t* get() const noexcept { return &all_; }

 private:
  pthread_attr_t all_{};
};

}  // namespace

bool QuietThread::start(std::function<void()> work) noexcept {
  work_ = std::move(work);
  const auto run = [](void* self) -> void* {
    static_cast<QuietThread*>(self)->work_();
    return nullptr;
  };
  const SignalsBlocked in_the_thread;
  const Attributes attributes;
  is_started_ = ::pthread_create(&thread_, attributes.get(), run, this) == 0;
  return is_started_;
}

void QuietThread::join() noexcept {
  if (!is_started_) return;
  is_started_ = false;
  ::pthread_join(thread_, nullptr);
}

}  // namespace signedvfs
