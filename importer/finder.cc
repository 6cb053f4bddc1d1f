#include "importer/finder.h"

#include <optional>
#include <utility>

namespace signedvfs {
namespace {

Status no_such_data(const std::string& key) {
  SIGNEDVFS_ASSIGN(const PyRef name, text_of_utf8(key));
  SIGNEDVFS_ASSIGN(const PyRef arguments, owned(Py_BuildValue("(isO)", 0, "", name.get())));
  PyErr_SetObject(PyExc_OSError, arguments.get());
  return python_error();
}

}  // namespace

Result<VerifiedBytes> Finder::read(const OpenedArchive& opened, const std::string& entry) const {
  if (auto pending = state_->pending.take(*opened.vfs, entry)) return *std::move(pending);
  return without_gil([&] { return opened.vfs->read(entry); });
}

Result<PyRef> Finder::path_of(std::string_view entry) const {
  SIGNEDVFS_ASSIGN(const PyRef archive, text_of_path(location_.archive));
  SIGNEDVFS_ASSIGN(const PyRef inside, text_of_utf8(entry));
  return owned(PyUnicode_FromFormat("%U/%U", archive.get(), inside.get()));
}

Result<PyRef> Finder::get_data(PyObject* path, std::string& member) const {
  SIGNEDVFS_ASSIGN(std::string key, utf8_of(path));
  SIGNEDVFS_ASSIGN(const PyRef archive, text_of_path(location_.archive));
  SIGNEDVFS_ASSIGN(std::string root, utf8_of(archive.get()));
  root += '/';
  if (key.starts_with(root)) key.erase(0, root.size());

  SIGNEDVFS_ASSIGN(const OpenedArchive opened, open());
  if (opened.vfs == nullptr) return no_such_data(key);
  if (!opened.vfs->contains(key)) {
    const bool is_directory = key.size() > 1 && key.back() == '/' &&
                              opened.vfs->manifest().has_directory(key.substr(0, key.size() - 1));
    return is_directory ? owned(PyBytes_FromStringAndSize(nullptr, 0)) : no_such_data(key);
  }
  member = key;
  SIGNEDVFS_ASSIGN(const VerifiedBytes content, read(opened, key));
  return owned(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(content.bytes().data()),
                                         static_cast<Py_ssize_t>(content.size())));
}

}  // namespace signedvfs
