#include "importer/native/system_libraries.h"

#include <algorithm>
#include <array>

namespace signedvfs {
namespace {

constexpr auto kLibraries = std::to_array<std::string_view>({
    "ld-linux-aarch64.so.1",
    "ld-linux-loongarch-lp64d.so.1",
    "ld-linux-riscv64-lp64d.so.1",
    "ld-linux-x86-64.so.2",
    "ld64.so.2",
    "libBrokenLocale.so.1",
    "libGL.so.1",
    "libICE.so.6",
    "libSM.so.6",
    "libX11.so.6",
    "libXext.so.6",
    "libXrender.so.1",
    "libanl.so.1",
    "libatomic.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libexpat.so.1",
    "libgcc_s.so.1",
    "libglib-2.0.so.0",
    "libgobject-2.0.so.0",
    "libgthread-2.0.so.0",
    "libm.so.6",
    "libmvec.so.1",
    "libnsl.so.1",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libstdc++.so.6",
    "libutil.so.1",
    "libz.so.1",
});
static_assert(std::is_sorted(kLibraries.begin(), kLibraries.end()));

// is_interpreter knows "libpython3.12.so.1.0", and "libpython3.13t.so.1.0" of free-threaded builds.
bool is_interpreter(std::string_view name) noexcept {
  constexpr std::string_view kBegin = "libpython3.";
  constexpr std::string_view kEnd = ".so.1.0";
  if (!name.starts_with(kBegin) || !name.ends_with(kEnd)) return false;
  if (name.size() <= kBegin.size() + kEnd.size()) return false;
  name = name.substr(kBegin.size(), name.size() - kBegin.size() - kEnd.size());
  if (name.size() > 1 && name.ends_with('t')) name.remove_suffix(1);
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::span<const std::string_view> system_libraries() noexcept { return kLibraries; }

bool is_system_library(std::string_view name) noexcept {
  return std::binary_search(kLibraries.begin(), kLibraries.end(), name) || is_interpreter(name);
}

}  // namespace signedvfs
