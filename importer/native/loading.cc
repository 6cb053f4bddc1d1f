#include "importer/native/loading.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "archive/os/dynamic_linker.h"
#include "importer/native/linker_environment.h"
#include "importer/native/linker_turn.h"
#include "importer/native/loaded_libraries.h"
#include "importer/native/plan.h"
#include "importer/native/sealed_gathering.h"
#include "importer/native/system_libraries.h"
#include "importer/python/audit.h"
#include "importer/python/object.h"

namespace signedvfs {
namespace {

// check_needs requires that an archive still has the libraries that its member was loaded with: the
// linker keeps those, and would run code of one release with a library of another. `checked` are
// the members that this has been asked for.
Status check_needs(const LibrarySource& source, const LoadedLibrary& known,
                   std::set<std::string>& checked) {
  if (!checked.insert(known.entry).second) return {};
  for (const MemberContent& needed : known.needs) {
    const Result<std::string> now = source.vfs->identity_of(needed.entry);
    if (!now.ok() && now.code() != Errc::kNotFound) return now.status();
    if (!now.ok() || *now != needed.identity) {
      return Status(Errc::kBadLibrary, in_quotes(known.entry) + " needs " +
                                           in_quotes(needed.entry) +
                                           ", of which another release was loaded before")
          .advising("Start the program again.");
    }
    const auto library = loaded_member(source.archive, needed.entry, needed.identity);
    if (library) SIGNEDVFS_TRY(check_needs(source, *library, checked));
  }
  return {};
}

// known_member returns the member where it has been loaded, with what it needs today.
Result<std::optional<LoadedLibrary>> known_member(const LibrarySource& source,
                                                  const std::string& entry,
                                                  const std::string& identity) {
  std::optional<LoadedLibrary> known = loaded_member(source.archive, entry, identity);
  std::set<std::string> checked;
  if (known) SIGNEDVFS_TRY(check_needs(source, *known, checked));
  return known;
}

// path_again returns a path that the linker takes for a library that is loaded. One that goes by
// names takes the old one, wherever that leads by now. Another one opens it, and in between is only
// CPython, about to hand it over: so it has to lead to the library's own memory.
Result<std::string> path_again(const LoadedLibrary& known) {
  if (known.memory == nullptr || known.memory->is_at(known.path)) return known.path;
  // Of a process that has been forked, the path is the parent's.
  if (known.memory->is_open()) return path_for_linker(known.memory->get());
  return Status(Errc::kBadLibrary, in_quotes(known.entry) +
                                       " cannot be loaded once more: the program has closed the "
                                       "descriptor of its memory, and this C library would open it")
      .advising(
          "Import it before descriptors are closed, in processes of its own, or close none "
          "that the program has not opened.");
}

// Loading loads what was planned, one group after the other. Belongs to the thread that has the
// turn.
class Loading {
 public:
  // Loading is for `entry`, with the flags of dlopen(3).
  Loading(const LibrarySource& source, const std::vector<PlannedGroup>& plan,
          const std::string& entry, int flags) noexcept
      : source_(source), plan_(plan), entry_(entry), flags_(flags) {}

  Status load(PlannedGroup& group) {
    SIGNEDVFS_ASSIGN(Members members, choose(group));
    SIGNEDVFS_TRY(check(members));
    for (const PlannedLibrary* const library : members) {
      SIGNEDVFS_TRY(audit_load(source_.archive, library->entry));
    }
    if (members.size() > 1) {
      // Whoever was told may have had others loaded, of which these are to know.
      SIGNEDVFS_ASSIGN(members, choose(group));
      SIGNEDVFS_TRY(check(members));
    }
    if (members.empty()) return {};
    return load(members);
  }

 private:
  using Members = std::vector<PlannedLibrary*>;

  // choose returns those of a group that are still to be loaded.
  Result<Members> choose(PlannedGroup& group) const {
    Members out;
    for (PlannedLibrary& library : group) {
      SIGNEDVFS_ASSIGN(const bool is_to_load, is_to_load(library));
      if (is_to_load) out.push_back(&library);
    }
    return out;
  }

  // is_to_load tells whether `library` has to be loaded for those that need it, or for itself.
  // Where a library of that name is in the process already, the linker takes that one.
  Result<bool> is_to_load(const PlannedLibrary& library) const {
    if (library.entry != entry_) {
      SIGNEDVFS_ASSIGN(const bool is_there, is_there_for_others(library));
      if (is_there) return false;
    }
    SIGNEDVFS_ASSIGN(const auto known, known_member(source_, library.entry, library.identity));
    if (known) return false;
    if (!library.sealed) {
      return Status(Errc::kBadLibrary,
                    in_quotes(library.entry) + " was planned as loaded, and is not");
    }
    return true;
  }

  Result<bool> is_there_for_others(const PlannedLibrary& library) const {
    for (const PlannedGroup& group : plan_) {
      for (const PlannedLibrary& other : group) {
        for (const NeededMember& needed : other.needs) {
          if (needed.entry != library.entry) continue;
          LibraryHandle const found = loaded_library(needed.name);
          if (found == nullptr) continue;
          SIGNEDVFS_TRY(check_owner(other, needed, library.identity, found));
          return true;
        }
      }
    }
    return false;
  }

  // check requires that what `members` need is loaded, and that the linker takes that for it; but
  // for one another, where it finds nothing of that name yet.
  Status check(const Members& members) const {
    for (const PlannedLibrary* const library : members) {
      for (const std::string& name : library->systems) {
        SIGNEDVFS_TRY(ensure_system_library(name).in(in_quotes(library->entry)));
      }
      for (const NeededMember& needed : library->needs) {
        if (is_among(members, needed) && loaded_library(needed.name) == nullptr) continue;
        SIGNEDVFS_ASSIGN(const std::string identity, source_.vfs->identity_of(needed.entry));
        SIGNEDVFS_TRY(check(*library, needed, identity));
      }
    }
    return {};
  }

  static bool is_among(const Members& members, const NeededMember& needed) {
    return std::any_of(members.begin(), members.end(),
                       [&](const PlannedLibrary* one) { return one->entry == needed.entry; });
  }

  // load loads what has been checked: one library, or several that need each other.
  Status load(const Members& members) {
    const bool has_entry = std::any_of(members.begin(), members.end(),
                                       [&](const auto* one) { return one->entry == entry_; });
    const int flags = has_entry ? flags_ : kBindNowLocally;
    std::optional<SealedGathering> gathering;
    if (members.size() > 1) {
      for (const PlannedLibrary* const library : members) SIGNEDVFS_TRY(check_intact(*library));
      SIGNEDVFS_ASSIGN(gathering, SealedGathering::of(source_, members));
      const Result<LibraryHandle> loaded = load_library(gathering->path(), flags);
      if (!loaded.ok()) return refused(members, loaded.status());
      if (library_name(*loaded) != gathering->path()) return taken_for(*members.front(), *loaded);
    }
    std::vector<LoadedLibrary> loaded;
    for (const PlannedLibrary* const library : members) {
      SIGNEDVFS_ASSIGN(LoadedLibrary one, load(members, *library, flags));
      loaded.push_back(std::move(one));
    }
    for (const PlannedLibrary* const library : members) {
      SIGNEDVFS_TRY(check_taken(*library, loaded));
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
      std::unique_ptr<SealedLibrary> sealed = std::move(members[i]->sealed);
      if (!kLinkerGoesByNames) {
        loaded[i].memory = std::make_shared<const LastingDescriptor>(std::move(*sealed).release());
      } else if (keeps_libraries_open()) {
        sealed->leave_open();
      }
      note_loaded(std::move(loaded[i]));
    }
    if (gathering && keeps_libraries_open()) gathering->leave_open();
    return {};
  }

  // check_intact requires that the linker gets what was verified. Until now Python code may have
  // run: audit hooks, the constructors of other libraries, other threads.
  static Status check_intact(const PlannedLibrary& library) {
    if (library.sealed->is_intact()) return {};
    return Status(Errc::kBadLibrary, in_quotes(library.entry) +
                                         " cannot be loaded: the program has closed the descriptor "
                                         "of its memory meanwhile")
        .advising("Import it before, or after, all descriptors are closed.");
  }

  // load returns `library` with its handle, which it has already where `members` are several.
  Result<LoadedLibrary> load(const Members& members, const PlannedLibrary& library,
                             int flags) const {
    const std::string& path = library.sealed->path();
    SIGNEDVFS_TRY(check_intact(library));
    const Result<LibraryHandle> handle = load_library(path, flags);
    if (!handle.ok()) return refused(members, handle.status());
    if (library_name(*handle) != path) return taken_for(library, *handle);
    LoadedLibrary out{
        source_.archive, library.entry, library.identity, path, *handle, source_.vfs, {}, {}};
    for (const NeededMember& needed : library.needs) {
      SIGNEDVFS_ASSIGN(std::string identity, source_.vfs->identity_of(needed.entry));
      out.needs.push_back({needed.entry, std::move(identity)});
    }
    return out;
  }

  // check_taken requires of libraries that were `loaded` at the same time that the linker has taken
  // them for what they need of each other. Their names were nobody's before; somebody else may have
  // loaded a library meanwhile, in a thread that Python knows nothing of.
  Status check_taken(const PlannedLibrary& library,
                     const std::vector<LoadedLibrary>& loaded) const {
    for (const NeededMember& needed : library.needs) {
      const auto one = std::find_if(loaded.begin(), loaded.end(),
                                    [&](const auto& two) { return two.entry == needed.entry; });
      if (one == loaded.end()) continue;
      LibraryHandle const found = loaded_library(needed.name);
      if (found == one->handle) continue;
      if (found == nullptr) return not_found(library, needed);
      SIGNEDVFS_TRY(check_owner(library, needed, one->identity, found));
    }
    return {};
  }

  static Status taken_for(const PlannedLibrary& library, LibraryHandle other) {
    return {Errc::kBadLibrary, in_quotes(library.entry) +
                                   " was taken by the linker for another library, " +
                                   in_quotes(library_name(other))};
  }

  // check_owner tells whether what the linker takes for `needed` may be taken for it: the same
  // content, of whatever archive, or the system's own library where every system has one. (Python
  // itself has loaded those, as it would for a package that is installed.)
  Status check_owner(const PlannedLibrary& library, const NeededMember& needed,
                     const std::string& identity, LibraryHandle found) const {
    const auto owner = library_of_handle(found);
    if (owner && owner->identity == identity) return {};
    if (owner) {
      SIGNEDVFS_ASSIGN(const bool same, without_gil([&] { return has_content(needed, *owner); }));
      if (same) return {};
    }
    if (!owner && is_system_library(needed.name)) return {};
    const std::string whose = owner ? in_quotes(owner->entry) + " of " + in_quotes(owner->archive)
                                    : in_quotes(library_name(found));
    return Status(Errc::kBadLibrary, in_quotes(library.entry) + " needs " +
                                         in_quotes(needed.entry) + " by the name " +
                                         in_quotes(needed.name) + ", and the linker would take " +
                                         whose + ", which was loaded before")
        .advising(
            "Import them in processes of their own, or give the libraries different names "
            "(`auditwheel repair` does).");
  }

  // has_content tells whether a member is the same as one of another archive that was packed in
  // another way. Not for the GIL: it reads.
  Result<bool> has_content(const NeededMember& needed, const LoadedLibrary& loaded) const {
    const auto vfs = loaded.vfs.lock();
    if (vfs == nullptr) return false;
    SIGNEDVFS_ASSIGN(const VerifiedBytes theirs, vfs->read(loaded.entry));
    SIGNEDVFS_ASSIGN(const VerifiedBytes ours, source_.vfs->read(needed.entry));
    return std::ranges::equal(theirs.bytes(), ours.bytes());
  }

  // check requires that the linker takes the member for the name that `library` needs.
  Status check(const PlannedLibrary& library, const NeededMember& needed,
               const std::string& identity) const {
    LibraryHandle found = loaded_library(needed.name);
    if (found == nullptr || !is_known_as(found, needed.name)) {
      const auto ours = loaded_member(source_.archive, needed.entry, identity);
      // The linker knows it by the path that it was loaded from; it has no name of its own.
      if (ours) give_library_name(ours->handle, needed.name);
      found = loaded_library(needed.name);
    }
    if (found != nullptr) return check_owner(library, needed, identity, found);
    return not_found(library, needed);
  }

  static Status not_found(const PlannedLibrary& library, const NeededMember& needed) {
    return {Errc::kBadLibrary, in_quotes(library.entry) + " needs " + in_quotes(needed.name) +
                                   ", and the linker does not find it in " +
                                   in_quotes(needed.entry) + ", whose name is another"};
  }

  // refused puts members in the places of their paths in what the linker says.
  static Status refused(const Members& members, const Status& failure) {
    std::string what = failure.what();
    for (const PlannedLibrary* const library : members) {
      const std::string& path = library->sealed->path();
      for (std::size_t at = what.find(path); at != std::string::npos; at = what.find(path, at)) {
        what.replace(at, path.size(), library->entry);
        at += library->entry.size();
      }
    }
    return {Errc::kBadLibrary, what};
  }

  const LibrarySource& source_;
  const std::vector<PlannedGroup>& plan_;
  const std::string& entry_;
  const int flags_;
};

}  // namespace

Result<std::string> load_member(const LibrarySource& source, const std::string& entry, int flags) {
  SIGNEDVFS_ASSIGN(const std::string identity, source.vfs->identity_of(entry));
  SIGNEDVFS_TRY(check_environment(source.rules));
  SIGNEDVFS_ASSIGN(const auto known, known_member(source, entry, identity));
  if (known) return path_again(*known);
  SIGNEDVFS_ASSIGN(std::vector<PlannedGroup> plan,
                   without_gil([&] { return plan_libraries(source, entry); }));
  for (const PlannedGroup& group : plan) {
    for (const PlannedLibrary& library : group) {
      if (library.sealed) SIGNEDVFS_TRY(audit_verify(source.vfs->path(), library.entry));
    }
  }
  const LinkerTurn turn;
  Loading loading(source, plan, entry, flags);
  for (PlannedGroup& group : plan) SIGNEDVFS_TRY(loading.load(group));
  const auto loaded = loaded_member(source.archive, entry, identity);
  if (!loaded) return Status(Errc::kBadLibrary, in_quotes(entry) + " was not loaded");
  return path_again(*loaded);
}

}  // namespace signedvfs
