#include "importer/archive_names.h"

#include <algorithm>
#include <array>

namespace signedvfs {
namespace {

constexpr std::array<std::string_view, 15> kArchiveEndings{
    ".zip", ".whl", ".egg", ".pyz",  ".pyzw", ".pex", ".tar", ".tgz",
    ".txz", ".tlz", ".tbz", ".tbz2", ".tzst", ".7z",  ".cpio"};
constexpr std::array<std::string_view, 6> kTarFilters{".gz", ".xz", ".zst", ".bz2", ".lz", ".lzma"};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool ends_with(std::string_view text, std::string_view ending) noexcept {
  return text.size() > ending.size() &&  // ".pex" alone is a hidden directory's name
         std::equal(ending.begin(), ending.end(),
                    text.end() - static_cast<std::ptrdiff_t>(ending.size()),
                    [](char a, char b) { return a == lower(b); });
}

}  // namespace

bool named_like_archive(std::string_view component) noexcept {
  for (const std::string_view filter : kTarFilters) {
    if (ends_with(component, filter)) {
      return ends_with(component.substr(0, component.size() - filter.size()), ".tar");
    }
  }
  return std::any_of(kArchiveEndings.begin(), kArchiveEndings.end(),
                     [&](std::string_view ending) { return ends_with(component, ending); });
}

bool has_archive_name(std::string_view path) noexcept {
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    if (named_like_archive(path.substr(start, end - start))) return true;
    start = end + 1;
  }
  return false;
}

std::string_view product_of(std::string_view component) noexcept {
  return component.substr(0, component.find_first_of(".-+"));
}

}  // namespace signedvfs
