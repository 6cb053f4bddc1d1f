#include "archive/lenient/advice.h"

#include <string_view>
#include <utility>

namespace signedvfs {
namespace {

// What can be done is done in tests/cli/test_lenient_signing.py.
constexpr std::string_view kUnpack =
    "Unpack it with a tool that reads it (unzip ARCHIVE -d TREE, or python3 -m zipfile -e ARCHIVE "
    "TREE), look whether that is what is meant, and sign an archive of it: signedvfs pack TREE -o "
    "NEW "
    "--key KEY.";

std::string_view advice_for(Errc code) {
  switch (code) {
    case Errc::kBadFlags:
    case Errc::kBadRecord:
    case Errc::kBadZip64:
    case Errc::kHeaderMismatch:
    case Errc::kNotTiled:
    case Errc::kTrailingBytes:
      return kUnpack;
    case Errc::kBadName:
      return "Unpack it (unzip ARCHIVE -d TREE), rename the file, and sign an archive of that: "
             "signedvfs pack TREE -o NEW --key KEY.";
    case Errc::kBadMethod:
      return "Unpack it with a tool that knows the method (7z x ARCHIVE -oTREE), and sign an "
             "archive of that: signedvfs pack TREE -o NEW --key KEY.";
    case Errc::kBadMode:
      return "Unpack it (unzip ARCHIVE -d TREE), look at what is no plain file, and sign an "
             "archive "
             "of that: signedvfs pack TREE -o NEW --key KEY (--follow-links takes what links lead "
             "to).";
    case Errc::kMultiDisk:
      return "Join the volumes (zip -s 0 ARCHIVE --out WHOLE), and sign that.";
    case Errc::kDuplicateName:
    case Errc::kFileAndDirectory:
      return "Unpack it (unzip -n ARCHIVE -d TREE keeps the first of two, unzip -o the last), "
             "remove "
             "what is not meant, and sign an archive of that: signedvfs pack TREE -o NEW --key "
             "KEY.";
    default:
      return {};  // what goes with the code will do
  }
}

}  // namespace

Status advised(Status failure) {
  if (failure.ok() || !failure.advice().empty()) return failure;
  const std::string_view advice = advice_for(failure.code());
  return std::move(failure).advising(advice);
}

}  // namespace signedvfs
