#include "importer/guard/vouching.h"

#include <string_view>

#include "importer/finders/finder_type.h"
#include "importer/guard/answering.h"
#include "importer/guard/finding.h"
#include "importer/guard/manager_type.h"
#include "importer/guard/trusted_paths.h"
#include "importer/paths/text.h"

namespace signedvfs {
namespace {

// look_at asks one guard.
Result<Vouched> look_at(Interpreter& home, const Guard& guard, const std::string& path,
                        bool reads) {
  Vouched out;
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash);
  const std::string name = path.substr(slash + 1);
  SIGNEDVFS_ASSIGN(const PyRef entry, text_of_path(directory.empty() ? "/" : directory));
  SIGNEDVFS_ASSIGN(const PyRef object, finder_in_place(home, guard, entry.get()));
  if (object.get() == Py_None) {
    SIGNEDVFS_ASSIGN(const bool is_trusted, is_trusted_file(home, guard, path));
    if (is_trusted) out.kind = Vouched::Kind::kByPath;
    return out;
  }
  const Finder* const finder = value_in<Finder>(object.get());
  if (finder == nullptr) return python_error();
  SIGNEDVFS_ASSIGN(const OpenedArchive opened, finder->open());
  if (opened.vfs == nullptr) return out;
  SIGNEDVFS_ASSIGN(const PyRef text, text_of_path(name));
  SIGNEDVFS_ASSIGN(const std::string inside, utf8_of(text.get()));
  const std::string member = finder->location().prefix + inside;
  SIGNEDVFS_ASSIGN(const bool is_listed, opened.vfs->contains(member));
  if (!is_listed) return out;
  out.kind = Vouched::Kind::kSigned;
  if (!reads) return out;
  SIGNEDVFS_ASSIGN(const VerifiedBytes content, finder->read(opened, member));
  SIGNEDVFS_ASSIGN(out.content, owned(PyBytes_FromStringAndSize(
                                    reinterpret_cast<const char*>(content.bytes().data()),
                                    static_cast<Py_ssize_t>(content.size()))));
  return out;
}

}  // namespace

Result<Vouched> vouch_for(Interpreter& home, const std::string& path, bool reads) {
  Status refusal;
  if (path.find('\0') != std::string::npos) return Vouched();
  SIGNEDVFS_ASSIGN(const PyRef managers, enforcing_managers(home));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(managers.get()); ++i) {
    const Manager* const manager = manager_in(home, PyList_GET_ITEM(managers.get(), i));
    if (manager == nullptr) continue;
    Result<Vouched> found = look_at(home, *manager->guard, path, reads);
    if (found.code() == Errc::kPython) return found;
    if (found.ok() && found->kind != Vouched::Kind::kNot) return found;
    if (!found.ok() && refusal.ok()) refusal = found.status();
  }
  if (!refusal.ok()) return refusal;
  return Vouched();
}

Result<Vouched> vouch_for_code(Interpreter& home, const std::string& path) {
  Vouched out;
  if (path.empty() || path.starts_with('<')) {
    out.kind = Vouched::Kind::kByPath;
    return out;
  }
  Result<Vouched> found = vouch_for(home, path, false);
  if (!found.ok() || found->kind != Vouched::Kind::kNot || !path.ends_with(".py")) return found;
  return vouch_for(home, path + 'c', false);
}

}  // namespace signedvfs
