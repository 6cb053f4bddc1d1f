#include "archive/base/status.h"

#include <array>
#include <cassert>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace signedvfs {
namespace {

struct Text {
  Errc code;
  std::string_view name;
  std::string_view sentence;
};

// In the order of the enum; the static_assert below holds the two together.
constexpr std::array<Text, kErrcCount> kTexts{{
    {Errc::kOk, "Ok", "success"},
    {Errc::kNotFound, "NotFound", "there is nothing of that name"},
    {Errc::kIo, "Io", "the operating system refused or failed an operation"},
    {Errc::kTooLarge, "TooLarge", "a limit on size, count or ratio was reached"},
    {Errc::kUnsupported, "Unsupported", "this feature is deliberately not handled"},
    {Errc::kUsage, "Usage", "the arguments make no sense together"},
    {Errc::kNotRegular, "NotRegular", "not a regular file"},
    {Errc::kShrunk, "Shrunk", "the file became shorter while it was in use"},
    {Errc::kNotAnArchive, "NotAnArchive", "not an archive"},
    {Errc::kTrailingBytes, "TrailingBytes", "a comment or other bytes follow the archive's end"},
    {Errc::kMultiDisk, "MultiDisk", "the archive claims to span several volumes"},
    {Errc::kBadZip64, "BadZip64", "zip64 records are missing, needless or contradictory"},
    {Errc::kBadDirectory, "BadDirectory", "the central directory's place, size or count is wrong"},
    {Errc::kBadRecord, "BadRecord", "a zip header is malformed"},
    {Errc::kHeaderMismatch, "HeaderMismatch",
     "a member's local header disagrees with the central directory"},
    {Errc::kNotTiled, "NotTiled", "members overlap, leave gaps, or lie outside the archive"},
    {Errc::kBadFlags, "BadFlags", "encryption, data descriptors or unknown zip flags"},
    {Errc::kBadMethod, "BadMethod", "a compression method other than stored, deflate and zstd"},
    {Errc::kBadMode, "BadMode", "a member is a symlink, a device, or carries set-id bits"},
    {Errc::kBadName, "BadName", "a member's name is not plain, canonical, printable UTF-8"},
    {Errc::kDuplicateName, "DuplicateName", "two members have the same name, perhaps in disguise"},
    {Errc::kFileAndDirectory, "FileAndDirectory", "a name is both a file and a directory"},
    {Errc::kCorruptMember, "CorruptMember",
     "a member does not decode to exactly its declared size and checksum"},
    {Errc::kNoDecoder, "NoDecoder",
     "the shared object that reads formats other than zip could not be loaded"},
    {Errc::kForeignFormat, "ForeignFormat", "libarchive refused the archive"},
    {Errc::kBadLibrary, "BadLibrary", "a shared object that cannot be loaded here"},
    {Errc::kNoManifest, "NoManifest", "there is no manifest: the content is not signed"},
    {Errc::kBadManifest, "BadManifest", "the manifest is malformed"},
    {Errc::kUnknownAttribute, "UnknownAttribute",
     "the manifest has an attribute that this version does not know"},
    {Errc::kWeakHash, "WeakHash", "the manifest uses a hash that is not accepted"},
    {Errc::kNoTrustedKey, "NoTrustedKey", "too few signatures by keys that are trusted"},
    {Errc::kBadSignature, "BadSignature", "a signature by a trusted key does not fit"},
    {Errc::kKeyRevoked, "KeyRevoked", "signed by a key that has been revoked"},
    {Errc::kManifestMismatch, "ManifestMismatch",
     "the list of members is not the one that was signed"},
    {Errc::kBadIndex, "BadIndex", "the signed index is not where it belongs, or malformed"},
    {Errc::kIndexMismatch, "IndexMismatch", "a page of the index is not the one that was signed"},
    {Errc::kUnlistedMember, "UnlistedMember", "the manifest does not list a member that is there"},
    {Errc::kShadowed, "Shadowed", "what nobody has signed would take the place of signed modules"},
    {Errc::kMissingMember, "MissingMember", "a member that the manifest lists is missing"},
    {Errc::kDigestMismatch, "DigestMismatch", "content differs from what was signed"},
    {Errc::kPrefixMismatch, "PrefixMismatch",
     "the bytes in front of the archive differ from what was signed"},
    {Errc::kWrongName, "WrongName", "signed for another product"},
    {Errc::kWrongRoot, "WrongRoot", "signed for directories in another role"},
    {Errc::kRollback, "Rollback", "older than the policy allows"},
    {Errc::kNotYetValid, "NotYetValid", "not valid yet"},
    {Errc::kExpired, "Expired", "expired"},
    {Errc::kClock, "Clock", "the clock of the trust policy failed"},
    {Errc::kBadKey, "BadKey", "not a key of a kind that is handled"},
    {Errc::kWeakKey, "WeakKey", "a key that is too weak to believe"},
    {Errc::kWrongPassword, "WrongPassword", "the key's password is missing or wrong"},
    {Errc::kCrypto, "Crypto", "the crypto library failed"},
    {Errc::kNoCode, "NoCode", "there is no code here that this interpreter can run"},
    {Errc::kPython, "Python", "a Python exception is set"},
}};

constexpr bool codes_in_order() {
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if (static_cast<std::size_t>(kTexts[i].code) != i || kTexts[i].sentence.empty()) return false;
  }
  return true;
}
static_assert(codes_in_order());

}  // namespace

std::string_view sentence(Errc code) noexcept {
  return kTexts[static_cast<std::size_t>(code)].sentence;
}

std::string_view name(Errc code) noexcept { return kTexts[static_cast<std::size_t>(code)].name; }

std::string in_quotes(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\'' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte > 0x7e) {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      out += c;
    }
  }
  out += '\'';
  return out;
}

Status::Status(Errc code, std::string what)
    : code_(code), text_(std::make_unique<Text>(Text{std::move(what), {}, {}, {}})) {
  assert(code != Errc::kOk);
}

Status::Status(const Status& other)
    : code_(other.code_),
      text_(other.text_ == nullptr ? nullptr : std::make_unique<Text>(*other.text_)) {}

const Status::Text& Status::text() const noexcept {
  // Never destroyed: at exit, threads outlive every static object.
  alignas(Text) static std::array<std::byte, sizeof(Text)> place;
  static const Text& none = *::new (place.data()) Text;
  return text_ == nullptr ? none : *text_;
}

Status Status::in(std::string_view context) && {
  if (!ok()) text_->what = std::string(context) + ": " + text_->what;
  return std::move(*this);
}

Status Status::about(std::string_view member) && {
  if (!ok()) text_->member = member;
  return std::move(*this);
}

Status Status::beyond(std::string_view limit) && {
  if (!ok()) text_->limit = limit;
  return std::move(*this);
}

Status Status::advising(std::string_view advice) && {
  if (!ok()) text_->advice = advice;
  return std::move(*this);
}

}  // namespace signedvfs
