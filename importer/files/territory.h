// Where archives and signed directories in use stand, and which paths lead to or below them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "importer/native/library_names.h"
#include "importer/python/process_lock.h"
#include "vfs/signed_vfs.h"
#include "vfs/trust.h"

namespace signedvfs {

// Mount is an archive or signed directory in use. Once it is there it stays for the life of the
// process; what is open behind it may be replaced by a newer release.
class Mount {
 public:
  // Facts are what the system said of the archive's file when it was first used. Members have its
  // owner, device and times: their own are not signed.
  struct Facts {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint32_t owner = 0;  // user and group ids
    std::uint32_t group = 0;
    std::int64_t modified = 0;  // nanoseconds since 1970-01-01T00:00:00Z
  };

  // Opened is what is behind the mount, and whom it was believed.
  struct Opened {
    std::shared_ptr<const SignedVfs> vfs;
    Trust trust;
    bool is_own_library = false;  // a root of the interpreter's own (SourceKind)
    std::shared_ptr<const LibraryNames> libraries = std::make_shared<const LibraryNames>();
  };

  Mount(std::string absolute, bool is_directory, Facts facts)
      : absolute_(std::move(absolute)), is_directory_(is_directory), facts_(facts) {}

  const std::string& absolute() const& noexcept { return absolute_; }
  bool is_directory() const noexcept { return is_directory_; }
  const Facts& facts() const& noexcept { return facts_; }

  std::shared_ptr<const Opened> opened() const {
    const ProcessLock lock;
    return opened_;
  }
  // replace puts `opened` in, and returns what was there: whoever drops it may not hold the lock.
  std::shared_ptr<const Opened> replace(std::shared_ptr<const Opened> opened) {
    const ProcessLock lock;
    opened_.swap(opened);
    return opened;
  }

 private:
  std::string absolute_;
  bool is_directory_;
  Facts facts_;
  std::shared_ptr<const Opened> opened_;
};

// Territory is all mounts of one interpreter. Any thread may use it.
//
// Paths are bytes in the file system's encoding, as they are spelled. Which of them lead to a mount
// is a matter of text: a path that has the mount's path in front, as the registry knows it, or as
// one of the places where it was when it was first used (symbolic links on the way, or none), is
// ours, whatever stands there now. Only where the text has ".." in front of the mount, or another
// spelling of the way there, is the file system asked.
class Territory {
 public:
  Territory() = default;
  Territory(const Territory&) = delete;
  Territory& operator=(const Territory&) = delete;

  // add notes that `opened` is in use at `absolute`, which is known by `places` as well.
  void add(const std::string& absolute, const std::vector<std::string>& places, bool is_directory,
           Mount::Opened opened);

  // Found is where a path leads: `rest` are the components below the mount as they were spelled,
  // ".." and a trailing "/" included.
  struct Found {
    std::shared_ptr<Mount> mount;
    std::string rest;
  };

  // is_elsewhere tells, in a few nanoseconds, that `path` leads to no mount, unless by a symbolic
  // link of another name; false: ask `find`.
  //
  // A path that leads there has the last component of one of the mount's places in its text. Below
  // signed directories the current directory may lie, too.
  bool is_elsewhere(std::string_view path) const noexcept;

  // find returns the mount that `path` leads to or below, the innermost of several. A relative path
  // starts at the current directory. May ask the file system.
  std::optional<Found> find(std::string_view path) const;

  // find_through_links does the same, and goes along every symbolic link on the way.
  std::optional<Found> find_through_links(std::string_view path) const;

  // Way is a path that leads to a mount, or to a directory on the way there, as it was when the
  // mount was first used: `link` is the text of the symbolic link that stood there; empty: none
  // did.
  //
  // Who resolves links by himself, as os.path.realpath does, has to stay on these ways: another
  // link may stand there now, and would lead him away from what is signed.
  struct Way {
    std::string path;
    std::string link;
  };

  // way_at returns the way that `path`, an absolute one without empty components, is; null: it is
  // none. It stays for the life of the territory. Quick.
  const Way* way_at(std::string_view path) const noexcept;

  // mounts returns all of them, in the order in which they came.
  std::vector<std::shared_ptr<Mount>> mounts() const;

  bool is_empty() const noexcept { return table_.load(std::memory_order_acquire) == nullptr; }

 private:
  // Needle is a text to look for, and where in it the byte is that is rarest in paths.
  struct Needle {
    std::string text;
    std::size_t rare = 0;
  };

  static bool has(std::string_view path, const Needle& needle) noexcept;
  static Needle needle_of(std::string_view text);

  // Table has what `is_elsewhere` looks at without a lock. Replaced tables stay: others may be
  // reading them, and there are few.
  struct Table {
    std::vector<Needle> names;  // last components of places, each once
    std::size_t shortest = SIZE_MAX;
    std::vector<const Way*> ways;
    std::uint64_t way_sizes = 0;  // bit n: some way's path has n bytes; bit 63: that many or more
    bool has_directories = false;
  };

  struct Place {
    std::string path;
    std::shared_ptr<Mount> mount;
  };

  std::optional<Found> find_by_text(std::string_view absolute) const;
  std::shared_ptr<Mount> mount_at(const std::string& absolute, bool is_directory) const;
  void publish(const std::vector<std::string>& places, std::vector<Way> ways, bool is_directory);

  std::vector<Place> places_;  // longest path first
  std::vector<std::shared_ptr<Mount>> mounts_;
  std::vector<std::unique_ptr<const Way>> ways_;
  std::vector<std::unique_ptr<const Table>> tables_;
  std::atomic<const Table*> table_ = nullptr;
};

}  // namespace signedvfs
