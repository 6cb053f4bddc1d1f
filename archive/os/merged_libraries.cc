#include "archive/os/merged_libraries.h"

#include <algorithm>
#include <array>

// Which C library it is, its headers say once one of them was read.
#ifdef __GLIBC__
#include <gnu/libc-version.h>

#include <charconv>
#endif

namespace signedvfs {
namespace {

#ifdef __GLIBC__

constexpr auto kMerged = std::to_array<std::string_view>(
    {"libanl.so.1", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1"});

// has_taken_them_in reads "2.36", or what distributions make of it.
bool has_taken_them_in(std::string_view version) noexcept {
  constexpr unsigned kMajor = 2;
  constexpr unsigned kMinor = 34;
  unsigned major = 0;
  unsigned minor = 0;
  const char* const end = version.data() + version.size();
  const auto first = std::from_chars(version.data(), end, major);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return false;
  const auto second = std::from_chars(first.ptr + 1, end, minor);
  if (second.ec != std::errc()) return false;
  return major > kMajor || (major == kMajor && minor >= kMinor);
}

}  // namespace

bool is_merged_library(std::string_view name) noexcept {
  return std::ranges::find(kMerged, name) != kMerged.end() &&
         has_taken_them_in(::gnu_get_libc_version());
}

bool is_linker_itself(std::string_view) noexcept { return false; }

#else

// musl's linker takes itself for every library whose name begins so (ldso/dynlink.c, load_library).
constexpr auto kReserved = std::to_array<std::string_view>(
    {"libc.", "libdl.", "libm.", "libpthread.", "librt.", "libutil.", "libxnet."});

}  // namespace

bool is_merged_library(std::string_view name) noexcept { return is_linker_itself(name); }

bool is_linker_itself(std::string_view name) noexcept {
  return std::ranges::any_of(kReserved,
                             [&](std::string_view begin) { return name.starts_with(begin); });
}

#endif

}  // namespace signedvfs
