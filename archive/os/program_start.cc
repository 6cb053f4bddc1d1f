#include "archive/os/program_start.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <utility>

#include "archive/os/file_status.h"
#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

constexpr const char* kOwnFile = "/proc/self/exe";

bool is_same_file(const struct stat& one, const struct stat& other) noexcept {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// without_mark takes off what the kernel adds to the path of a file that is gone, where it is no
// part of the name.
std::string without_mark(std::string path, int descriptor) {
  constexpr std::string_view kMark = " (deleted)";
  if (!path.ends_with(kMark)) return path;
  struct stat own{};
  struct stat named{};
  const bool is_name = ::fstat(descriptor, &own) == 0 && ::stat(path.c_str(), &named) == 0 &&
                       is_same_file(own, named);
  if (!is_name) path.resize(path.size() - kMark.size());
  return path;
}

bool write_all(int descriptor, std::string_view rest) noexcept {
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<OwnExecutable> open_own_executable() {
  FileDescriptor descriptor(::open(kOwnFile, O_RDONLY | O_CLOEXEC));
  if (!descriptor) {
    return Status(Errc::kUnsupported, std::string("the program's own file cannot be opened: ") +
                                          system_failure(errno, kOwnFile).what())
        .advising("Mount /proc: the program finds itself, and loads its own code, by way of it.");
  }
  int error = 0;
  std::string path = without_mark(link_target(kOwnFile, error), descriptor.get());
  if (error != 0 || !path.starts_with('/')) path = kOwnFile;
  return OwnExecutable{std::move(descriptor), std::move(path)};
}

Status occupy_standard_descriptors() {
  for (int number = 0; number <= 2; ++number) {
    if (::fcntl(number, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is this one: those before it are open.
    if (::open("/dev/null", O_RDWR) != number) return system_failure(errno, "/dev/null");
  }
  return {};
}

void survive_size_limit() noexcept { ::signal(SIGXFSZ, SIG_IGN); }

bool is_privileged() noexcept { return ::getauxval(AT_SECURE) != 0; }

std::vector<std::string> environment_names() {
  std::vector<std::string> names;
  for (const char* const* one = ::environ; one != nullptr && *one != nullptr; ++one) {
    const std::string_view text = *one;
    names.emplace_back(text.substr(0, text.find('=')));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool is_child_of_own_program() noexcept {
  struct stat own{};
  struct stat others{};
  const std::string parent = "/proc/" + std::to_string(::getppid()) + "/exe";
  if (::stat(kOwnFile, &own) != 0 || ::stat(parent.c_str(), &others) != 0) return false;
  return is_same_file(own, others);
}

bool write_text(const std::string& text) noexcept { return write_all(1, text); }

void refuse_to_run(const std::string& line, int status) noexcept {
  // Of which process: a child of fork(2) has its parent's mark, and not the thread that speaks.
  static std::atomic<pid_t> speaking{0};
  const pid_t own = ::getpid();
  if (speaking.exchange(own) == own) {
    for (;;) ::pause();
  }
  static_cast<void>(write_all(2, line));
  ::_exit(status);
}

void end_by_interrupt() noexcept {
  ::signal(SIGINT, SIG_DFL);
  ::kill(::getpid(), SIGINT);
  ::_exit(130);  // where it is blocked
}

}  // namespace signedvfs
