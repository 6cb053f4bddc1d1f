#include "importer/native/library_names.h"

#include <memory>
#include <utility>

#include "importer/native/names.h"

namespace signedvfs {
namespace {

template <class Test>
std::optional<std::string> only(const std::vector<std::string>& paths, const Test& test) {
  const std::string* found = nullptr;
  for (const std::string& path : paths) {
    if (!test(last_part(path))) continue;
    if (found != nullptr) return std::nullopt;
    found = &path;
  }
  return found == nullptr ? std::nullopt : std::optional<std::string>(*found);
}

// is_digest tells whether a text is what auditwheel puts behind a library's name: "-" and digits of
// a hexadecimal number.
bool is_digest(std::string_view text) {
  return text.size() > 1 && text.front() == '-' &&
         text.substr(1).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

LibraryNames::~LibraryNames() { delete paths_.load(); }

Result<const LibraryNames::Paths*> LibraryNames::all(const Listing& listing) const {
  if (const Paths* const kept = paths_.load(std::memory_order_acquire)) return kept;
  SIGNEDVFS_ASSIGN(const std::vector<std::string_view> paths, listing.paths());
  auto ours = std::make_unique<Paths>();
  for (const std::string_view path : paths) {
    if (is_library_name(last_part(path))) ours->emplace_back(path);
  }
  const Paths* theirs = nullptr;
  if (!paths_.compare_exchange_strong(theirs, ours.get(), std::memory_order_acq_rel)) {
    return theirs;
  }
  return static_cast<const Paths*>(ours.release());
}

Result<std::optional<std::string>> LibraryNames::named(const Listing& listing,
                                                       std::string_view name) const {
  if (!is_library_name(name)) return std::optional<std::string>();
  SIGNEDVFS_ASSIGN(const Paths* const paths, all(listing));
  return only(*paths, [&](std::string_view one) { return one == name; });
}

Result<std::optional<std::string>> LibraryNames::stands_for(const Listing& listing,
                                                            std::string_view name) const {
  SIGNEDVFS_ASSIGN(const Paths* const paths, all(listing));
  const std::string stem = "lib" + std::string(name);
  const auto rest_of = [&](std::string_view one) {
    return one.starts_with(stem) ? one.substr(stem.size()) : std::string_view();
  };
  auto found = only(*paths, [&](std::string_view one) { return rest_of(one).starts_with(".so"); });
  if (found) return found;
  return only(*paths, [&](std::string_view one) {
    const std::string_view rest = rest_of(one);
    return is_digest(rest.substr(0, rest.find(".so")));
  });
}

}  // namespace signedvfs
