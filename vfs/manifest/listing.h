// Which paths are signed, and what can be asked about them without reading any member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "vfs/manifest/manifest.h"

namespace signedvfs {

// PathKey is something to look for: a path, or where one would stand, in two parts, so that asking
// for "pkg/mod" + ".py" takes no memory. Borrows both.
struct PathKey {
  PathKey(std::string_view whole) : front(whole) {}  // NOLINT(google-explicit-constructor): a path
  PathKey(std::string_view first, std::string_view second) : front(first), back(second) {}

  // compare returns how `path` stands to the key in byte order: below, at or above 0.
  int compare(std::string_view path) const noexcept;

  // begins tells whether `path` is the key or goes on after it.
  bool begins(std::string_view path) const noexcept;

  std::string_view front;
  std::string_view back;
};

// DirectoryItem is a file or directory directly below a directory; its name is borrowed.
struct DirectoryItem {
  std::string_view name;
  bool is_directory = false;
};

// Listing is the signed list of paths in byte order. There are two: the member lines of a manifest,
// which were all checked when it was opened, and the signed index, whose pages are checked when
// they are first looked at; so each question may fail with what is wrong there. Paths that are
// given out live as long as the listing. Any thread may use it.
class Listing {
 public:
  virtual ~Listing() = default;

  // Place is where a path stands in the list, or its end.
  struct Place {
    bool at_end = true;
    std::string_view path;       // empty at the end
    const void* page = nullptr;  // of the listing's own
    std::uint32_t slot = 0;      // likewise
  };

  // size returns how many paths there are.
  virtual std::uint64_t size() const noexcept = 0;

  // first_not_before returns the first place whose path is not before `key`.
  virtual Result<Place> first_not_before(const PathKey& key) const = 0;

  // after returns the place behind `place`, which is not the end.
  virtual Result<Place> after(const Place& place) const = 0;

  // contains tells whether the file `path` is listed (bytes, exact match).
  Result<bool> contains(std::string_view path) const;

  // has_directory tells whether some path starts with `path` + "/"; "" always is a directory.
  Result<bool> has_directory(std::string_view path) const;

  // list returns what lies directly below the directory `path`, each name once, in byte order of
  // the paths; nothing where there is no such directory. Directories are those implied by files.
  Result<std::vector<DirectoryItem>> list(std::string_view path) const;

  // paths returns all of them.
  Result<std::vector<std::string_view>> paths() const;
};

// ManifestListing lists the member lines of a manifest, which it borrows.
class ManifestListing final : public Listing {
 public:
  explicit ManifestListing(const Manifest& manifest) noexcept : entries_(manifest.entries()) {}

  // ManifestListing lists those below one root ("role/"), by their paths from there.
  ManifestListing(const Manifest& manifest, std::string_view root) noexcept;

  std::uint64_t size() const noexcept override { return entries_.size(); }

  // entry returns the line number `i`, and path its path in the list.
  const Entry& entry(std::size_t i) const noexcept { return entries_[i]; }
  std::string_view path(std::size_t i) const noexcept { return path_of(entries_[i]); }

  // find returns the line of `path`, or null.
  const Entry* find(std::string_view path) const noexcept;

  Result<Place> first_not_before(const PathKey& key) const override;
  Result<Place> after(const Place& place) const override;

 private:
  std::size_t position(const PathKey& key) const noexcept;
  std::string_view path_of(const Entry& entry) const noexcept {
    return entry.path().substr(root_bytes_);
  }
  Place at(std::size_t index) const noexcept;

  std::span<const Entry> entries_;
  std::size_t root_bytes_ = 0;  // of each path, which are not part of it here
};

}  // namespace signedvfs
