// Rules of a launcher: what is read is written back identically, whoever made the digest.
//
// Input: the section's front; what is left of it is zeros, and its digest is put behind them. Input
// of a section's size is taken as it is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/support/signing.h"
#include "vfs/manifest/launch_rules.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace signedvfs;
  std::string section(reinterpret_cast<const char*>(data), size);
  if (size <= kLaunchDigestAt) {
    section.resize(kLaunchDigestAt, '\0');
    section += text_of(expect(digest_of(HashType::kSha256, bytes_of(section))).value());
  }
  const auto rules = decode_launch_rules(bytes_of(section));
  if (!rules.ok()) {
    require(!rules.status().what().empty());
    require(rules.code() != Errc::kUsage && rules.code() != Errc::kCrypto);
    return 0;
  }
  require(rules->policy.validate().ok() && !rules->policy.keys.empty() && !rules->policy.legacy);
  require(expect(encode_launch_rules(*rules)) == section);
  return 0;
}
