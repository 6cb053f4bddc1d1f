// What a program does before its first own line: the file that it was started from, the descriptors
// and the environment that it was given.
#pragma once

#include <string>
#include <vector>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {

// OwnExecutable is the file that this process runs, opened once.
struct OwnExecutable {
  FileDescriptor descriptor;
  std::string path;  // where it stood when the process was started, absolute; for names alone
};

// open_own_executable opens it by way of the kernel (proc(5), exe), so that neither argv[0] nor
// PATH, and no other file that stands at its path by now, has a say. Fails with `kUnsupported`
// without /proc.
Result<OwnExecutable> open_own_executable();

// occupy_standard_descriptors opens /dev/null for each of the descriptors 0, 1 and 2 that is
// closed: otherwise the next file that is opened would be written to by whoever means the
// terminal. Fails with `kIo`.
Status occupy_standard_descriptors();

// survive_size_limit has a file that may not grow (RLIMIT_FSIZE, which counts for memory that is
// sealed, too) be an error, and not the end of the process without a word. As Python has it.
void survive_size_limit() noexcept;

// is_privileged tells whether the process has more rights than whoever started it (AT_SECURE in
// getauxval(3)): set-user-ID, set-group-ID, or capabilities of the file.
bool is_privileged() noexcept;

// environment_names returns the names of the variables that are set, each once, in byte order.
std::vector<std::string> environment_names();

// is_child_of_own_program tells whether the process that has started this one runs the same file,
// as the kernel says (proc(5), exe): not where that process is gone, or belongs to somebody else.
bool is_child_of_own_program() noexcept;

// write_text writes `text` to descriptor 1, as far as that takes it, and tells whether it took all.
bool write_text(const std::string& text) noexcept;

// refuse_to_run writes `line`, with its line break, to descriptor 2, as far as that takes it, and
// ends the process with `status`: no handler of anybody runs. Of threads that refuse at a time one
// speaks.
[[noreturn]] void refuse_to_run(const std::string& line, int status) noexcept;

// end_by_interrupt ends the process by SIGINT, so that a shell that waits for it sees Ctrl-C.
[[noreturn]] void end_by_interrupt() noexcept;

}  // namespace signedvfs
