#include "importer/python/audit.h"

#include "archive/os/file_status.h"
#include "importer/python/object.h"
#include "importer/python/vouched_path.h"

namespace signedvfs {
namespace {

// The converters for "O&" run only where a hook listens.
PyObject* path_converter(void* path) {
  const auto& text = *static_cast<const std::string_view*>(path);
  return PyUnicode_DecodeFSDefaultAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

PyObject* text_converter(void* utf8) {
  const auto& text = *static_cast<const std::string_view*>(utf8);
  return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape");
}

using Converter = PyObject* (*)(void*);
constexpr Converter kPath = path_converter;
constexpr Converter kText = text_converter;

Status audit_member(const char* event, const std::string& archive, std::string_view member) {
  std::string_view path(archive);
  if (PySys_Audit(event, "O&O&", kPath, &path, kText, &member) < 0) return python_error();
  return {};
}

}  // namespace

Status audit_open(const std::string& absolute) {
  if (!status_of(absolute).is_regular()) return {};
  SIGNEDVFS_ASSIGN(const PyRef path, text_of_path(absolute));
  const VouchedPath vouched(absolute);
  Result<PyRef> file = owned(PyFile_OpenCodeObject(path.get()));
  if (!file.ok()) {
    if (PyErr_ExceptionMatches(PyExc_OSError) == 0) return std::move(file).status();
    SIGNEDVFS_ASSIGN(const std::string reason, take_error_text());
    return {Errc::kIo, in_quotes(absolute) + " may not be opened for its code: " + reason};
  }
  // What we read, we read and verify ourselves; only the verdict was wanted.
  SIGNEDVFS_ASSIGN(const PyRef none, owned(PyObject_CallMethod(file->get(), "close", nullptr)));
  return {};
}

Status audit_verify(const std::string& archive, std::string_view member) {
  return audit_member("signedvfs.verify", archive, member);
}

Status audit_load(const std::string& archive, std::string_view member) {
  return audit_member("signedvfs.load", archive, member);
}

Status audit_refuse(const std::string& archive, const std::string& member, std::string_view code,
                    const std::string& message) {
  std::string_view path(archive);
  std::string_view name(member);
  std::string_view text(message);
  if (PySys_Audit("signedvfs.refuse", "O&O&O&O&", kPath, &path, kText, &name, kText, &code, kText,
                  &text) < 0) {
    return python_error();
  }
  return {};
}

}  // namespace signedvfs
