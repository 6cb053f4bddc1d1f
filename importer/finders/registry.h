// What has been opened and refused so far, so that the same question gets the same answer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "archive/base/status.h"
#include "importer/ahead/prefetch.h"
#include "importer/files/territory.h"
#include "importer/paths/walk.h"
#include "vfs/signed_vfs.h"
#include "vfs/trust.h"

namespace signedvfs {

// OpenedArchive is an archive or directory that is in use.
struct OpenedArchive {
  std::shared_ptr<const SignedVfs> vfs;  // null: nothing is there, and nothing has to be
  bool is_directory = false;
  std::shared_ptr<Prefetch> prefetch;  // null: nothing is read ahead
  bool is_own_library = false;         // a root of the interpreter's own (SourceKind)
};

// Root is a path that is ours with everything below it, and the places where it was when it was
// first seen, by way of symbolic links or not.
struct Root {
  std::string absolute;
  std::vector<std::string> places;
  std::vector<std::string> apart = {};  // paths below it that are none of its
};

// Refusal is what a child process has to know of an archive that this one refused.
struct Refusal {
  std::string place;
  Status reason;
};

// Registry holds an importer's decisions by absolute path. What was decided stays decided:
// - an archive that was opened stays open, whatever happens to its path;
// - one that was refused for what it is stays refused, also when a good one takes its place;
// - one that was refused for what the policy says is asked about again when the policy is replaced,
//   and for want of a trusted signature also when a key is added;
// - where nothing was, nothing is, until somebody calls `look_again`.
// `look_again` and another policy have what is in use looked at anew, and no release older than the
// highest that the process has seen takes its place (see SerialFloors). Failures of the operating
// system decide nothing. May be used from any thread; knows nothing of Python, and holds no lock
// while files are opened.
class Registry {
 public:
  // Registry goes by the serial floors of `scope`, and tells `territory`, which may be null, what
  // it opens.
  explicit Registry(std::string scope = {}, std::shared_ptr<Territory> territory = nullptr)
      : scope_(std::move(scope)), territory_(std::move(territory)) {}

  const std::string& scope() const& noexcept { return scope_; }

  // standing returns the answer about `absolute` that was given before and still holds, or nothing
  // where `ask` has to find one.
  std::optional<Result<OpenedArchive>> standing(const std::string& absolute) const;

  // policy_count tells how often the policy has changed.
  std::uint64_t policy_count() const;

  // policy_changed is to be called after each change; `replaced` unless keys were only added.
  void policy_changed(bool replaced);

  // ask opens the archive or signed directory at `absolute` under `trust`, which was fetched when
  // `policy_count` was `count`, and keeps the answer. Fails where nothing is there with
  // `kNotFound`. Opens files: call it without the GIL.
  Result<OpenedArchive> ask(const std::string& absolute, const Trust& trust, std::uint64_t count);

  // adopt answers with `vfs` for the directory `absolute` and what lies below it, but for what is
  // `apart`, from now on and for good: whoever calls it has opened it, by a manifest that stands
  // elsewhere, and believes it; `is_own_library`: as a root of the interpreter's own library.
  void adopt(const std::string& absolute, std::vector<std::string> apart,
             const std::shared_ptr<const SignedVfs>& vfs, const Trust& trust, bool is_own_library);

  // adopt_archive does so for the archive `absolute`, whatever stands there by now, and has the
  // files of the process opened there, too. Fails where the process has seen a later release.
  Status adopt_archive(const std::string& absolute, const std::shared_ptr<const SignedVfs>& vfs,
                       const Trust& trust);

  // occupy tells the territory of what was adopted: from now on the files of the process are opened
  // there, too. Who only makes an importer, to ask it something, changes nothing for others. What
  // is adopted with something apart is left out: the files in there belong to others.
  void occupy();

  // may_be_missing has `ask` answer with nothing where nothing is at `absolute`.
  void may_be_missing(const std::string& absolute);

  // look_again has the next question about `absolute` look whether another file stands there now. A
  // file that is still the same is not opened again.
  void look_again(const std::string& absolute);

  // last_in_use returns what was opened at `absolute`, also where it is gone or was replaced by
  // what is refused; null where nothing was.
  std::shared_ptr<const SignedVfs> last_in_use(const std::string& absolute) const;

  // known_names returns the names of the modules and packages at the top of what was in use at
  // `absolute` in this process's parent.
  std::unordered_set<std::string> known_names(const std::string& absolute) const;

  // refusals returns what was refused for what it is; `refuse` makes another registry know it.
  std::vector<Refusal> refusals() const;
  void refuse(const Refusal& refusal);

  // archive_places returns the places of files that were opened or refused, or once were.
  std::vector<std::string> archive_places() const;
  void add_archive_place(const std::string& place);

  // used_names returns the names at the top of each archive that was in use, by absolute path.
  std::map<std::string, std::vector<std::string>> used_names() const;
  void add_used_names(const std::string& absolute, const std::vector<std::string>& names);

  // knows_file tells whether a file was opened or refused at `place`, now or before.
  bool knows_file(const std::string& place) const;

  // protect makes a path, and what lies below it, ours for good; `places`: where it is known to be.
  void protect(const std::string& absolute);
  void protect(const Root& root);

  // root_over returns the protected path or opened directory that a walk has come by, and what
  // follows it. The innermost one where there are several.
  struct Below {
    std::string root;
    std::string rest;
  };
  std::optional<Below> root_over(const PathWalk& walk) const;

  // roots returns what is protected, and the directories in use, in the order in which they came.
  std::vector<Root> roots() const;

  // in_use returns the archives and directories that are open.
  std::vector<OpenedArchive> in_use() const;

  // remember_spelling notes what the relative path `spelled` meant when it was first asked for: it
  // means the same after a change of directory, and in children.
  void remember_spelling(const std::string& spelled, const std::string& absolute);
  std::optional<std::string> meaning_of(const std::string& spelled) const;
  std::vector<std::pair<std::string, std::string>> spellings() const;

 private:
  enum class Verdict : std::uint8_t { kAbsent, kOpened, kRefused };

  // Identity tells files apart well enough to save work; it says nothing about content.
  struct Identity {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified = 0, changed = 0;
    bool is_directory = false;
    friend bool operator==(const Identity&, const Identity&) = default;
  };

  struct Decision {
    Verdict verdict = Verdict::kAbsent;
    OpenedArchive opened;
    Status refusal;  // or what to say of what is absent
    std::shared_ptr<const SignedVfs> last_in_use;
    std::optional<Identity> identity;
    std::uint64_t policy_count = 0;  // when the policy was fetched
    std::uint64_t number = 0;        // which of all decisions this is
    bool look_again = false;
    bool is_adopted = false;
  };

  struct Adopted {
    std::string absolute;
    Mount::Opened in_use;
  };

  static std::optional<Identity> identify(const std::string& absolute);
  static Status decide(const std::string& absolute, const Trust& trust, Decision& out);
  Status admit(const std::vector<std::string>& places, Decision& out) const;

  Result<OpenedArchive> find(const std::string& absolute, const std::vector<std::string>& places,
                             const Trust& trust, std::uint64_t count);

  // These are called with the lock held.
  bool holds(const Decision& decision) const;
  Result<OpenedArchive> answer(const std::string& absolute, const Decision& decision) const;
  void add_root(const Root& root);
  void note(const std::string& absolute, const std::vector<std::string>& places,
            const Decision& decision);
  const Status* refusal_at(const std::vector<std::string>& places) const;

  std::string scope_;
  std::shared_ptr<Territory> territory_;
  std::vector<Adopted> adopted_;  // as wholes
  std::uint64_t policy_count_ = 0;
  std::uint64_t replaced_at_ = 0;  // `policy_count_` when the policy was last replaced
  std::uint64_t decision_count_ = 0;
  std::unordered_map<std::string, Decision> decisions_;
  std::unordered_map<std::string, std::string> spellings_;
  std::unordered_set<std::string> may_be_missing_;
  std::unordered_set<std::string> archive_places_;
  std::unordered_map<std::string, Status> refused_places_;
  std::unordered_map<std::string, std::unordered_set<std::string>> names_of_parent_;
  std::vector<Root> roots_;
};

}  // namespace signedvfs
