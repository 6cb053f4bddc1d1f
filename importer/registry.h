// What has been opened and refused so far, so that the same question gets the same answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "archive/status.h"
#include "importer/prefetch.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

// OpenedArchive is an archive or directory that is in use.
struct OpenedArchive {
  std::shared_ptr<const SignedVfs> vfs;  // null: there is no archive at that path
  bool is_directory = false;
  std::shared_ptr<Prefetch> prefetch;  // null: nothing is read ahead
};

// Registry holds an interpreter's decisions by absolute path:
// - an archive that was opened stays open, whatever happens to its path;
// - one that was refused stays refused, also when a good one takes its place;
// - where there was nothing, there is nothing;
// until the program changes its policy (then the refused are asked about again, and everything is
// where the policy was replaced and not just extended) or calls `look_again` (then all but the
// refused). Failures of the operating system decide nothing. May be used from any thread; knows
// nothing of Python, and holds no lock while files are opened.
class Registry {
 public:
  // standing returns the answer about `absolute` that was given before and still holds, or nothing
  // where `ask` has to find one.
  std::optional<Result<OpenedArchive>> standing(const std::string& absolute) const;

  // policy_count tells how often the policy has changed.
  std::uint64_t policy_count() const;

  // policy_changed is to be called after each change; `replaced` unless keys were only added.
  void policy_changed(bool replaced);

  // ask opens the archive or signed directory at `absolute` under `trust`, which was fetched when
  // `policy_count` was `count`, and keeps the answer. Opens files: call it without the GIL.
  Result<OpenedArchive> ask(const std::string& absolute, const Trust& trust, std::uint64_t count);

  // look_again has the next question about `absolute` look whether another file stands there now. A
  // file that is still the same is not opened again; a new one may not be older than the one that
  // is in use: a lower `@serial` is `kRollback`.
  void look_again(const std::string& absolute);

  // knows_file tells whether `absolute` is the path of a file that was opened or refused.
  bool knows_file(const std::string& absolute) const;

  // protect makes a path, and what lies below it, ours for good.
  void protect(const std::string& absolute);

  // root_of returns the protected path or opened directory that `absolute` is or lies below, in
  // whatever spelling, and what follows it. The longest one where there are several. May look at
  // the file system.
  struct Below {
    std::string root;
    std::string rest;
  };
  std::optional<Below> root_of(const std::string& absolute) const;

  // roots returns the absolute paths that are protected, in the order in which they came.
  std::vector<std::string> roots() const;

  // in_use returns the archives and directories that are open.
  std::vector<OpenedArchive> in_use() const;

  // remember_spelling notes what the relative path `spelled` meant when it was last asked for:
  // after a change of directory a package's submodules still come from the archive of the package.
  void remember_spelling(const std::string& spelled, const std::string& absolute);
  std::optional<std::string> meaning_of(const std::string& spelled) const;

 private:
  enum class Verdict : std::uint8_t { kNothing, kOpened, kRefused };

  // Identity tells files apart well enough to save work; it says nothing about content.
  struct Identity {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified = 0, changed = 0;
    bool is_directory = false;
    friend bool operator==(const Identity&, const Identity&) = default;
  };

  struct Decision {
    Verdict verdict = Verdict::kNothing;
    OpenedArchive opened;
    Status refusal;
    std::optional<Identity> identity;
    std::uint64_t policy_count = 0;  // when the policy was fetched
    std::uint64_t number = 0;        // which of all decisions this is
    bool look_again = false;
  };

  struct Root {
    std::string absolute;
    std::string resolved;
  };

  static std::optional<Identity> identify(const std::string& absolute);
  static Result<OpenedArchive> answer(const Decision& decision);
  static Status decide(const std::string& absolute, const Trust& trust, bool ours,
                       const SignedVfs* in_use, Decision& out);

  // These are called with the lock held.
  bool holds(const Decision& decision) const;
  void add_root(const std::string& absolute, const std::string& resolved);

  std::uint64_t policy_count_ = 0;
  std::uint64_t replaced_at_ = 0;  // `policy_count_` when the policy was last replaced
  std::uint64_t decision_count_ = 0;
  std::unordered_map<std::string, Decision> decisions_;
  std::unordered_map<std::string, std::string> spellings_;
  std::vector<Root> roots_;
};

}  // namespace signedvfs
