#include "archive/elf/versions.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "archive/base/byte_cursor.h"
#include "archive/elf/bad_library.h"

namespace signedvfs::elf {
namespace {

// libstdc++ and glibc together have fewer than two hundred.
constexpr std::size_t kMostVersions = 8192;
constexpr std::size_t kLongestName = 255;

constexpr std::string_view kOutside = "its list of versions is not inside one PT_LOAD segment";

// step moves `rest` to the next record of a chain; false where there is none left of that size.
bool step(std::span<const std::byte>& rest, std::uint32_t distance) {
  if (distance > rest.size()) return false;
  rest = rest.subspan(distance);
  return true;
}

// Walk is what all libraries of one object together may come to.
class Walk {
 public:
  explicit Walk(const Dynamic& dynamic) : dynamic_(&dynamic) {}

  // library reads the versions that are wanted of one library: a chain of Elf64_Vernaux.
  Status library(std::span<const std::byte> rest, std::uint16_t count, const std::string& name) {
    for (std::uint32_t next = 0, read = 1;; ++read) {
      ByteCursor cursor(rest);
      cursor.take(4);  // the hash of the name, by which glibc compares first
      const std::uint16_t flags = cursor.u16();
      cursor.take(2);  // the number that symbols have for it
      const std::uint32_t version = cursor.u32();
      next = cursor.u32();
      if (!cursor.ok()) return bad_library(std::string(kOutside));
      if (++records_ > kMostVersions) {
        return bad_library("it wants more than " + std::to_string(kMostVersions) + " versions");
      }
      if ((flags & kWeak) == 0) {
        SIGNEDVFS_ASSIGN(std::string text,
                         dynamic_->string(version, kLongestName, "the name of a version"));
        found_.push_back({name, std::move(text)});
      }
      if (next == 0 && read == count) return {};
      if (next == 0 || read == count) {
        return bad_library("its list of versions contradicts its counts");
      }
      if (!step(rest, next)) return bad_library(std::string(kOutside));
    }
  }

  std::vector<NeededVersion> sorted() && {
    std::ranges::sort(found_);
    const auto twice = std::ranges::unique(found_);
    found_.erase(twice.begin(), twice.end());
    return std::move(found_);
  }

 private:
  const Dynamic* dynamic_;
  std::vector<NeededVersion> found_;
  std::size_t records_ = 0;
};

}  // namespace

Result<std::vector<NeededVersion>> read_versions(const Image& image, const Dynamic& dynamic) {
  const auto address = dynamic.value(kVerneed);
  const std::uint64_t count = dynamic.value(kVerneedCount).value_or(0);
  if (!address.has_value()) {
    if (count != 0) return bad_library("its list of versions is counted, and not there");
    return std::vector<NeededVersion>();
  }
  Walk walk(dynamic);
  std::span<const std::byte> rest = image.from(*address);
  for (std::uint64_t read = 1;; ++read) {
    ByteCursor cursor(rest);
    const std::uint16_t version = cursor.u16();
    const std::uint16_t names = cursor.u16();
    const std::uint32_t file = cursor.u32();
    const std::uint32_t first = cursor.u32();
    const std::uint32_t next = cursor.u32();
    if (!cursor.ok()) return bad_library(std::string(kOutside));
    if (version != kVerneedVersion) {
      return bad_library("its list of versions is of a kind not known");
    }
    SIGNEDVFS_ASSIGN(const std::string library,
                     dynamic.string(file, kLongestName, "the name of a library with versions"));
    std::span<const std::byte> chain = rest;
    if (!step(chain, first)) return bad_library(std::string(kOutside));
    SIGNEDVFS_TRY(walk.library(chain, names, library));
    if (next == 0 && read == count) return std::move(walk).sorted();
    if (next == 0 || read == count) {
      return bad_library("its list of versions contradicts its counts");
    }
    if (!step(rest, next)) return bad_library(std::string(kOutside));
  }
}

}  // namespace signedvfs::elf
