#include "vfs/signing/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"
#include "vfs/manifest/order.h"
#include "vfs/signed_vfs.h"
#include "vfs/signing/signer.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kOrder(kOrderName);
const std::string kManifest(kManifestName);

class LayingOut : public testing::Test {
 protected:
  static Members members(const std::string& order) {
    return {{"a.py", "a"}, {"b.py", "bb"}, {"c/d.py", "d"}, {"z.txt", "z"}, {kOrder, order}};
  }

  SignRequest request(const std::string& order, Method method = Method::kStored) {
    SignRequest request;
    request.path = directory_.write("app.zip", zip_of(members(order), method));
    request.keys = {test_key()};
    return request;
  }

  // written returns the members' names in the order in which they stand in the file.
  static std::vector<std::string> written(const std::string& path) {
    const std::string file = file_text(path);
    const std::string bytes = file.substr(0, file.find("PK\1\2"));  // in front of the directory
    std::vector<std::pair<std::size_t, std::string>> found;
    for (const char* name : {"a.py", "b.py", "c/d.py", "z.txt"}) {
      found.emplace_back(bytes.find(name), name);
    }
    found.emplace_back(bytes.find(kOrder), kOrder);
    if (bytes.find(kManifest) != std::string::npos) {
      found.emplace_back(bytes.find(kManifest), kManifest);
    }
    std::sort(found.begin(), found.end());
    std::vector<std::string> names;
    for (const auto& [offset, name] : found) names.push_back(name);
    return names;
  }

  TemporaryDirectory directory_;
};

TEST_F(LayingOut, PutsRecordedMembersFirstAndTheRecordLast) {
  const SignRequest signing = request("z.txt\nb.py\n");
  EXPECT_EQ(expect(sign(signing)).members, 5U);
  EXPECT_THAT(written(signing.path),
              ElementsAre("z.txt", "b.py", "a.py", "c/d.py", kOrder, kManifest));
  const auto vfs = expect(SignedVfs::open(signing.path, trusting()));
  EXPECT_THAT(expect(vfs->order()), ElementsAre("z.txt", "b.py"));
  EXPECT_TRUE(vfs->verify_all().ok());
  ASSERT_TRUE(vfs->attributes().order);
  EXPECT_EQ(vfs->attributes().order->digest.hex(), sha256("z.txt\nb.py\n"));
  EXPECT_EQ(vfs->attributes().order->members, 2U);
}

TEST_F(LayingOut, IsKeptByEverySignature) {
  SignRequest signing = request("z.txt\nb.py\n", Method::kDeflate);
  expect(sign(signing));
  const std::string once = file_text(signing.path);
  expect(sign(signing));
  EXPECT_EQ(file_text(signing.path), once);
  signing.keys = {test_key(1)};
  signing.keep_signatures = true;
  EXPECT_TRUE(expect(sign(signing)).added);
  signing.keep_signatures = false;
  signing.attributes.serial = 7;
  signing.hash_type = HashType::kSha512;
  expect(sign(signing));
  const auto vfs = expect(SignedVfs::open(signing.path, trusting({1})));
  EXPECT_THAT(expect(vfs->order()), ElementsAre("z.txt", "b.py"));
  EXPECT_THAT(written(signing.path),
              ElementsAre("z.txt", "b.py", "a.py", "c/d.py", kOrder, kManifest));
}

TEST_F(LayingOut, IsKeptBehindAnExecutableAndWithoutASignature) {
  const SignRequest signing = request("z.txt\nb.py\n");
  expect(sign(signing));
  AppendRequest appending;
  appending.archive = signing.path;
  appending.executable = directory_.write("run", "#!run\n");
  appending.output = directory_ / "app";
  appending.keys = signing.keys;
  expect(append(appending));
  EXPECT_THAT(written(appending.output),
              ElementsAre("z.txt", "b.py", "a.py", "c/d.py", kOrder, kManifest));
  EXPECT_THAT(expect(expect(SignedVfs::open(appending.output, trusting()))->order()),
              ElementsAre("z.txt", "b.py"));

  ASSERT_TRUE(unsign(signing.path, {}).ok());
  EXPECT_THAT(written(signing.path), ElementsAre("z.txt", "b.py", "a.py", "c/d.py", kOrder));
}

TEST_F(LayingOut, IsRefusedWhereItMakesNoSense) {
  for (const std::string& order :
       {std::string(), std::string("a.py"), std::string("a.py\n\n"), std::string("a.py\nno.py\n"),
        std::string("a.py\na.py\n"), kOrder + "\n", kManifest + "\n", std::string("a.py\r\n")}) {
    const SignRequest signing = request(order);
    const std::string before = file_text(signing.path);
    const auto refused = sign(signing);
    ASSERT_EQ(refused.code(), Errc::kUsage) << in_quotes(order);
    EXPECT_THAT(refused.status().what(), HasSubstr(kOrder));
    EXPECT_THAT(refused.status().what(), HasSubstr("--record"));
    EXPECT_EQ(file_text(signing.path), before);
  }
  SignRequest given = request("a.py\n");
  given.attributes.order.emplace();
  EXPECT_EQ(sign(given).code(), Errc::kUsage) << "it is found, not given";
}

TEST_F(LayingOut, IsSignedForDirectories) {
  for (const auto& [name, content] : members("z.txt\nb.py\n")) {
    directory_.write("tree/" + name, content);
  }
  SignRequest signing;
  signing.path = directory_ / "tree";
  signing.keys = {test_key()};
  expect(sign(signing));
  const auto vfs = expect(SignedVfs::open(signing.path, trusting()));
  EXPECT_THAT(expect(vfs->order()), ElementsAre("z.txt", "b.py"));
  directory_.write("tree/" + kOrder, "b.py\n");
  EXPECT_EQ(vfs->order().code(), Errc::kDigestMismatch);
}

}  // namespace
}  // namespace signedvfs
