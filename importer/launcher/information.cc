#include "importer/launcher/information.h"

#include <cstddef>
#include <string_view>

#include "vfs/manifest/manifest.h"

namespace signedvfs {
namespace {

void add_line(std::string& text, std::string_view word, std::string_view value) {
  text.append(word).append(": ").append(value).append("\n");
}

}  // namespace

bool names_information(int argc, char** argv) noexcept {
  return argc == 2 && argv[1] == std::string_view("--signedvfs-info");
}

Result<std::string> information_of(const Launch& launch) {
  const SignedVfs& vfs = *launch.vfs;
  std::string text;
  const Attributes& signed_as = vfs.attributes();
  if (signed_as.name) add_line(text, "product", in_quotes(*signed_as.name));
  if (signed_as.serial) add_line(text, "serial", std::to_string(*signed_as.serial));
  for (const std::string& signer : vfs.signers()) add_line(text, "signed by", signer);
  for (const TrustedKey& trusted : launch.rules.policy.keys) {
    add_line(text, "trusts", trusted.key.fingerprint());
  }
  add_line(text, "python", launch.plan.python);
  SIGNEDVFS_ASSIGN(const Manifest* const manifest, vfs.manifest());
  add_line(text, "members", std::to_string(manifest->entries().size()));
  return text;
}

}  // namespace signedvfs
