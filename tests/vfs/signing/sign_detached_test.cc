// Signing directories that are left alone.
#include "vfs/signing/sign_detached.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/signing.h"
#include "tests/vfs/signer_case.h"

namespace signedvfs {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string content_of(Result<VerifiedBytes> read) {
  const VerifiedBytes content = expect(std::move(read));
  return std::string(text_of(content.bytes()));
}

class SignDetached : public SignerCase {
 protected:
  SignDetached() : tree_(unsigned_directory()), manifest_(directory_ / "tree.manifest") {}

  Result<SignReport> sign_with(const SignRequest& request) const {
    return sign_detached(request, manifest_, {{"tree", tree_, {}}});
  }

  std::string tree_;
  std::string manifest_;
};

TEST_F(SignDetached, WritesTheManifestAndNothingElse) {
  fs::permissions(tree_, fs::perms::owner_read | fs::perms::owner_exec);
  const SignReport report = expect(sign_with(request_for(tree_)));
  fs::permissions(tree_, fs::perms::owner_all);
  EXPECT_EQ(report.output, manifest_);
  EXPECT_EQ(report.members, kMembers.size());
  EXPECT_THAT(report.attributes.roots, ElementsAre("tree"));
  EXPECT_THAT(files(), testing::UnorderedElementsAre("tree", "tree.manifest"));
  EXPECT_FALSE(fs::exists(tree_ + "/signedimp-manifest.txt"));
  const auto vfs = expect(open_detached(tree_, manifest_, trusting()));
  for (const auto& [name, content] : kMembers) {
    EXPECT_EQ(content_of(vfs->read(name)), content);
  }
}

TEST_F(SignDetached, SignsSeveralRootsAndWhatIsApartInNone) {
  directory_.write("tree/dynload/m.so", "native");
  directory_.write("tree/site/other.py", "other");
  const std::vector<RootDirectory> roots{{"stdlib", tree_, {"dynload", "site"}},
                                         {"dynload", tree_ + "/dynload", {}}};
  const SignReport report = expect(sign_detached(request_for(tree_), manifest_, roots));
  EXPECT_EQ(report.members, kMembers.size() + 1);
  const auto opened = expect(open_roots(manifest_, roots, trusting()));
  EXPECT_EQ(opened[0].vfs->listing().size(), kMembers.size());
  EXPECT_THAT(expect(opened[1].vfs->listing().paths()), ElementsAre("m.so"));
}

TEST_F(SignDetached, LeavesOutWhatNoManifestCanList) {
  fs::create_symlink("b.txt", tree_ + "/inside.txt");
  fs::create_symlink("../outside", tree_ + "/outside.txt");
  fs::create_symlink("/etc/passwd", tree_ + "/absolute.txt");
  fs::create_directory_symlink("app", tree_ + "/alias");
  ASSERT_EQ(::mkfifo((tree_ + "/fifo").c_str(), 0600), 0);
  const SignReport report = expect(sign_with(request_for(tree_)));
  EXPECT_EQ(report.members, kMembers.size() + 1);
  EXPECT_EQ(report.left_out.size(), 4U);
  for (const char* name : {"'outside.txt'", "'absolute.txt'", "'alias'", "'fifo'"}) {
    EXPECT_THAT(report.left_out, Contains(HasSubstr(name)));
  }
  const auto vfs = expect(open_detached(tree_, manifest_, trusting()));
  EXPECT_EQ(content_of(vfs->read("inside.txt")), kMembers.at("b.txt"));
}

TEST_F(SignDetached, RefusesToWriteIntoTheTree) {
  for (const char* place : {"/m", "/app/m", "/signedimp-manifest.txt", "/app/../m"}) {
    const auto outcome = sign_detached(request_for(tree_), tree_ + place, {{"tree", tree_, {}}});
    EXPECT_EQ(outcome.code(), Errc::kUsage) << place;
  }
  fs::create_directory_symlink(tree_, directory_ / "alias");
  EXPECT_EQ(sign_detached(request_for(tree_), directory_ / "alias/m", {{"tree", tree_, {}}}).code(),
            Errc::kUsage);
  // K5: a neighbour whose name begins alike is another directory
  fs::create_directory(directory_ / "tree-2");
  EXPECT_TRUE(
      sign_detached(request_for(tree_), directory_ / "tree-2/m", {{"tree", tree_, {}}}).ok());
}

TEST_F(SignDetached, OverwritesNothingButItsLike) {
  const std::string precious = directory_.write("precious", "my only copy");
  const std::vector<RootDirectory> roots{{"tree", tree_, {}}};
  EXPECT_EQ(sign_detached(request_for(tree_), precious, roots).code(), Errc::kUsage);
  const std::string attached = directory_.write("attached", manifest_for(kMembers));
  EXPECT_EQ(sign_detached(request_for(tree_), attached, roots).code(), Errc::kUsage);
  expect(sign_with(request_for(tree_)));
  expect(sign_with(request_for(tree_)));
}

TEST_F(SignDetached, CarriesItsOwnAttributesOver) {
  SignRequest request = request_for(tree_);
  request.attributes.name = "app";
  request.attributes.serial = 41;
  expect(sign_with(request));
  const SignReport again = expect(sign_with(request_for(tree_)));
  EXPECT_THAT(again.carried_over, ElementsAre("name", "serial"));
  EXPECT_EQ(again.attributes.serial, 41U);
  const SignReport by_another = expect(sign_with(request_for(tree_, {1})));
  EXPECT_THAT(by_another.carried_over, IsEmpty());
  EXPECT_THAT(by_another.dropped, ElementsAre(fingerprint(0)));
}

TEST_F(SignDetached, AddsASignatureToTheSameStatementOnly) {
  expect(sign_with(request_for(tree_)));
  SignRequest second = request_for(tree_, {1});
  second.keep_signatures = true;
  const SignReport report = expect(sign_with(second));
  EXPECT_TRUE(report.added);
  EXPECT_TRUE(open_detached(tree_, manifest_, trusting({0, 1}, 2)).ok());
  const auto other_role = sign_detached(second, manifest_, {{"plugins", tree_, {}}});
  EXPECT_EQ(other_role.code(), Errc::kUsage);
  directory_.write("tree/b.txt", "changed");
  EXPECT_EQ(sign_with(second).code(), Errc::kUsage);
}

TEST_F(SignDetached, AgreesWithTheTreesOwnManifest) {
  expect(sign(request_for(tree_)));
  expect(sign_with(request_for(tree_)));
  EXPECT_TRUE(open_detached(tree_, manifest_, trusting()).ok());
  directory_.write("tree/b.txt", "changed");
  EXPECT_EQ(sign_with(request_for(tree_)).code(), Errc::kManifestMismatch);
  EXPECT_EQ(sign_with(request_for(tree_, {1})).code(), Errc::kNoTrustedKey);
}

TEST_F(SignDetached, RefusesWhatMakesNoSense) {
  const SignRequest request = request_for(tree_);
  for (const char* role : {"", "Tree", "a b", "-a", "1a", "a/b", "a\n", "tree_1"}) {
    EXPECT_EQ(sign_detached(request, manifest_, {{role, tree_, {}}}).code(), Errc::kUsage) << role;
  }
  EXPECT_EQ(sign_detached(request, manifest_, {{std::string(33, 'a'), tree_, {}}}).code(),
            Errc::kUsage);
  EXPECT_EQ(sign_detached(request, manifest_, {}).code(), Errc::kUsage);
  EXPECT_EQ(sign_detached(request, manifest_, {{"a", tree_, {}}, {"a", tree_, {}}}).code(),
            Errc::kUsage);
  SignRequest indexed = request;
  indexed.index = true;
  EXPECT_EQ(sign_with(indexed).code(), Errc::kUsage);
  SignRequest with_output = request;
  with_output.output = directory_ / "out";
  EXPECT_EQ(sign_with(with_output).code(), Errc::kUsage);
  EXPECT_EQ(sign_with(request_for(tree_, {})).code(), Errc::kUsage);
  SignRequest rooted = request;
  rooted.attributes.roots = {"tree"};
  EXPECT_EQ(sign(rooted).code(), Errc::kUsage);
  EXPECT_EQ(sign_detached(request, manifest_, {{"tree", directory_ / "nothing", {}}}).code(),
            Errc::kNotFound);
  EXPECT_THAT(files(), ElementsAre("tree"));
}

TEST_F(SignDetached, GivesUpWithoutATrace) {
  SignRequest request = request_for(tree_);
  std::uint64_t last = 0;
  request.progress = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, 2 * kMembers.size());
    last = done;
    return done < 3;
  };
  EXPECT_EQ(sign_with(request).code(), Errc::kUsage);
  EXPECT_EQ(last, 3U);
  EXPECT_THAT(files(), ElementsAre("tree"));
}

}  // namespace
}  // namespace signedvfs
