#include "importer/python/errors.h"

#include <array>
#include <cerrno>
#include <string_view>

#include "importer/python/audit.h"

namespace signedvfs {
namespace {

enum class ErrorKind : std::uint8_t {
  kFailed,     // evidence that the content is not what was signed, or may not be used
  kMissing,    // nobody whom the policy trusts vouches for it
  kNoVerdict,  // neither: the content could not be looked at
  kSystem,     // kNoVerdict while verifying, OSError otherwise
  kNotFound,   // kMissing for a member, kNoVerdict for an archive, FileNotFoundError otherwise
  kKeyFile,
  kValue,  // kNoVerdict while verifying, ValueError otherwise
  kImport,
  kPython,
};

struct Row {
  Errc code;
  ErrorKind kind;
  std::string_view advice;
};

constexpr std::string_view kFreshCopy = "Do not run this copy; ask its signer for a fresh one.";
constexpr std::string_view kSignAgain =
    "If you made it, write it anew, for example with 'signedvfs pack', and sign that; otherwise do "
    "not run it and ask its signer for a fresh one.";
constexpr std::string_view kOtherKey = "Use another key, or make one with 'signedvfs keygen'.";

// In the order of the enum; the static_assert below holds the two together.
constexpr std::array<Row, kErrcCount> kRows{{
    {Errc::kOk, ErrorKind::kValue, ""},
    {Errc::kNotFound, ErrorKind::kNotFound,
     "Check the spelling; nothing else was tried in its place."},
    {Errc::kIo, ErrorKind::kSystem,
     "Check permissions, free space and open files, then try again."},
    {Errc::kTooLarge, ErrorKind::kFailed, ""},  // `limit_advice` names the field
    {Errc::kUnsupported, ErrorKind::kFailed, kSignAgain},
    {Errc::kUsage, ErrorKind::kValue, ""},  // the arguments are the caller's, and `what` names them
    {Errc::kNotRegular, ErrorKind::kFailed, "Name a regular file, or put one in its place."},
    {Errc::kShrunk, ErrorKind::kFailed,
     "Something is changing the file; replace archives by renaming, never by writing into them."},
    {Errc::kNotAnArchive, ErrorKind::kFailed, "Name a signed archive or directory."},
    {Errc::kTrailingBytes, ErrorKind::kFailed, kSignAgain},
    {Errc::kMultiDisk, ErrorKind::kFailed, kSignAgain},
    {Errc::kBadZip64, ErrorKind::kFailed, kSignAgain},
    {Errc::kBadDirectory, ErrorKind::kFailed, kSignAgain},
    {Errc::kBadRecord, ErrorKind::kFailed, kSignAgain},
    {Errc::kHeaderMismatch, ErrorKind::kFailed, kSignAgain},
    {Errc::kNotTiled, ErrorKind::kFailed, kSignAgain},
    {Errc::kBadFlags, ErrorKind::kFailed, kSignAgain},
    {Errc::kBadMethod, ErrorKind::kFailed, kSignAgain},
    {Errc::kBadMode, ErrorKind::kFailed, kSignAgain},
    {Errc::kBadName, ErrorKind::kFailed, "Rename the member, then sign the archive anew."},
    {Errc::kDuplicateName, ErrorKind::kFailed,
     "Remove or rename one of the two, then sign the archive anew."},
    {Errc::kFileAndDirectory, ErrorKind::kFailed,
     "Remove or rename one of the two, then sign the archive anew."},
    {Errc::kCorruptMember, ErrorKind::kFailed, kFreshCopy},
    {Errc::kNoDecoder, ErrorKind::kNoVerdict,
     "Install signedvfs with its libarchive part, or use a zip archive."},
    {Errc::kForeignFormat, ErrorKind::kFailed, kSignAgain},
    {Errc::kBadLibrary, ErrorKind::kImport, "Use another build of it, made for this machine."},
    {Errc::kNoManifest, ErrorKind::kMissing,
     "If you made it, sign it with 'signedvfs sign'; otherwise do not run it."},
    {Errc::kBadManifest, ErrorKind::kFailed, kFreshCopy},
    {Errc::kUnknownAttribute, ErrorKind::kFailed,
     "Update signedvfs: this version cannot follow what the archive asks for."},
    {Errc::kWeakHash, ErrorKind::kFailed,
     "Sign it anew with 'signedvfs unsign' and 'signedvfs sign'; TrustPolicy(legacy=True) accepts "
     "what signedimp itself signed."},
    {Errc::kNoTrustedKey, ErrorKind::kMissing,
     "If you know the signer, trust its key: signedvfs.trust(PublicKey.load(path)); otherwise do "
     "not run it."},
    {Errc::kBadSignature, ErrorKind::kFailed, kFreshCopy},
    {Errc::kKeyRevoked, ErrorKind::kFailed,
     "Ask its signer for a copy that is signed with a key still in use."},
    {Errc::kManifestMismatch, ErrorKind::kFailed, kFreshCopy},
    {Errc::kBadIndex, ErrorKind::kFailed, kFreshCopy},
    {Errc::kIndexMismatch, ErrorKind::kFailed, kFreshCopy},
    {Errc::kUnlistedMember, ErrorKind::kMissing,
     "If you added it, sign the archive anew; otherwise do not run this copy."},
    {Errc::kShadowed, ErrorKind::kMissing,
     "Give the signed package an __init__.py, or take the other one off the path."},
    {Errc::kMissingMember, ErrorKind::kFailed, kFreshCopy},
    {Errc::kDigestMismatch, ErrorKind::kFailed, kFreshCopy},
    {Errc::kPrefixMismatch, ErrorKind::kFailed,
     "If you put these bytes there, sign the whole anew with 'signedvfs sign', which covers them; "
     "otherwise do not run it."},
    {Errc::kWrongName, ErrorKind::kFailed,
     "Name the right archive, or admit it: TrustPolicy(names=...)."},
    {Errc::kWrongRoot, ErrorKind::kFailed,
     "Give the manifest that was signed for this directory in this role: manifest=FILE, root=ROLE "
     "(--manifest FILE --root ROLE)."},
    {Errc::kRollback, ErrorKind::kFailed, "Get the current release."},
    {Errc::kNotYetValid, ErrorKind::kFailed, "If it is, wait until then."},
    {Errc::kExpired, ErrorKind::kFailed, "Check this machine's clock first."},
    {Errc::kClock, ErrorKind::kNoVerdict, "Mend the callable in TrustPolicy(now=...)."},
    {Errc::kBadKey, ErrorKind::kKeyFile, kOtherKey},
    {Errc::kWeakKey, ErrorKind::kKeyFile, kOtherKey},
    {Errc::kWrongPassword, ErrorKind::kKeyFile, "Give the password that the key was saved with."},
    {Errc::kSignerFailed, ErrorKind::kKeyFile,
     "See that it signs with that very key, and what it says of itself."},
    {Errc::kCrypto, ErrorKind::kNoVerdict, "Check the installation of OpenSSL 3 and free memory."},
    {Errc::kNoCode, ErrorKind::kImport,
     "Rebuild the archive for this Python, or keep its sources."},
    {Errc::kPython, ErrorKind::kPython, ""},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].code) != i) return false;
  }
  return true;
}
static_assert(in_order());

// limit_advice says where the field of Limits that `status` names can be raised.
std::string limit_advice(const Status& status) {
  const std::string limits = "signedvfs.Limits(" + status.limit() + "=...)";
  return "If you expect this, allow more: limits=" + limits +
         " is for whatever opens, signs and packs, signedvfs.set_policy(policy, limits=...) for "
         "imports.";
}

// Text is what an exception says.
struct Text {
  std::string reason;
  std::string advice;

  std::string message() const {
    if (advice.empty()) return reason;
    return reason + (reason.ends_with('?') ? " " : ". ") + advice;
  }
};

Text error_text(const Status& status) {
  Text out;
  // The code's own sentence would only say once more, in general, what `what` says of this case.
  out.reason = status.what().empty() ? std::string(sentence(status.code())) : status.what();
  if (!status.advice().empty()) {
    out.advice = status.advice();
  } else if (!status.limit().empty()) {
    out.advice = limit_advice(status);
  } else {
    out.advice = kRows[static_cast<std::size_t>(status.code())].advice;
  }
  return out;
}

// shown returns `text` with everything escaped that a terminal or a bidirectional display would
// obey: names come from attackers, and paths need not be valid text.
Result<PyRef> shown(const std::string& text) {
  SIGNEDVFS_ASSIGN(PyRef whole, text_of_utf8(text));
  const Py_ssize_t size = PyUnicode_GET_LENGTH(whole.get());
  bool is_printable = true;
  for (Py_ssize_t i = 0; i < size && is_printable; ++i) {
    is_printable = Py_UNICODE_ISPRINTABLE(PyUnicode_READ_CHAR(whole.get(), i)) != 0;
  }
  if (is_printable) return whole;
  SIGNEDVFS_ASSIGN(const PyRef parts, owned(PyList_New(0)));
  for (Py_ssize_t i = 0; i < size; ++i) {
    SIGNEDVFS_ASSIGN(PyRef part, owned(PyUnicode_Substring(whole.get(), i, i + 1)));
    if (Py_UNICODE_ISPRINTABLE(PyUnicode_READ_CHAR(whole.get(), i)) == 0) {
      SIGNEDVFS_ASSIGN(const PyRef bytes, owned(PyUnicode_AsUnicodeEscapeString(part.get())));
      SIGNEDVFS_ASSIGN(part, owned(PyUnicode_FromEncodedObject(bytes.get(), "ascii", "strict")));
    }
    if (PyList_Append(parts.get(), part.get()) < 0) return python_error();
  }
  SIGNEDVFS_ASSIGN(const PyRef nothing, owned(PyUnicode_FromString("")));
  return owned(PyUnicode_Join(nothing.get(), parts.get()));
}

Status set_attribute(PyObject* error, const char* name, Result<PyRef> value) {
  SIGNEDVFS_ASSIGN(const PyRef object, std::move(value));
  if (PyObject_SetAttrString(error, name, object.get()) < 0) return python_error();
  return {};
}

Result<PyRef> no_object() { return PyRef::borrow(Py_None); }

// member_of prefers what the status says: a caller knows what it asked for, not what was wrong.
Result<PyRef> member_of(const Status& status, const Subject& subject) {
  if (!status.member().empty()) return text_of_utf8(status.member());
  return subject.member ? text_of_utf8(*subject.member) : no_object();
}

Status describe(PyObject* error, const Text& text, const Status& status, const Subject& subject) {
  SIGNEDVFS_TRY(set_attribute(error, "code", text_of_utf8(name(status.code()))));
  SIGNEDVFS_TRY(set_attribute(error, "reason", shown(text.reason)));
  SIGNEDVFS_TRY(set_attribute(error, "advice", text_of_utf8(text.advice)));
  SIGNEDVFS_TRY(
      set_attribute(error, "path", subject.path ? text_of_path(*subject.path) : no_object()));
  SIGNEDVFS_TRY(set_attribute(error, "member", member_of(status, subject)));
  return set_attribute(error, "limit",
                       status.limit().empty() ? no_object() : text_of_utf8(status.limit()));
}

// raise sets an exception of the class `type`, of which `number` is the first argument where it is
// not 0. Where that fails, what failed is the exception.
void raise(PyObject* type, const Status& status, const Subject& subject, int number = 0) {
  const Text text = error_text(status);
  const Result<PyRef> message = shown(text.message());
  if (!message.ok()) return;
  const Result<PyRef> error =
      owned(number == 0 ? PyObject_CallFunctionObjArgs(type, message->get(), nullptr)
                        : PyObject_CallFunction(type, "iO", number, message->get()));
  if (!error.ok() || !describe(error->get(), text, status, subject).ok()) return;
  PyErr_SetObject(type, error->get());
}

// Refusal is one of the three IntegrityCheckErrors.
enum class Refused : std::uint8_t { kBase, kFailed, kMissing };

PyObject* class_of(const Exceptions& exceptions, Refused refused, Activity activity) noexcept {
  const bool is_shown = activity == Activity::kShowing;
  switch (refused) {
    case Refused::kFailed:
      return (is_shown ? exceptions.showing_failed : exceptions.failed).get();
    case Refused::kMissing:
      return (is_shown ? exceptions.showing_missing : exceptions.missing).get();
    case Refused::kBase:
      break;
  }
  return (is_shown ? exceptions.showing_base : exceptions.base).get();
}

// set_refusal raises it. An audit hook may put another exception in its place.
void set_refusal(const Interpreter& home, Refused refused, const Status& status, Activity activity,
                 const Subject& subject) {
  const std::string member =
      status.member().empty() ? subject.member.value_or("") : status.member();
  const std::string message = error_text(status).message();
  if (home.told_of_refusal != nullptr) home.told_of_refusal(subject.path.value_or(""), message);
  const Status heard =
      audit_refuse(subject.path.value_or(""), member, name(status.code()), message);
  if (!heard.ok()) return;
  raise(class_of(home.exceptions, refused, activity), status, subject);
}

// with_attributes makes an exception class, of which each instance has the attributes.
Result<PyRef> new_exception(const char* qualified, const char* doc, PyObject* bases) {
  SIGNEDVFS_ASSIGN(const PyRef members, owned(PyDict_New()));
  SIGNEDVFS_ASSIGN(const PyRef empty, owned(PyUnicode_FromString("")));
  for (const char* const one : {"code", "reason", "advice"}) {
    if (PyDict_SetItemString(members.get(), one, empty.get()) < 0) return python_error();
  }
  for (const char* const one : {"path", "member", "limit"}) {
    if (PyDict_SetItemString(members.get(), one, Py_None) < 0) return python_error();
  }
  return owned(PyErr_NewExceptionWithDoc(qualified, doc, bases, members.get()));
}

// showing makes the class that is `refusal` and an ImportError.
Result<PyRef> showing(const char* qualified, const PyRef& refusal) {
  SIGNEDVFS_ASSIGN(const PyRef bases, owned(PyTuple_Pack(2, refusal.get(), PyExc_ImportError)));
  return new_exception(qualified,
                       "A refusal for those who look at source: they expect an ImportError.",
                       bases.get());
}

Status publish(PyObject* module, const PyRef& made) {
  const char* const qualified = reinterpret_cast<PyTypeObject*>(made.get())->tp_name;
  const std::string_view whole = qualified;
  const std::string name(whole.substr(whole.rfind('.') + 1));
  Py_INCREF(made.get());
  if (PyModule_AddObject(module, name.c_str(), made.get()) < 0) {
    Py_DECREF(made.get());
    return python_error();
  }
  return {};
}

}  // namespace

void set_status(const Interpreter& home, const Status& status, Activity activity,
                const Subject& subject) {
  const bool verifying = activity == Activity::kVerifying || activity == Activity::kShowing;
  switch (kRows[static_cast<std::size_t>(status.code())].kind) {
    case ErrorKind::kFailed:
      if (activity == Activity::kWriting) return raise(PyExc_ValueError, status, subject);
      return set_refusal(home, Refused::kFailed, status, activity, subject);
    case ErrorKind::kMissing:
      return set_refusal(home, Refused::kMissing, status, activity, subject);
    case ErrorKind::kNoVerdict:
      return set_refusal(home, Refused::kBase, status, activity, subject);
    case ErrorKind::kSystem:
      if (verifying) return set_refusal(home, Refused::kBase, status, activity, subject);
      return raise(PyExc_OSError, status, subject);
    case ErrorKind::kNotFound:
      if (verifying) {
        const Refused refused = subject.member ? Refused::kMissing : Refused::kBase;
        return set_refusal(home, refused, status, activity, subject);
      }
      return raise(PyExc_FileNotFoundError, status, subject, ENOENT);
    case ErrorKind::kKeyFile:
      return raise(home.exceptions.key_file.get(), status, subject);
    case ErrorKind::kValue:
      if (verifying) return set_refusal(home, Refused::kBase, status, activity, subject);
      return raise(PyExc_ValueError, status, subject);
    case ErrorKind::kImport:
      return raise(PyExc_ImportError, status, subject);
    case ErrorKind::kPython:
      if (PyErr_Occurred() == nullptr) {
        PyErr_SetString(PyExc_SystemError, "an exception was reported, but none is set");
      }
      return;
  }
}

Status make_exceptions(Interpreter& home) {
  Exceptions& made = home.exceptions;
  SIGNEDVFS_ASSIGN(
      made.base,
      new_exception(
          "signedvfs.IntegrityCheckError",
          "An archive was not used, because what it holds could not be checked.\n\n"
          "`code` names what was wrong, `reason` says it, `advice` what to do; `path` and\n"
          "`member` say what it was about (None where that is not known), `limit` is the\n"
          "field of Limits that was exceeded (None where none was). It is no ImportError\n"
          "and no OSError, so code that treats those as \"not there\" does not take\n"
          "tampering for absence.",
          PyExc_Exception));
  SIGNEDVFS_ASSIGN(made.failed,
                   new_exception("signedvfs.IntegrityCheckFailed",
                                 "Content is not what was signed, or may not be used any more.",
                                 made.base.get()));
  SIGNEDVFS_ASSIGN(
      made.missing,
      new_exception("signedvfs.IntegrityCheckMissing",
                    "Nobody whom the policy trusts vouches for the content.", made.base.get()));
  SIGNEDVFS_ASSIGN(made.key_file,
                   new_exception("signedvfs.KeyFileError",
                                 "A key could not be used: malformed, too weak, its password is "
                                 "missing or wrong, or\nwhoever holds it did not sign.",
                                 PyExc_ValueError));
  SIGNEDVFS_ASSIGN(made.showing_base,
                   showing("signedvfs._core._ShowingIntegrityCheckError", made.base));
  SIGNEDVFS_ASSIGN(made.showing_failed,
                   showing("signedvfs._core._ShowingIntegrityCheckFailed", made.failed));
  SIGNEDVFS_ASSIGN(made.showing_missing,
                   showing("signedvfs._core._ShowingIntegrityCheckMissing", made.missing));
  for (const PyRef* const one : {&made.base, &made.failed, &made.missing, &made.key_file,
                                 &made.showing_base, &made.showing_failed, &made.showing_missing}) {
    SIGNEDVFS_TRY(publish(home.module, *one));
  }
  return {};
}

}  // namespace signedvfs
