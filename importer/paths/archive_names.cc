#include "importer/paths/archive_names.h"

#include <algorithm>
#include <iterator>
#include <span>

namespace signedvfs {
namespace {

// What zip readers and libarchive take, by the names that people give it, and that nobody gives to
// a directory of Python code (so not ".oxt": LibreOffice imports out of unpacked extensions).
constexpr std::string_view kArchiveEndings[] = {
    // zip
    ".zip", ".zipx", ".whl", ".egg", ".pyz", ".pyzw", ".pex", ".par", ".xar", ".shiv", ".jar",
    ".apk", ".xpi", ".nupkg", ".vsix", ".conda",
    // tar, and tar through a filter
    ".tar", ".tgz", ".taz", ".txz", ".tlz", ".tzo", ".tbz", ".tb2", ".tz2", ".tbz2", ".tzst",
    ".tlz4", ".crate",
    // others
    ".7z", ".cpio", ".pax"};

// A filter's ending counts behind what it is put over: "data.gz" is no archive.
constexpr std::string_view kFilters[] = {".gz", ".z",   ".xz",   ".zst", ".bz2", ".bz",
                                         ".lz", ".lz4", ".lzma", ".lzo", ".lrz", ".br"};
constexpr std::string_view kFiltered[] = {".tar", ".cpio", ".pax"};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool ends_with(std::string_view text, std::string_view ending) noexcept {
  return text.size() > ending.size() &&  // ".pex" alone is a hidden directory's name
         std::equal(ending.begin(), ending.end(),
                    text.end() - static_cast<std::ptrdiff_t>(ending.size()),
                    [](char a, char b) { return a == lower(b); });
}

bool ends_with_one_of(std::span<const std::string_view> endings, std::string_view text) noexcept {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return ends_with(text, ending); });
}

}  // namespace

bool named_like_archive(std::string_view component) noexcept {
  if (ends_with_one_of(kArchiveEndings, component)) return true;
  return std::any_of(std::begin(kFilters), std::end(kFilters), [&](std::string_view filter) {
    return ends_with(component, filter) &&
           ends_with_one_of(kFiltered, component.substr(0, component.size() - filter.size()));
  });
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
