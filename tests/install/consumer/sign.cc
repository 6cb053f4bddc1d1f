// sign PATH: writes PATH.zip, signed, and the public key PATH.pub.
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

#include "archive/base/buffer.h"
#include "archive/base/status.h"
#include "archive/members/codec.h"
#include "archive/zip/writer.h"
#include "vfs/signing/private_key.h"
#include "vfs/signing/signer.h"

namespace {

using namespace signedvfs;

Status write_archive(const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  const Sink sink = [&file](std::span<const std::byte> bytes) {
    file << text_of(bytes);
    return file ? Status() : Status(Errc::kIo, "writing failed");
  };
  SIGNEDVFS_ASSIGN(const Packed member,
                   pack_member(bytes_of("print('hello')\n"), Method::kDeflate));
  ZipWriter writer(sink, 0);
  SIGNEDVFS_TRY(writer.add("main.py", member));
  return std::move(writer).finish();
}

Status run(const std::string& path) {
  SIGNEDVFS_TRY(write_archive(path + ".zip"));
  SIGNEDVFS_ASSIGN(const PrivateKey key, PrivateKey::generate(KeyAlgorithm::kEd25519));
  std::ofstream(path + ".pub") << key.public_key().pem();
  SignRequest request;
  request.path = path + ".zip";
  request.keys = {key};
  SIGNEDVFS_ASSIGN(const SignReport report, sign(request));
  std::cout << report.output << " has " << report.members << " members\n";
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const Status status = run(argv[1]);
  if (!status.ok()) std::cerr << name(status.code()) << ": " << status.what() << "\n";
  return status.ok() ? 0 : 1;
}
