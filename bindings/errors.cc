#include "bindings/errors.h"

#include <array>
#include <cerrno>
#include <string_view>

#include "bindings/convert.h"
#include "bindings/registers.h"
#include "bindings/state.h"
#include "importer/audit.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

enum class Kind : std::uint8_t {
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
  Kind kind;
  std::string_view advice;
};

constexpr std::string_view kFreshCopy = "Do not run this copy; ask its signer for a fresh one.";
constexpr std::string_view kSignAgain =
    "If you made it, write it anew, for example with 'signedvfs pack', and sign that; otherwise do "
    "not run it and ask its signer for a fresh one.";
constexpr std::string_view kOtherKey = "Use another key, or make one with 'signedvfs keygen'.";

// In the order of the enum; the static_assert below holds the two together.
constexpr std::array<Row, kErrcCount> kRows{{
    {Errc::kOk, Kind::kValue, ""},
    {Errc::kNotFound, Kind::kNotFound, "Check the spelling; nothing else was tried in its place."},
    {Errc::kIo, Kind::kSystem, "Check permissions, free space and open files, then try again."},
    {Errc::kTooLarge, Kind::kFailed, ""},  // `limit_advice` names the field
    {Errc::kUnsupported, Kind::kFailed, kSignAgain},
    {Errc::kUsage, Kind::kValue, ""},  // the arguments are the caller's, and `what` names them
    {Errc::kNotRegular, Kind::kFailed, "Name a regular file, or put one in its place."},
    {Errc::kShrunk, Kind::kFailed,
     "Something is changing the file; replace archives by renaming, never by writing into them."},
    {Errc::kNotAnArchive, Kind::kFailed, "Name a signed archive or directory."},
    {Errc::kTrailingBytes, Kind::kFailed, kSignAgain},
    {Errc::kMultiDisk, Kind::kFailed, kSignAgain},
    {Errc::kBadZip64, Kind::kFailed, kSignAgain},
    {Errc::kBadDirectory, Kind::kFailed, kSignAgain},
    {Errc::kBadRecord, Kind::kFailed, kSignAgain},
    {Errc::kHeaderMismatch, Kind::kFailed, kSignAgain},
    {Errc::kNotTiled, Kind::kFailed, kSignAgain},
    {Errc::kBadFlags, Kind::kFailed, kSignAgain},
    {Errc::kBadMethod, Kind::kFailed, kSignAgain},
    {Errc::kBadMode, Kind::kFailed, kSignAgain},
    {Errc::kBadName, Kind::kFailed, "Rename the member, then sign the archive anew."},
    {Errc::kDuplicateName, Kind::kFailed,
     "Remove or rename one of the two, then sign the archive anew."},
    {Errc::kFileAndDirectory, Kind::kFailed,
     "Remove or rename one of the two, then sign the archive anew."},
    {Errc::kCorruptMember, Kind::kFailed, kFreshCopy},
    {Errc::kNoDecoder, Kind::kNoVerdict,
     "Install signedvfs with its libarchive part, or use a zip archive."},
    {Errc::kForeignFormat, Kind::kFailed, kSignAgain},
    {Errc::kNoManifest, Kind::kMissing,
     "If you made it, sign it with 'signedvfs sign'; otherwise do not run it."},
    {Errc::kBadManifest, Kind::kFailed, kFreshCopy},
    {Errc::kUnknownAttribute, Kind::kFailed,
     "Update signedvfs: this version cannot follow what the archive asks for."},
    {Errc::kWeakHash, Kind::kFailed,
     "Sign it anew with 'signedvfs unsign' and 'signedvfs sign'; TrustPolicy(legacy=True) accepts "
     "what signedimp itself signed."},
    {Errc::kNoTrustedKey, Kind::kMissing,
     "If you know the signer, trust its key: signedvfs.trust(PublicKey.load(path)); otherwise do "
     "not run it."},
    {Errc::kBadSignature, Kind::kFailed, kFreshCopy},
    {Errc::kKeyRevoked, Kind::kFailed,
     "Ask its signer for a copy that is signed with a key still in use."},
    {Errc::kManifestMismatch, Kind::kFailed, kFreshCopy},
    {Errc::kBadIndex, Kind::kFailed, kFreshCopy},
    {Errc::kIndexMismatch, Kind::kFailed, kFreshCopy},
    {Errc::kUnlistedMember, Kind::kMissing,
     "If you added it, sign the archive anew; otherwise do not run this copy."},
    {Errc::kShadowed, Kind::kMissing,
     "Give the signed package an __init__.py, or take the other one off the path."},
    {Errc::kMissingMember, Kind::kFailed, kFreshCopy},
    {Errc::kDigestMismatch, Kind::kFailed, kFreshCopy},
    {Errc::kPrefixMismatch, Kind::kFailed,
     "If you put these bytes there, sign the whole anew with 'signedvfs sign', which covers them; "
     "otherwise do not run it."},
    {Errc::kWrongName, Kind::kFailed,
     "Name the right archive, or admit it: TrustPolicy(names=...)."},
    {Errc::kRollback, Kind::kFailed, "Get the current release."},
    {Errc::kNotYetValid, Kind::kFailed, "If it is, wait until then."},
    {Errc::kExpired, Kind::kFailed, "Check this machine's clock first."},
    {Errc::kBadKey, Kind::kKeyFile, kOtherKey},
    {Errc::kWeakKey, Kind::kKeyFile, kOtherKey},
    {Errc::kWrongPassword, Kind::kKeyFile, "Give the password that the key was saved with."},
    {Errc::kCrypto, Kind::kNoVerdict, "Check the installation of OpenSSL 3 and free memory."},
    {Errc::kNoCode, Kind::kImport, "Rebuild the archive for this Python, or keep its sources."},
    {Errc::kPython, Kind::kPython, ""},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].code) != i) return false;
  }
  return true;
}
static_assert(in_order());

constexpr const char* kBase = "IntegrityCheckError";
constexpr const char* kFailed = "IntegrityCheckFailed";
constexpr const char* kMissing = "IntegrityCheckMissing";
constexpr const char* kKeyFile = "KeyFileError";

// kShowing begins the names of the classes for `Activity::kShowing`. They are the module's, so that
// they can be pickled, but not for people to name.
constexpr const char* kShowing = "_Showing";

// limit_advice says where the field of Limits that `status` names can be raised.
std::string limit_advice(const Status& status) {
  const std::string limits = "signedvfs.Limits(" + status.limit() + "=...)";
  return "If you expect this, allow more: limits=" + limits +
         " is for whatever opens, signs and packs, signedvfs.set_policy(policy, limits=...) for "
         "imports.";
}

std::string message_of(const Status& status) {
  const std::string advice =
      status.limit().empty() ? std::string(kRows[static_cast<std::size_t>(status.code())].advice)
                             : limit_advice(status);
  // The code's own sentence would only say once more, in general, what `what` says of this case.
  std::string message(status.what().empty() ? sentence(status.code()) : status.what());
  if (advice.empty()) return message;
  message += message.ends_with('?') ? " " : ". ";
  message += advice;
  return message;
}

py::str escaped(py::handle character) {
  PyObject* const ascii = PyUnicode_AsUnicodeEscapeString(character.ptr());
  if (ascii == nullptr) throw py::error_already_set();
  return py::str(py::reinterpret_steal<py::bytes>(ascii));
}

// shown returns `message` with everything escaped that a terminal or a bidirectional display would
// obey: names come from attackers, and paths need not be valid text.
py::str shown(const std::string& message) {
  py::str text = text_object(message);
  if (text.attr("isprintable")().cast<bool>()) return text;
  py::list parts;
  for (const py::handle character : text) {
    const bool plain = character.attr("isprintable")().cast<bool>();
    parts.append(plain ? py::reinterpret_borrow<py::str>(character) : escaped(character));
  }
  return py::str("").attr("join")(parts);
}

// member_of prefers what the status says: a caller knows what it asked for, not what was wrong.
py::object member_of(const Status& status, const Subject& subject) {
  if (!status.member().empty()) return text_object(status.member());
  return subject.member ? py::object(text_object(*subject.member)) : py::none();
}

void raise(const py::object& type, const std::string& message, const Status& status,
           const Subject& subject) {
  const py::object error = type(shown(message));
  error.attr("code") = text_object(name(status.code()));
  error.attr("archive") = subject.archive ? py::object(path_object(*subject.archive)) : py::none();
  error.attr("member") = member_of(status, subject);
  error.attr("limit") =
      status.limit().empty() ? py::none() : py::object(text_object(status.limit()));
  PyErr_SetObject(type.ptr(), error.ptr());
}

void set_key_error(const Status& status, const Subject& subject) {
  raise(interpreter_state()["exceptions"][kKeyFile], message_of(status), status, subject);
}

// set_refusal raises one of the IntegrityCheckErrors. An audit hook may put another exception in
// its place.
void set_refusal(const char* class_name, const Status& status, Activity activity,
                 const Subject& subject) {
  const std::string message = message_of(status);
  const std::string member =
      status.member().empty() ? subject.member.value_or("") : status.member();
  const Status heard =
      audit_refuse(subject.archive.value_or(""), member, name(status.code()), message);
  if (!heard.ok()) return;
  const std::string prefix = activity == Activity::kShowing ? kShowing : "";
  raise(interpreter_state()["exceptions"][(prefix + class_name).c_str()], message, status, subject);
}

// set_value_error blames an argument, and says which one as the other exceptions do.
void set_value_error(const Status& status, const Subject& subject) {
  raise(py::reinterpret_borrow<py::object>(PyExc_ValueError), message_of(status), status, subject);
}

void set_builtin(PyObject* type, const Status& status) {
  PyErr_SetObject(type, shown(message_of(status)).ptr());
}

void set_not_found(const Status& status) {
  const py::tuple arguments = py::make_tuple(ENOENT, shown(message_of(status)));
  PyErr_SetObject(PyExc_FileNotFoundError, arguments.ptr());
}

py::object new_exception(const char* class_name, const char* doc, const py::handle& base) {
  py::dict members;
  members["code"] = "";
  members["archive"] = py::none();
  members["member"] = py::none();
  members["limit"] = py::none();
  const bool for_people = *class_name != '_';
  const std::string qualified =
      (for_people ? "signedvfs." : "signedvfs._core.") + std::string(class_name);
  PyObject* const type =
      PyErr_NewExceptionWithDoc(qualified.c_str(), doc, base.ptr(), members.ptr());
  if (type == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(type);
}

}  // namespace

void set_status(const Status& status, Activity activity, const Subject& subject) {
  const bool verifying = activity != Activity::kTool && activity != Activity::kWriting;
  switch (kRows[static_cast<std::size_t>(status.code())].kind) {
    case Kind::kFailed:
      if (activity == Activity::kWriting) return set_value_error(status, subject);
      return set_refusal(kFailed, status, activity, subject);
    case Kind::kMissing:
      return set_refusal(kMissing, status, activity, subject);
    case Kind::kNoVerdict:
      return set_refusal(kBase, status, activity, subject);
    case Kind::kSystem:
      if (verifying) return set_refusal(kBase, status, activity, subject);
      return set_builtin(PyExc_OSError, status);
    case Kind::kNotFound:
      if (verifying) {
        return set_refusal(subject.member ? kMissing : kBase, status, activity, subject);
      }
      return set_not_found(status);
    case Kind::kKeyFile:
      return set_key_error(status, subject);
    case Kind::kValue:
      if (verifying) return set_refusal(kBase, status, activity, subject);
      return set_builtin(PyExc_ValueError, status);
    case Kind::kImport:
      return set_builtin(PyExc_ImportError, status);
    case Kind::kPython:
      if (PyErr_Occurred() == nullptr) {
        PyErr_SetString(PyExc_SystemError, "an exception was reported, but none is set");
      }
      return;
  }
}

void throw_status(const Status& status, Activity activity, const Subject& subject) {
  set_status(status, activity, subject);
  throw py::error_already_set();
}

void register_errors(py::module_& module) {
  py::dict state = interpreter_state();
  if (!state.contains("exceptions")) {
    py::dict made;
    made[kBase] = new_exception(
        kBase,
        "An archive was not used, because what it holds could not be checked.\n\n"
        "`code` names the reason, `archive` and `member` what it was about (None where that is\n"
        "not known), `limit` the field of Limits that was exceeded (None where none was). It is "
        "no\n"
        "ImportError and no OSError, so code that treats those as \"not there\" does not take\n"
        "tampering for absence.",
        PyExc_Exception);
    made[kFailed] = new_exception(
        kFailed, "Content is not what was signed, or may not be used any more.", made[kBase]);
    made[kMissing] = new_exception(
        kMissing, "Nobody whom the policy trusts vouches for the content.", made[kBase]);
    made[kKeyFile] =
        new_exception(kKeyFile,
                      "A key could not be used: malformed, too weak, or its password is missing "
                      "or wrong.",
                      PyExc_ValueError);
    for (const char* const refusal : {kBase, kFailed, kMissing}) {
      const std::string name = std::string(kShowing) + refusal;
      const py::object import_error = py::reinterpret_borrow<py::object>(PyExc_ImportError);
      const py::object named = made[refusal];
      made[name.c_str()] = new_exception(
          name.c_str(), "A refusal for those who look at source: they expect an ImportError.",
          py::make_tuple(named, import_error));
    }
    state["exceptions"] = made;
  }
  for (const auto& item : state["exceptions"].cast<py::dict>()) {
    module.add_object(item.first.cast<std::string>().c_str(), item.second);
  }
}

}  // namespace signedvfs
