// Outcomes of the C++ core: one closed list of error codes, `Status`, and `Result<T>`.
//
// The core neither throws (`std::bad_alloc` excepted) nor logs. A caller branches on `kNotFound`
// only; every other code exists for people, for tests, and for the one table that turns codes into
// Python exceptions (importer/python/errors.cc).
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace signedvfs {

enum class Errc : std::uint8_t {
  kOk = 0,

  // Anything.
  kNotFound,     // There is no member, file or module of that name.
  kIo,           // The operating system refused or failed an operation; says nothing of content.
  kTooLarge,     // A limit of `Limits` was reached.
  kUnsupported,  // The format or feature is known and deliberately not handled.
  kUsage,        // The caller's arguments make no sense together.

  // Bytes and containers.
  kNotRegular,        // The path is a FIFO, device, socket, symlink or directory, not a plain file.
  kShrunk,            // Fewer bytes are there than when the file was opened: it is being changed.
  kNotAnArchive,      // Nothing in the file looks like an archive.
  kTrailingBytes,     // Comment, or bytes after the end of the zip archive.
  kMultiDisk,         // A multi-volume zip archive.
  kBadZip64,          // zip64 records that are missing, needless, or in disagreement.
  kBadDirectory,      // The central directory's place, size or count is wrong.
  kBadRecord,         // A header is malformed, or carries fields that may not be there.
  kHeaderMismatch,    // A member's local header disagrees with the central directory.
  kNotTiled,          // Members overlap, leave gaps, or lie outside the archive's body.
  kBadFlags,          // Encryption, data descriptors, patches or unknown flags.
  kBadMethod,         // A compression method other than stored, deflate and zstd.
  kBadMode,           // A symlink, device, FIFO, or set-id mode.
  kBadName,           // A member name that is not portable, canonical, printable UTF-8.
  kDuplicateName,     // Two names are equal, or equal after NFKC and case folding.
  kFileAndDirectory,  // A name is a file and also a directory of other members.
  kCorruptMember,     // A member does not decode to exactly its declared size and checksum.
  kNoDecoder,         // The shared object that reads other archive formats could not be loaded.
  kForeignFormat,     // libarchive refused the archive.
  kBadLibrary,        // A shared object that is malformed, ambiguous, or for another machine.

  // Manifest and policy.
  kNoManifest,        // There is no manifest.
  kBadManifest,       // The manifest's text departs from its grammar.
  kUnknownAttribute,  // An `@` line that this version does not know.
  kWeakHash,          // A hash type that is not accepted (md5, sha1, anything unknown).
  kNoTrustedKey,      // Too few signatures by keys of the policy.
  kBadSignature,      // A signature by a key of the policy does not fit.
  kKeyRevoked,        // A signature by a key that the policy revokes.
  kManifestMismatch,  // The member lines are not the ones that the header commits to.
  kBadIndex,          // The signed index is not where it belongs, or departs from its format.
  kIndexMismatch,     // A page of the index is not the one that was signed.
  kUnlistedMember,    // The archive has a member that its manifest does not list.
  kShadowed,          // What nobody has signed would take the place of signed modules.
  kMissingMember,     // The manifest lists a member that is not there.
  kDigestMismatch,    // A member's content is not what was listed.
  kPrefixMismatch,    // The bytes in front of the archive are not the ones it was appended to.
  kWrongName,         // The archive is another product than the policy allows.
  kWrongRoot,    // The manifest speaks of other directories, or belongs inside or outside of one.
  kRollback,     // The archive's serial number is lower than the policy's minimum.
  kNotYetValid,  // The archive's `@not-before` lies in the future.
  kExpired,      // The archive's `@expires` has passed.
  kClock,        // The policy's clock failed, so validity times could not be checked.

  // Keys.
  kBadKey,         // The text or bytes are no key of a kind that is handled.
  kWeakKey,        // The key is one with which forging is easy, or too small, or malformed.
  kWrongPassword,  // The private key is encrypted, and the password is missing or wrong.
  kCrypto,         // The crypto library failed in a way that is no verdict.

  // Modules (importer/).
  kNoCode,  // The module's bytes are genuine, but hold no code that this interpreter can run.
  kPython,  // A Python exception is set; `what` is empty.
};

// kErrcCount bounds the enum for tables and tests.
inline constexpr std::size_t kErrcCount = static_cast<std::size_t>(Errc::kPython) + 1;

// sentence returns a fixed English sentence that says what usually causes `code`.
std::string_view sentence(Errc code) noexcept;

// name returns the code's identifier without the `k`, as tests and `--json` print it: "NotFound".
std::string_view name(Errc code) noexcept;

// in_quotes returns `text` in single quotes with every byte outside printable ASCII escaped, for
// messages: names come from attackers, and terminals obey escape sequences.
std::string in_quotes(std::string_view text);

// Status is success, or a code with a `what` that names the file and member concerned and says what
// is wrong with it. What to do about it goes with the code (importer/python/errors.cc), so `what`
// leaves it out; whoever knows better in one case gives the status an advice of its own.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;
  Status(Errc code, std::string what);
  Status(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(const Status& other) { return *this = Status(other); }
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  bool ok() const noexcept { return code_ == Errc::kOk; }
  Errc code() const noexcept { return code_; }
  const std::string& what() const& noexcept { return text().what; }
  std::string what() && { return text().what; }

  // member is the path of the one member that this is about; empty where there is none, or where
  // only the caller knows it. `what` names it too: this is for programs.
  const std::string& member() const& noexcept { return text().member; }

  // limit is the field of Limits that was exceeded; empty where none was.
  const std::string& limit() const& noexcept { return text().limit; }

  // advice is a sentence that says what to do, in place of what goes with the code; empty: that.
  const std::string& advice() const& noexcept { return text().advice; }

  // in returns the same status with "`context`: " in front of `what`; success stays success.
  Status in(std::string_view context) &&;

  // about returns the same status, about `member`; success stays success.
  Status about(std::string_view member) &&;

  // beyond returns the same status, caused by the field `limit` of Limits; success stays success.
  Status beyond(std::string_view limit) &&;

  // advising returns the same status with that `advice`; success stays success.
  Status advising(std::string_view advice) &&;

 private:
  // Text is what only failures have: every function returns a Status, and nearly all are success.
  struct Text {
    std::string what;
    std::string member;
    std::string limit;
    std::string advice;
  };

  const Text& text() const noexcept;

  Errc code_ = Errc::kOk;
  std::unique_ptr<Text> text_;
};

// Result is a `T`, or the `Status` that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  // NOLINTBEGIN(google-explicit-constructor): for `return value;` and `return status;`
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Status status) : state_(std::in_place_index<1>, std::move(status)) {
    assert(!this->status().ok());
  }
  // NOLINTEND(google-explicit-constructor)

  bool ok() const noexcept { return state_.index() == 0; }
  Errc code() const noexcept {
    const Status* const failure = std::get_if<1>(&state_);
    return failure == nullptr ? Errc::kOk : failure->code();
  }

  // status returns the failure; only where `!ok()`.
  const Status& status() const& { return std::get<1>(state_); }
  Status status() && { return std::get<1>(std::move(state_)); }

  // value returns the `T`; only where `ok()`.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T value() && { return std::get<0>(std::move(state_)); }

  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace signedvfs

// SIGNEDVFS_TRY returns from the enclosing function where `expression` (a `Status`) has failed.
#define SIGNEDVFS_TRY(expression)                                                      \
  do {                                                                                 \
    if (::signedvfs::Status signedvfs_status_ = (expression); !signedvfs_status_.ok()) \
      return signedvfs_status_;                                                        \
  } while (false)

// SIGNEDVFS_ASSIGN declares or assigns `target` from a `Result`, or returns its failure.
#define SIGNEDVFS_ASSIGN(target, expression) \
  SIGNEDVFS_ASSIGN_(target, expression, SIGNEDVFS_CONCAT(signedvfs_result_, __LINE__))
// NOLINTBEGIN(bugprone-macro-parentheses): a name and a declaration cannot stand in parentheses.
#define SIGNEDVFS_ASSIGN_(target, expression, result)  \
  auto result = (expression);                          \
  if (!result.ok()) return std::move(result).status(); \
  target = std::move(result).value()
// NOLINTEND(bugprone-macro-parentheses)
#define SIGNEDVFS_CONCAT(a, b) SIGNEDVFS_CONCAT_(a, b)
#define SIGNEDVFS_CONCAT_(a, b) a##b
