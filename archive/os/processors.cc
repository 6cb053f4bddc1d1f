#include "archive/os/processors.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <thread>

#include "archive/os/file_descriptor.h"

namespace signedvfs {
namespace {

unsigned allowed_by_affinity() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  // It fails where the machine has more processors than the set has room for.
  if (sched_getaffinity(0, sizeof set, &set) != 0) return std::thread::hardware_concurrency();
  return static_cast<unsigned>(CPU_COUNT(&set));
}

// allowed_by_group reads "<quota> <period>" in microseconds; "max" is no limit.
std::optional<unsigned> allowed_by_group() noexcept {
  const FileDescriptor fd(open("/sys/fs/cgroup/cpu.max", O_RDONLY | O_CLOEXEC));
  if (!fd) return {};
  std::array<char, 64> buffer{};
  const ssize_t size = read(fd.get(), buffer.data(), buffer.size());
  if (size <= 0) return {};
  const char* const end = buffer.data() + size;
  unsigned long quota = 0;
  unsigned long period = 0;
  const auto first = std::from_chars(buffer.data(), end, quota);
  if (first.ec != std::errc() || first.ptr == end) return {};
  const auto second = std::from_chars(first.ptr + 1, end, period);
  if (second.ec != std::errc() || period == 0) return {};
  return static_cast<unsigned>((quota + period - 1) / period);
}

}  // namespace

unsigned processors() noexcept {
  const unsigned affinity = allowed_by_affinity();
  return std::max(1U, std::min(affinity, allowed_by_group().value_or(affinity)));
}

}  // namespace signedvfs
