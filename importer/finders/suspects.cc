#include "importer/finders/suspects.h"

#include <algorithm>
#include <utility>

#include "archive/opening.h"
#include "archive/os/file_status.h"
#include "importer/modules/lookup.h"
#include "importer/paths/archive_names.h"
#include "importer/paths/text.h"
#include "importer/python/process_lock.h"

namespace signedvfs {
namespace {

// What reading the names of an archive that nobody has vouched for may cost.
Limits cost_of_names() {
  Limits limits;
  limits.directory_bytes = std::uint64_t{4} << 20;
  limits.members = 50'000;
  return limits;
}

bool exists(const std::string& path) { return !status_of_link(path).is_missing(); }

bool is_directory(const std::string& path) { return status_of(path).is_directory(); }

bool lies_in(const std::string& directory, const std::string& stem,
             const std::vector<std::string>& suffixes) {
  const std::string path = directory + '/' + stem;
  if (exists(path)) return true;
  for (const std::string& suffix : suffixes) {
    if (exists(path + suffix)) return true;
  }
  return false;
}

bool lists(const SignedVfs& known, const std::string& stem,
           const std::vector<std::string>& suffixes) {
  const auto found = find_module(known.listing(), stem, SearchOrder(), suffixes);
  return !found.ok() || !found->empty();
}

bool names_one_of(const std::unordered_set<std::string>& names, const std::string& first,
                  const std::vector<std::string>& suffixes) {
  return names.contains(first) ||
         std::any_of(suffixes.begin(), suffixes.end(),
                     [&](const std::string& suffix) { return names.contains(first + suffix); });
}

std::string without_suffix(const std::string& name, const std::vector<std::string>& suffixes) {
  for (const std::string& suffix : suffixes) {
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  }
  return name;
}

}  // namespace

Meaning Suspects::meaning_of(const Suspect& suspect, const std::string& stem,
                             const std::vector<std::string>& suffixes) {
  if (suspect.known != nullptr && lists(*suspect.known, stem, suffixes)) return Meaning::kYes;
  const std::string first = stem.substr(0, stem.find('/'));
  if (names_one_of(suspect.parents_names, first, suffixes)) return Meaning::kYes;
  const std::string_view last = last_component(suspect.absolute);
  const bool is_place_of_archive = named_like_archive(last);
  if (is_place_of_archive && first == product_of(last)) return Meaning::kYes;
  if (is_directory(suspect.absolute)) {
    if (lies_in(suspect.absolute, stem, suffixes)) return Meaning::kYes;
    return is_place_of_archive ? Meaning::kUnknown : Meaning::kNo;
  }
  const std::shared_ptr<const Names> names = names_of(suspect.absolute, suffixes);
  if (names->stems.contains(stem)) return Meaning::kYes;
  return names->is_complete ? Meaning::kNo : Meaning::kUnknown;
}

Suspects::Names Suspects::read_names(const std::string& absolute,
                                     const std::vector<std::string>& suffixes) {
  Names out;
  const auto stated = names_in(absolute, cost_of_names());
  if (!stated.ok()) return out;
  out.is_archive = stated->is_archive;
  if (!stated->names) return out;
  for (const std::string& name : *stated->names) {
    out.stems.insert(without_suffix(name, suffixes));
    for (std::size_t slash = name.rfind('/'); slash != std::string::npos && slash > 0;
         slash = name.rfind('/', slash - 1)) {
      if (!out.stems.insert(name.substr(0, slash)).second) break;
    }
  }
  out.is_complete = true;
  return out;
}

std::shared_ptr<const Suspects::Names> Suspects::names_of(
    const std::string& absolute, const std::vector<std::string>& suffixes) {
  {
    const ProcessLock lock;
    if (const auto found = known_.find(absolute); found != known_.end()) return found->second;
  }
  auto names = std::make_shared<const Names>(read_names(absolute, suffixes));
  // What is not an archive, or is not there, may be one when it is next looked at.
  if (!names->is_archive) return names;
  const ProcessLock lock;
  return known_.emplace(absolute, std::move(names)).first->second;
}

}  // namespace signedvfs
