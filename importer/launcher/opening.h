// The application opened and verified, beside what can be done without it. Private to launcher/.
#pragma once

#include <optional>
#include <string>

#include "archive/base/status.h"
#include "archive/os/program_start.h"
#include "archive/os/quiet_thread.h"
#include "importer/launcher/launch.h"

namespace signedvfs {

// Opening opens the program's own file, verifies what is behind the launcher in it, and loads the
// libraries that come before Python's first import (load_python). It stays for the life of the
// process.
class Opening {
 public:
  explicit Opening(OwnExecutable own) noexcept : own_(std::move(own)), path_(own_.path) {}
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  ~Opening() = delete;

  // begin has another thread do it meanwhile, which ends with that. Where there can be no other
  // thread, `wait` does it.
  void begin() noexcept;

  // wait returns the application, or why it is refused. The first call is the main thread's, and
  // comes before there are others that could call.
  const Result<Launch>& wait();

  // path is where the program's file is, absolute, in the file system's bytes.
  const std::string& path() const noexcept { return path_; }

 private:
  OwnExecutable own_;
  const std::string path_;
  std::optional<Result<Launch>> opened_;
  QuietThread thread_;
};

}  // namespace signedvfs
