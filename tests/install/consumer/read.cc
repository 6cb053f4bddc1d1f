// read PATH: prints main.py of PATH.zip as the owner of PATH.pub signed it, and shows that without
// that key nothing is read.
#include <iostream>
#include <memory>
#include <string>

#include "archive/base/buffer.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "vfs/crypto/public_key.h"
#include "vfs/manifest/policy.h"
#include "vfs/signed_vfs.h"
#include "vfs/verified_bytes.h"

namespace {

using namespace signedvfs;

Status run(const std::string& path) {
  SIGNEDVFS_ASSIGN(const PublicKey key, PublicKey::load(path + ".pub"));
  TrustPolicy policy;
  policy.keys = {key};
  SIGNEDVFS_ASSIGN(const std::shared_ptr<const SignedVfs> vfs,
                   SignedVfs::open(path + ".zip", policy));
  SIGNEDVFS_ASSIGN(const VerifiedBytes code, vfs->read("main.py"));
  std::cout << text_of(code.bytes());
  std::cout << "refused without a key: "
            << name(SignedVfs::open(path + ".zip", TrustPolicy()).code()) << "\n";
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const Status status = run(argv[1]);
  if (!status.ok()) std::cerr << name(status.code()) << ": " << status.what() << "\n";
  return status.ok() ? 0 : 1;
}
