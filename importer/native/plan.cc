#include "importer/native/plan.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "archive/elf/shared_object.h"
#include "archive/os/dynamic_linker.h"
#include "archive/os/merged_libraries.h"
#include "importer/native/libraries_ahead.h"
#include "importer/native/linker_environment.h"
#include "importer/native/loaded_libraries.h"
#include "importer/native/names.h"
#include "importer/native/notes.h"
#include "importer/native/order.h"
#include "importer/native/program_directories.h"
#include "importer/native/search_path.h"
#include "importer/native/system_libraries.h"

namespace signedvfs {
namespace {

Status bad_library(const std::string& entry, const std::string& what) {
  return {Errc::kBadLibrary, in_quotes(entry) + ' ' + what};
}

const char* shown(SourceKind kind) {
  switch (kind) {
    case SourceKind::kArchive:
      return "the archive";
    case SourceKind::kDirectory:
      return "the signed directory";
    case SourceKind::kOwnLibrary:
      break;
  }
  return "the signed library";
}

const char* advice_on_search_path(SourceKind kind) {
  switch (kind) {
    case SourceKind::kArchive:
      return "Remove the entry (`patchelf --remove-rpath`, or `auditwheel repair`) and pack again.";
    case SourceKind::kDirectory:
      return "Remove the entry (`patchelf --remove-rpath`) and sign the directory again.";
    case SourceKind::kOwnLibrary:
      break;
  }
  return "Remove the entry (`patchelf --remove-rpath`) and sign the library again (`signedvfs sign "
         "--stdlib`).";
}

const char* advice_on_library(SourceKind kind) {
  switch (kind) {
    case SourceKind::kArchive:
      return "Pack a wheel that brings its libraries (`auditwheel repair`), or, where it is to "
             "come from the system, allow it by name (TrustPolicy(libraries=...), `run "
             "--library`).";
    case SourceKind::kDirectory:
      return "Install a wheel that brings its libraries (`auditwheel repair`) and sign the "
             "directory again, or, where it is to come from the system, allow it by name "
             "(TrustPolicy(libraries=...), `run --library`).";
    case SourceKind::kOwnLibrary:
      break;
  }
  return "Have it need the library by its name alone (`patchelf --replace-needed`) and sign the "
         "library again (`signedvfs sign --stdlib`).";
}

class Planner {
 public:
  explicit Planner(const LibrarySource& source) : source_(source) {}

  Result<std::vector<PlannedGroup>> plan(const std::string& entry) && {
    SIGNEDVFS_ASSIGN(notes_, read_notes(*source_.vfs));
    const Result<std::size_t> added = add(entry, {});
    if (!added.ok()) return added.status();
    std::vector<PlannedGroup> plan;
    for (const std::vector<std::size_t>& numbers : groups_in_order(wants_)) {
      PlannedGroup& group = plan.emplace_back();
      for (const std::size_t number : numbers) group.push_back(std::move(libraries_[number]));
      SIGNEDVFS_TRY(check_names(group));
    }
    return plan;
  }

 private:
  // add has `entry` and what it needs planned, and returns its number. `around` are the directories
  // that the objects on the way to it have their libraries in: the linker looks there, too.
  Result<std::size_t> add(const std::string& entry, const std::vector<std::string>& around) {
    const auto [known, is_new] = numbers_.try_emplace(entry, libraries_.size());
    const std::size_t number = known->second;
    if (!is_new) return number;
    libraries_.emplace_back().entry = entry;
    wants_.emplace_back();
    SIGNEDVFS_ASSIGN(std::string identity, source_.vfs->identity_of(entry));
    libraries_[number].identity = std::move(identity);
    if (loaded_member(source_.archive, entry, libraries_[number].identity)) return number;
    SIGNEDVFS_TRY(seal(number));
    SIGNEDVFS_TRY(add_noted(number));
    SIGNEDVFS_TRY(add_needed(number, around));
    return number;
  }

  // seal reads the member and has it ready for the linker, once it asks for nothing improper.
  Status seal(std::size_t number) {
    PlannedLibrary& library = libraries_[number];
    const std::string& entry = library.entry;
    if (source_.ahead != nullptr) library.sealed = source_.ahead->take_library(entry);
    if (library.sealed == nullptr || !library.sealed->is_intact()) {
      SIGNEDVFS_ASSIGN(SealedLibrary sealed, SealedLibrary::read(source_, entry));
      library.sealed = std::make_unique<SealedLibrary>(std::move(sealed));
    }
    const SharedObject& object = library.sealed->object();
    if (!object.hooks.empty()) {
      return bad_library(entry, "has " + object.hooks.front() +
                                    ", by which a library of that name would see or replace what "
                                    "it calls");
    }
    const std::vector<std::string> foreign =
        foreign_search_paths(object, entry, {source_.archive, program_directories().directories});
    if (!foreign.empty()) {
      return Status(Errc::kBadLibrary, in_quotes(entry) + " has the linker search " +
                                           in_quotes(foreign.front()) +
                                           " (DT_RPATH), which is not in " + shown(source_.kind))
          .advising(advice_on_search_path(source_.kind));
    }
    return check_origin(object, entry, library.sealed->path());
  }

  // check_origin looks where $ORIGIN is once the object is loaded: not in the archive.
  static Status check_origin(const SharedObject& object, const std::string& entry,
                             const std::string& path) {
    const std::string_view origin = std::string_view(path).substr(0, path.rfind('/'));
    for (const std::string& place : places_at_origin(object, origin)) {
      if (!may_hold_libraries(place)) continue;
      return bad_library(entry,
                         "has the linker search directories beside itself, one of which "
                         "would be a place of this process that is not in the archive, " +
                             in_quotes(place));
    }
    return {};
  }

  Status add_noted(std::size_t number) {
    const auto found = notes_.find(libraries_[number].entry);
    if (found == notes_.end()) return {};
    for (const std::string& library : found->second) {
      SIGNEDVFS_ASSIGN(const bool is_there, source_.vfs->contains(library));
      if (!is_there) {
        return {Errc::kBadLibrary, in_quotes(kNativeNotesName) + " names " + in_quotes(library) +
                                       ", which is no member"};
      }
      if (!kLinkerGoesByNames) return not_by_name(found->first, "asks for", library);
      SIGNEDVFS_ASSIGN(const std::size_t wished, add(library, {}));
      wants_[number].wishes.push_back(wished);
    }
    return {};
  }

  Status add_needed(std::size_t number, const std::vector<std::string>& around) {
    // `add` moves what has been planned so far.
    const std::string entry = libraries_[number].entry;
    const SharedObject object = libraries_[number].sealed->object();
    std::vector<std::string> directories = bundled_directories(object, entry);
    directories.insert(directories.end(), around.begin(), around.end());
    for (const std::string& name : object.needed) {
      if (is_linker_itself(name)) continue;
      if (name.starts_with("libpython")) {
        SIGNEDVFS_TRY(check_interpreter(entry, name));
        libraries_[number].systems.push_back(name);
        continue;
      }
      SIGNEDVFS_ASSIGN(std::optional<std::string> member,
                       find_bundled(source_.vfs->listing(), entry, directories, name));
      if (member && !kLinkerGoesByNames) return not_by_name(entry, "needs", *member);
      if (member) {
        libraries_[number].needs.push_back({name, *std::move(member)});
      } else if (is_of_system(name)) {
        libraries_[number].systems.push_back(name);
      } else {
        return unknown(entry, name);
      }
    }
    const std::vector<NeededMember> needs = libraries_[number].needs;
    expect_all_but_first(needs);
    for (const NeededMember& needed : needs) {
      SIGNEDVFS_ASSIGN(const std::size_t added, add(needed.entry, directories));
      wants_[number].needs.push_back(added);
    }
    return {};
  }

  bool is_of_system(const std::string& name) const {
    if (is_system_library(name) || source_.rules.libraries.contains(name)) return true;
    // A path would lead to wherever it says, and "$ORIGIN" to memory.
    return source_.kind == SourceKind::kOwnLibrary && name.find_first_of("/$") == std::string::npos;
  }

  // expect_all_but_first has the other core begin with what is read here in a moment.
  void expect_all_but_first(const std::vector<NeededMember>& needs) const {
    if (source_.ahead == nullptr) return;
    std::vector<std::string> others;
    for (std::size_t i = 1; i < needs.size(); ++i) {
      if (!numbers_.contains(needs[i].entry)) others.push_back(needs[i].entry);
    }
    if (!others.empty()) source_.ahead->expect_libraries(std::move(others));
  }

  // check_names requires that the linker knows, of libraries that are loaded at the same time,
  // which one is meant by a name: by what they have in them, as it reads nothing else before.
  static Status check_names(const PlannedGroup& group) {
    for (const PlannedLibrary& library : group) {
      for (const NeededMember& needed : library.needs) {
        const auto is_meant = [&](const PlannedLibrary& one) { return one.entry == needed.entry; };
        if (std::none_of(group.begin(), group.end(), is_meant)) continue;
        for (const PlannedLibrary& one : group) {
          const bool has_name = one.sealed->object().soname == needed.name;
          if (has_name != is_meant(one)) return unclear(library, needed, one);
        }
      }
    }
    return {};
  }

  static Status unclear(const PlannedLibrary& library, const NeededMember& needed,
                        const PlannedLibrary& one) {
    const std::string need = in_quotes(library.entry) + " and " + in_quotes(needed.entry) +
                             " need each other, by the name " + in_quotes(needed.name) + ", which ";
    return Status(Errc::kBadLibrary,
                  need + (one.entry == needed.entry ? "the library does not have in it (DT_SONAME)"
                                                    : in_quotes(one.entry) + " has, too"))
        .advising("Give each of them the name that it is needed by (`patchelf --set-soname`).");
  }

  // check_interpreter requires that the interpreter `name` is the one that runs, wherever another
  // one may be found.
  static Status check_interpreter(const std::string& entry, const std::string& name) {
    if (loaded_library(name) != nullptr) return {};
    return bad_library(entry, "needs " + in_quotes(name) +
                                  ", another copy of the interpreter than the one that runs");
  }

  // not_by_name refuses what the linker would search directories for, though it is in the archive.
  Status not_by_name(const std::string& entry, const char* wants, const std::string& member) const {
    return Status(Errc::kBadLibrary,
                  in_quotes(entry) + " " + wants + " the library " + in_quotes(member) + " of " +
                      shown(source_.kind) +
                      " by its name, and the dynamic linker of this C library (musl) takes nothing "
                      "for a name but what it finds in a directory, where nobody has verified it")
        .advising(
            "Link that library into the module (as a static one), install the package beside the "
            "archive, or run the program where the C library is glibc.");
  }

  Status unknown(const std::string& entry, const std::string& name) const {
    return Status(Errc::kBadLibrary, in_quotes(entry) + " needs the library " + in_quotes(name) +
                                         ", which is neither in " + shown(source_.kind) +
                                         " nor one that every system has")
        .advising(advice_on_library(source_.kind));
  }

  const LibrarySource& source_;
  NativeNotes notes_;
  std::map<std::string, std::size_t> numbers_;  // by entry
  std::vector<PlannedLibrary> libraries_;
  std::vector<Wants> wants_;  // of each of these
};

}  // namespace

Result<std::vector<PlannedGroup>> plan_libraries(const LibrarySource& source,
                                                 const std::string& entry) {
  return Planner(source).plan(entry);
}

}  // namespace signedvfs
