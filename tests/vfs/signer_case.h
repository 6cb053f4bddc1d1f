// What tests of the signer sign, and how they look at the result.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "archive/opening.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"
#include "vfs/signed_vfs.h"
#include "vfs/signing/signer.h"

namespace signedvfs {

inline const Members kMembers{{"app/__init__.py", "x = 1\n"}, {"b.txt", std::string(5000, 'b')}};

class SignerCase : public testing::Test {
 protected:
  std::string unsigned_zip(Method method = Method::kDeflate) const {
    return directory_.write("app.zip", zip_of(kMembers, method));
  }

  std::string unsigned_directory() const {
    for (const auto& [name, content] : kMembers) directory_.write("tree/" + name, content);
    return directory_ / "tree";
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  TemporaryDirectory directory_;
};

inline SignRequest request_for(const std::string& path,
                               const std::vector<std::size_t>& keys = {0}) {
  SignRequest request;
  request.path = path;
  for (const std::size_t key : keys) request.keys.push_back(test_key(key));
  return request;
}

inline std::string expect_text(const std::string& path, std::string_view member) {
  const Buffer content = expect(expect(open_container(path, {}))->read(member));
  return std::string(text_of(content.bytes()));
}

inline std::shared_ptr<const SignedVfs> open_signed(const std::string& path,
                                                    const TrustPolicy& policy = trusting()) {
  return expect(SignedVfs::open(path, policy));
}

inline void expect_members(const std::string& path, const Members& members = kMembers) {
  const auto vfs = open_signed(path);
  EXPECT_EQ(vfs->listing().size(), members.size());
  for (const auto& [name, content] : members) {
    const VerifiedBytes bytes = expect(vfs->read(name));
    EXPECT_EQ(text_of(bytes.bytes()), content);
  }
}

}  // namespace signedvfs
