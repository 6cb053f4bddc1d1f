#include "vfs/index/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/index.h"

namespace signedvfs {
namespace {

const Digest kDigest = expect(digest_of(HashType::kSha256, bytes_of("x")));

Result<IndexNode> parse(std::string_view bytes, HashType type = HashType::kSha256,
                        const Limits& limits = {}) {
  return IndexNode::parse(buffer_of(bytes), type, limits);
}

std::string leaf_of(const std::vector<std::string>& paths,
                    const IndexRecord& record = {1, 2, 2, Method::kStored, kDigest}) {
  NodeBuilder builder;
  for (const std::string& path : paths) builder.add(path, record);
  const ByteBuilder built = builder.finish(true);
  return std::string(text_of(built.bytes()));
}

std::string inner_of(const std::vector<std::string>& paths, const PageReference& page) {
  NodeBuilder builder;
  for (const std::string& path : paths) builder.add(path, page);
  const ByteBuilder built = builder.finish(false);
  return std::string(text_of(built.bytes()));
}

TEST(IndexNode, GivesBackWhatWasBuilt) {
  for (const HashType type : {HashType::kSha256, HashType::kSha384, HashType::kSha512}) {
    const Digest digest = expect(digest_of(type, bytes_of("y")));
    const std::uint64_t far = std::uint64_t{1} << 40U;
    const IndexNode leaf = expect(parse(
        leaf_of({"a", "a/b", "b"}, {far + 1, far + 2, far + 3, Method::kZstd, digest}), type));
    ASSERT_TRUE(leaf.is_leaf());
    ASSERT_EQ(leaf.count(), 3U);
    EXPECT_EQ(leaf.path(0), "a");
    EXPECT_EQ(leaf.path(1), "a/b");
    EXPECT_EQ(leaf.path(2), "b");
    const IndexRecord record = leaf.record(2);
    EXPECT_EQ(record.offset, far + 1);
    EXPECT_EQ(record.stored_size, far + 2);
    EXPECT_EQ(record.size, far + 3);
    EXPECT_EQ(record.method, Method::kZstd);
    EXPECT_EQ(record.digest, digest);
  }
  const IndexNode inner = expect(parse(inner_of({"a", "b"}, {7, 8, kDigest})));
  ASSERT_FALSE(inner.is_leaf());
  EXPECT_EQ(inner.page(1).offset, 7U);
  EXPECT_EQ(inner.page(1).size, 8U);
  EXPECT_EQ(inner.page(1).digest, kDigest);
}

TEST(IndexNode, RefusesEveryPageThatDoesNotAddUp) {
  for (const std::string& page :
       {leaf_of({"a", "a/b", "b"}), inner_of({"a", "b"}, {7, 8, kDigest})}) {
    ASSERT_TRUE(parse(page).ok());
    for (std::size_t size = 0; size < page.size(); ++size) {
      EXPECT_FALSE(parse(page.substr(0, size)).ok()) << size;
    }
    EXPECT_FALSE(parse(page + "z").ok() && parse(page + std::string(1, '\0')).ok());
    EXPECT_EQ(parse(page + std::string(100, '\0')).code(), Errc::kBadIndex);
    // kind, count and the three ends: every other value of each byte
    for (std::size_t i = 0; i < 12; ++i) {
      for (unsigned flip = 1; flip < 256; ++flip) {
        std::string changed = page;
        changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ flip);
        const auto node = parse(changed);
        // The first path may lose bytes to the second one and still stand before it.
        if (node.ok()) {
          EXPECT_LT(node->path(0), node->path(1));
        }
      }
    }
  }
}

TEST(IndexNode, RefusesPathsThatNoMemberMayHave) {
  EXPECT_EQ(parse(leaf_of({"b", "a"})).code(), Errc::kBadIndex);
  EXPECT_EQ(parse(leaf_of({"a", "a"})).code(), Errc::kBadIndex);
  EXPECT_EQ(parse(leaf_of({""})).code(), Errc::kBadIndex);
  EXPECT_EQ(parse(leaf_of({"signedimp-manifest.txt"})).code(), Errc::kBadIndex);
  EXPECT_EQ(parse(leaf_of({"signedvfs-index.bin"})).code(), Errc::kBadIndex);
  for (const char* bad : {"../a", "/a", "a//b", "a\\b", "a\nb", "a/.", "\xff", "a/"}) {
    EXPECT_EQ(parse(leaf_of({bad})).code(), Errc::kBadName) << bad;
  }
  Limits limits;
  limits.name_bytes = 4;
  EXPECT_EQ(parse(leaf_of({"abcde"}), HashType::kSha256, limits).code(), Errc::kBadName);
}

TEST(IndexNode, RefusesImpossibleNumbers) {
  EXPECT_EQ(parse(leaf_of({"a"}, {0, 1, 1, static_cast<Method>(1), kDigest})).code(),
            Errc::kBadIndex);
  EXPECT_EQ(parse(leaf_of({"a"}, {0, 1, 2, Method::kStored, kDigest})).code(), Errc::kBadIndex);
  EXPECT_EQ(parse(inner_of({"a", "b"}, {0, kMaxPageBytes + 1, kDigest})).code(), Errc::kBadIndex);
  EXPECT_TRUE(parse(leaf_of({})).ok()) << "of an archive without members";
  EXPECT_EQ(parse(inner_of({}, {})).code(), Errc::kBadIndex);
}

// A page that was signed is no reason to trust its numbers: whoever made the signer's files wrong
// must get an error, and never memory that is not there.
class SignedButWrong : public testing::Test {
 protected:
  // opening opens an archive whose root page is `root`, in front of which stands `pages`.
  static Result<std::shared_ptr<const SignedVfs>> opening(const std::string& root,
                                                          const std::string& pages = {}) {
    return opened(indexed_zip_of(
        {{"a", "x"}, {"b", "y"}}, {.change_index = [&](Index& index) {
          index.pages = pages + root;
          index.root = {expect(digest_of(HashType::kSha256, bytes_of(root))), root.size()};
        }}));
  }

  static PageReference reference(const std::string& page, std::uint64_t offset) {
    return {offset, static_cast<std::uint32_t>(page.size()),
            expect(digest_of(HashType::kSha256, bytes_of(page)))};
  }
};

TEST_F(SignedButWrong, RootsAreRefused) {
  EXPECT_EQ(opening("").code(), Errc::kBadIndex);
  EXPECT_EQ(opening("nonsense").code(), Errc::kBadIndex);
  EXPECT_EQ(opening(leaf_of({"b", "a"})).code(), Errc::kBadIndex);
  EXPECT_EQ(opening(std::string(kMaxPageBytes + 1, 'x')).code(), Errc::kBadIndex);
  // larger than the index is
  const auto larger = opened(indexed_zip_of({{"a", "x"}}, {.change_index = [](Index& index) {
                                              index.root.size = std::uint64_t{1} << 63U;
                                            }}));
  EXPECT_EQ(larger.code(), Errc::kBadIndex);
}

TEST_F(SignedButWrong, PlacesOutsideTheFileAreRefused) {
  const std::uint64_t max = UINT64_MAX;
  for (const IndexRecord& record :
       {IndexRecord{max, 1, 1, Method::kStored, kDigest},
        IndexRecord{max - 5, 10, 10, Method::kStored, kDigest},
        IndexRecord{0, std::uint64_t{1} << 27U, std::uint64_t{1} << 27U, Method::kStored, kDigest},
        IndexRecord{std::uint64_t{1} << 40U, 1, 1, Method::kStored, kDigest}}) {
    const auto vfs = expect(opening(leaf_of({"a", "b"}, record)));
    EXPECT_EQ(vfs->read("a").code(), Errc::kMissingMember);
    EXPECT_FALSE(vfs->verify_all().ok());
  }
  const auto huge = expect(opening(leaf_of({"a"}, {0, max, max, Method::kStored, kDigest})));
  EXPECT_EQ(huge->read("a").code(), Errc::kTooLarge);
  const auto bomb = expect(opening(leaf_of({"a"}, {0, 1, 1U << 29U, Method::kDeflate, kDigest})));
  EXPECT_EQ(bomb->read("a").code(), Errc::kTooLarge);
}

TEST_F(SignedButWrong, StreamsThatDecodeToSomethingElseAreRefused) {
  // A5: the digest of the stored bytes is right, and what they decode to has another size
  const std::string content(300, 'a');
  const Packed packed = expect(pack_member(bytes_of(content), Method::kDeflate));
  const Digest stored = expect(digest_of(HashType::kSha256, packed.bytes.bytes()));
  const std::string local_header(30 + 1, 'h');
  for (const std::uint64_t size : {299U, 301U, 0U}) {
    const auto vfs = expect(opened(indexed_zip_of(
        {{"a", content}}, {.method = Method::kDeflate, .change_index = [&](Index& index) {
                             index.pages = leaf_of({"a"}, {local_header.size(), packed.bytes.size(),
                                                           size, Method::kDeflate, stored});
                             index.root = {
                                 expect(digest_of(HashType::kSha256, bytes_of(index.pages))),
                                 index.pages.size()};
                           }})));
    EXPECT_EQ(vfs->read("a").code(), Errc::kCorruptMember) << size;
  }
}

TEST_F(SignedButWrong, PagesThatLeadAstrayAreRefused) {
  const std::string a = leaf_of({"a"});
  const std::string b = leaf_of({"b"});
  // outside the index
  for (const std::uint64_t offset : {UINT64_MAX, std::uint64_t{1} << 20U, std::uint64_t{500}}) {
    const auto vfs = expect(opening(inner_of({"a", "b"}, reference(a, offset)), a + b));
    EXPECT_FALSE(vfs->contains("a").ok()) << offset;
  }
  // a page that begins with another path, and one that reaches into the next one's
  const auto wrong_first = expect(opening(inner_of({"a", "b"}, reference(b, a.size())), a + b));
  EXPECT_EQ(wrong_first->contains("a").code(), Errc::kBadIndex);
  EXPECT_TRUE(expect(wrong_first->contains("b")));
  EXPECT_EQ(wrong_first->listing().paths().code(), Errc::kBadIndex);
  const std::string both = leaf_of({"a", "c"});
  const auto overlap = expect(opening(inner_of({"a", "b"}, reference(both, 0)), both));
  EXPECT_EQ(overlap->contains("a").code(), Errc::kBadIndex);
  // an empty page below the root
  const std::string empty = leaf_of({});
  const auto hollow = expect(opening(inner_of({"a", "b"}, reference(empty, 0)), empty));
  EXPECT_EQ(hollow->contains("a").code(), Errc::kBadIndex);
}

TEST_F(SignedButWrong, TreesWithoutEndAreRefused) {
  // a page cannot contain its own digest, but a tower of single entries can be any height
  std::string pages = leaf_of({"a"});
  std::string top = pages;
  std::uint64_t at = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string above = inner_of({"a"}, reference(top, at));
    at = pages.size();
    pages += above;
    top = above;
  }
  const auto vfs = expect(opening(top, pages.substr(0, pages.size() - top.size())));
  const auto refused = vfs->contains("a");
  EXPECT_EQ(refused.code(), Errc::kBadIndex);
  EXPECT_THAT(refused.status().what(), testing::HasSubstr("too deep"));
}

TEST_F(SignedButWrong, IndexesThatContradictTheManifestAreRefusedByVerifyingAll) {
  // The index lists what the manifest does not, or the other way round.
  const auto more = expect(opening(leaf_of({"a", "b", "c"})));
  EXPECT_EQ(more->verify_all().code(), Errc::kIndexMismatch);
  const auto less = expect(opening(leaf_of({"a"})));
  EXPECT_EQ(less->read("b").code(), Errc::kNotFound);
  EXPECT_EQ(less->verify_all().code(), Errc::kIndexMismatch);
}

}  // namespace
}  // namespace signedvfs
