// How an application ends that is not what was signed. Private to launcher/.
#pragma once

#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "archive/os/program_start.h"

namespace signedvfs {

// kRefusedStatus is the exit status of what was found, and is not executed (POSIX, "Exit Status for
// Commands").
inline constexpr int kRefusedStatus = 126;

// refuse ends the process with one line, in which `program` says who speaks. Nothing of the
// application runs any more: no handler, no `finally`.
[[noreturn]] inline void refuse(std::string_view program, std::string_view why) {
  refuse_to_run(std::string(program).append(": refused: ").append(why).append("\n"),
                kRefusedStatus);
}

[[noreturn]] inline void refuse(std::string_view program, const Status& why) {
  std::string text = why.what();
  if (!why.advice().empty()) text += ". " + why.advice();
  refuse(program, text);
}

}  // namespace signedvfs
