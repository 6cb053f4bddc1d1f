// The one lock of the importer: short critical sections that survive fork.
#pragma once

namespace signedvfs {

// ProcessLock is held for a few look-ups in memory: never while calling Python, opening or reading
// files, or destroying what may do either. fork waits for it, so a child never inherits it locked.
class [[nodiscard]] ProcessLock {
 public:
  ProcessLock();
  ProcessLock(const ProcessLock&) = delete;
  ProcessLock& operator=(const ProcessLock&) = delete;
  ~ProcessLock();
};

}  // namespace signedvfs
