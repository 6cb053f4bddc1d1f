// What has been opened and refused so far, so that the same question gets the same answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "archive/status.h"
#include "importer/prefetch.h"
#include "vfs/signed_vfs.h"
#include "vfs/trust.h"

namespace signedvfs {

// OpenedArchive is an archive or directory that is in use.
struct OpenedArchive {
  std::shared_ptr<const SignedVfs> vfs;  // null: nothing is there, and nothing has to be
  bool is_directory = false;
  std::shared_ptr<Prefetch> prefetch;  // null: nothing is read ahead
};

// Refusal is what a child process has to know of an archive that this one refused.
struct Refusal {
  std::string absolute;
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
  // Registry goes by the serial floors of `scope`.
  explicit Registry(std::string scope = {}) : scope_(std::move(scope)) {}

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

  // may_be_missing has `ask` answer with nothing where nothing is at `absolute`.
  void may_be_missing(const std::string& absolute);

  // look_again has the next question about `absolute` look whether another file stands there now. A
  // file that is still the same is not opened again.
  void look_again(const std::string& absolute);

  // last_in_use returns what was opened at `absolute`, also where it is gone or was replaced by
  // what is refused; null where nothing was.
  std::shared_ptr<const SignedVfs> last_in_use(const std::string& absolute) const;

  // refusals returns what was refused for good; `refuse` makes another registry know it.
  std::vector<Refusal> refusals() const;
  void refuse(const Refusal& refusal);

  // knows_file tells whether `absolute` is, or was, the path of a file that was opened or refused.
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
  };

  struct Root {
    std::string absolute;
    std::string resolved;
  };

  static std::optional<Identity> identify(const std::string& absolute);
  static Status decide(const std::string& absolute, const Trust& trust, Decision& out);
  Status admit(const std::string& absolute, Decision& out) const;

  // These are called with the lock held.
  bool holds(const Decision& decision) const;
  Result<OpenedArchive> answer(const std::string& absolute, const Decision& decision) const;
  void add_root(const std::string& absolute, const std::string& resolved);

  std::string scope_;
  std::uint64_t policy_count_ = 0;
  std::uint64_t replaced_at_ = 0;  // `policy_count_` when the policy was last replaced
  std::uint64_t decision_count_ = 0;
  std::unordered_map<std::string, Decision> decisions_;
  std::unordered_map<std::string, std::string> spellings_;
  std::unordered_set<std::string> may_be_missing_;
  std::vector<Root> roots_;
};

}  // namespace signedvfs
