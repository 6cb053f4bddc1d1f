// Opens any bytes as a container, of whatever format they claim to be.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "archive/opening.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {
namespace {

void require(bool law) {
  if (!law) std::abort();
}

Limits small_limits() {
  Limits limits;
  limits.member_bytes = std::uint64_t{1} << 20U;
  limits.total_bytes = std::uint64_t{4} << 20U;
  limits.members = 1000;
  return limits;
}

void open_and_read(const std::string& path) {
  const auto opened = open_container(path, small_limits());
  const bool resembles = resembles_archive(path).value();
  require(resembles == (opened.code() != Errc::kNotAnArchive));
  if (!opened.ok()) return;
  const Container& container = *opened.value();
  const auto names = container.names().value();
  require(names.size() == container.member_count());
  require(std::is_sorted(names.begin(), names.end()));
  require(std::adjacent_find(names.begin(), names.end()) == names.end());
  for (const std::string& name : names) {
    const auto content = container.read(name);
    if (content.ok()) require(content.value().size() == container.size_of(name));
    require(container.read(name + "/x").code() == Errc::kNotFound);
  }
}

}  // namespace
}  // namespace signedvfs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const signedvfs::FileDescriptor file(::memfd_create("fuzz_container", MFD_CLOEXEC));
  signedvfs::require(::write(file.get(), data, size) == static_cast<ssize_t>(size));
  signedvfs::open_and_read("/proc/self/fd/" + std::to_string(file.get()));
  return 0;
}
