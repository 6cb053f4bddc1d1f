// sqlite3.Connection to a database below an archive: read-only.
//
// SQLite goes by the name of a file, and along its links, so it would not find sealed memory. From
// Python 3.11 on it can be given the content of a database (sqlite3_deserialize); before, nothing
// that is not on the disk can be opened, and it is refused.
#include <cctype>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "importer/files/answering.h"
#include "importer/files/builders.h"
#include "importer/files/verified_open.h"

namespace signedvfs {
namespace {

constexpr Parameter kDatabase{0, "database"};

int digit(char hex) noexcept { return hex <= '9' ? hex - '0' : (hex | 0x20) - 'a' + 10; }

bool is_hex(char letter) noexcept { return std::isxdigit(static_cast<unsigned char>(letter)) != 0; }

// uri_path returns the path of a "file:" URI that SQLite would open (sqlite.org/uri.html), without
// its escapes; empty where there is none.
std::string uri_path(std::string_view uri) {
  if (!uri.starts_with("file:")) return {};
  uri.remove_prefix(5);
  uri = uri.substr(0, uri.find_first_of("?#"));
  if (uri.starts_with("//")) {
    const std::size_t slash = uri.find('/', 2);
    uri = slash == std::string_view::npos ? std::string_view() : uri.substr(slash);
  }
  std::string out;
  for (std::size_t i = 0; i < uri.size(); ++i) {
    if (uri[i] == '%' && i + 2 < uri.size() && is_hex(uri[i + 1]) && is_hex(uri[i + 2])) {
      const char byte = static_cast<char>(digit(uri[i + 1]) * 16 + digit(uri[i + 2]));
      if (byte == '\0') break;  // there the path ends
      out += byte;
      i += 2;
    } else {
      out += uri[i];
    }
  }
  return out;
}

// path_in_uri returns the path where `given`, a str or bytes, is a URI, and nothing where it is
// not. SQLite can have been built to take URIs whether `uri` is given or not.
Result<PyRef> path_in_uri(PyObject* given) {
  PyRef bytes = PyRef::borrow(given);
  if (PyUnicode_Check(given) != 0) {
    bytes = PyRef::steal(PyUnicode_EncodeFSDefault(given));
    // The original says so.
    if (!bytes && !passed_over(PyExc_UnicodeError)) return python_error();
  }
  if (!bytes || PyBytes_Check(bytes.get()) == 0) return PyRef();
  const std::string path = uri_path(
      {PyBytes_AS_STRING(bytes.get()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()))});
  return path.empty() ? PyRef() : text_of_path(path);
}

Status no_database(const Target& target) {
  if (target.is_inside() && !target.entry.is_there()) {
    os_error(target.entry.error, target);
  } else {
    os_error(EISDIR, target);
  }
  return python_error();
}

// content_of returns a database as bytes, after its check.
Result<PyRef> content_of(const Target& target) {
  if (target.entry.kind != EntryKind::kFile) return no_database(target);
  SIGNEDVFS_ASSIGN(const VerifiedBytes content,
                   without_gil([&] { return target.opened->vfs->read(target.entry.name); }));
  SIGNEDVFS_TRY(audit_verify(target.mount->absolute(), target.entry.name));
  return owned(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(content.bytes().data()),
                                         static_cast<Py_ssize_t>(content.size())));
}

// connect has the original connect to `database`, with the arguments that were given beside that.
int connect(const Construction& construction, PyObject* database) {
  const Py_ssize_t count = PyTuple_GET_SIZE(construction.positional);
  const PyRef positional = PyRef::steal(PyTuple_New(count));
  const PyRef named =
      PyRef::steal(construction.named == nullptr ? PyDict_New() : PyDict_Copy(construction.named));
  if (!positional || !named) return -1;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* const value = i == 0 ? database : PyTuple_GET_ITEM(construction.positional, i);
    PyTuple_SET_ITEM(positional.get(), i, PyRef::borrow(value).release());
  }
  if (count == 0 && PyDict_SetItemString(named.get(), kDatabase.name, database) < 0) return -1;
  return construction.original(construction.self, positional.get(), named.get());
}

// connect_to connects to memory, and fills that: by methods of the class itself, for a subclass may
// not be ready for calls of its own.
Status connect_to(const Target& target, const Construction& construction) {
  if (PyObject_HasAttrString(construction.self, "deserialize") == 0) {
    return Status(Errc::kUnsupported,
                  "SQLite of this Python cannot open a database below an archive")
        .advising("Python 3.11 can; or write importlib.resources.read_binary(...) to a file.");
  }
  SIGNEDVFS_ASSIGN(const PyRef content, content_of(target));
  SIGNEDVFS_ASSIGN(const PyRef memory, owned(PyUnicode_FromString(":memory:")));
  if (connect(construction, memory.get()) < 0) return python_error();
  SIGNEDVFS_ASSIGN(const PyRef type, loaded_attribute("_sqlite3", "Connection"));
  SIGNEDVFS_ASSIGN(const PyRef filled,
                   owned(PyObject_CallMethod(type.get(), "deserialize", "OO", construction.self,
                                             content.get())));
  SIGNEDVFS_ASSIGN(const PyRef closed,
                   owned(PyObject_CallMethod(type.get(), "execute", "Os", construction.self,
                                             "PRAGMA query_only = 1")));
  return {};
}

int done(const Call& call, const Status& status, const Target& target = {}) {
  if (status.ok()) return 0;
  refused(call, status, target);
  return -1;
}

}  // namespace

int build_connection(Call& call, const Construction& construction) {
  PyObject* const given = call.at(kDatabase);
  if (given == nullptr) return construction.go_on();
  Call about(call.files(), {&given, 1, nullptr});
  Result<Target> target = about.target_at({0, nullptr});
  if (!target.ok()) return done(call, target.status());
  // An os.PathLike has been asked, and a path that leads through us and out again is followed.
  PyObject* const database = about.given().values[0];
  if (target->kind == Target::Kind::kElsewhere) {
    const Result<PyRef> path = path_in_uri(database);
    if (!path.ok()) return -1;
    if (*path) {
      PyObject* const asked = path->get();
      Call about_uri(call.files(), {&asked, 1, nullptr});
      target = about_uri.target_at({0, nullptr});
      if (!target.ok()) return done(call, target.status());
    }
  }
  if (target->kind != Target::Kind::kElsewhere) {
    return done(call, connect_to(*target, construction), *target);
  }
  return database == given ? construction.go_on() : connect(construction, database);
}

}  // namespace signedvfs
