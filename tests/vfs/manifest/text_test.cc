#include "vfs/manifest/text.h"

#include <gtest/gtest.h>

#include "tests/support/signing.h"
#include "vfs/manifest/header.h"

namespace signedvfs {
namespace {

const std::string kA(64, 'a');  // digests
const std::string kB(64, 'b');
constexpr std::string_view kTail = "@serial 42\n";

std::string members_line(std::string_view body, std::uint64_t count) {
  return "@members " + sha256(body) + " " + std::to_string(count) + "\n";
}

Errc header_outcome(const std::string& text) { return parse_header(text).code(); }

Errc body_outcome(const std::string& text, std::uint64_t members,
                  HashType type = HashType::kSha256) {
  HeaderFields header;
  header.hash_type = type;
  header.members = members;
  return parse_body(text, header, {}).code();
}

TEST(ManifestText, ReadsWhatItWrites) {
  Attributes attributes;
  attributes.expires = 1814313600;
  attributes.name = "vendor/app \xc3\xa9";
  attributes.not_before = 0;
  attributes.order = Order{expect(digest_of(HashType::kSha256, bytes_of("a.py\n"))), 1};
  attributes.prefix = Prefix{expect(digest_of(HashType::kSha256, {})), 17};
  attributes.roots = {"lib", "lib-dynload", "x1"};
  attributes.serial = UINT64_MAX;
  const std::string body = body_of({{"a.py", "x"}, {"b/c.py", ""}}, HashType::kSha512);
  const std::string header = expect(encode_header(HashType::kSha512, attributes, body));
  const std::vector<Signature> signatures{signature_on(header, 0), signature_on(header, 1)};
  const std::string text = encode_manifest(signatures, header, body);

  const ManifestParts parts = expect(split_manifest(text, {}));
  EXPECT_EQ(parts.header, header);
  EXPECT_EQ(parts.body, body);
  ASSERT_EQ(parts.signatures.size(), 2U);
  EXPECT_EQ(parts.signatures[1].fingerprint, fingerprint(1));
  EXPECT_EQ(parts.signatures[1].value, signatures[1].value);
  const HeaderFields again = expect(parse_header(header));
  EXPECT_EQ(again.hash_type, HashType::kSha512);
  EXPECT_EQ(again.attributes, attributes);
  EXPECT_EQ(again.members, 2U);
  const auto entries = expect(parse_body(body, again, {}));
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].path(), "b/c.py");
  EXPECT_EQ(entries[0].digest(), expect(digest_of(HashType::kSha512, bytes_of("x"))));
}

TEST(ManifestText, SpellsTheHeaderInOneWay) {
  Attributes attributes;
  attributes.serial = 42;
  attributes.name = "myapp";
  attributes.expires = 1814313600;
  EXPECT_EQ(expect(encode_header(HashType::kSha256, attributes, "")),
            "sha256\n@expires 2027-06-30T00:00:00Z\n@members " + sha256("") +
                " 0\n@name myapp\n@serial 42\n");
}

TEST(ManifestText, WritesNothingThatItWouldNotRead) {
  const auto header_code = [](auto&& change) {
    Attributes attributes;
    change(attributes);
    return encode_header(HashType::kSha256, attributes, "").code();
  };
  EXPECT_EQ(header_code([](Attributes& a) { a.name = ""; }), Errc::kUsage);
  EXPECT_EQ(header_code([](Attributes& a) { a.name = "two\n@serial 9"; }), Errc::kUsage);
  EXPECT_EQ(header_code([](Attributes& a) { a.name = std::string(256, 'x'); }), Errc::kBadManifest);
  EXPECT_EQ(header_code([](Attributes& a) { a.expires = INT64_MAX; }), Errc::kUsage);
  EXPECT_EQ(encode_header(HashType::kLegacySha1, {}, "").code(), Errc::kWeakHash);
  const Digest digest = expect(digest_of(HashType::kSha256, {}));
  // B4: a newline in a name would forge a member line
  EXPECT_EQ(encode_body(HashType::kSha256, {{"a\n" + kA + " b", digest}}).code(),
            Errc::kBadManifest);
  EXPECT_EQ(encode_body(HashType::kSha256, {{"a", digest}, {"a/b", digest}}).code(),
            Errc::kFileAndDirectory);
  EXPECT_EQ(encode_body(HashType::kSha512, {{"a", digest}}).code(), Errc::kUsage);
}

TEST(ManifestText, FindsTheHeaderAtTheFirstEmptyLineAndNowhereElse) {
  // C6: which bytes are signed is decided by the first empty line
  const std::string text = "\nsha256\n@members x 1\n\nsha256\n";
  const ManifestParts parts = expect(split_manifest(text, {}));
  EXPECT_TRUE(parts.signatures.empty());
  EXPECT_EQ(parts.header, "sha256\n@members x 1\n");
  EXPECT_EQ(parts.body, "\nsha256\n");
  EXPECT_EQ(parts.header.data(), text.data() + 1) << "what is checked is what is parsed";
}

class BrokenFrame : public testing::TestWithParam<std::string> {};

TEST_P(BrokenFrame, IsRefused) {
  EXPECT_EQ(split_manifest(GetParam(), {}).code(), Errc::kBadManifest) << in_quotes(GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    ManifestText, BrokenFrame,
    testing::Values("", "\n", "\nsha256", "\nsha256\n@serial 1",  // ends inside the header
                    kA + " AAAA\nsha256\n",                       // no empty line
                    kA + "\n\nsha256\n", kA + " \n\nsha256\n",    // no signature
                    kA + "  AAAA\n\nsha256\n",                    // two spaces
                    kA + "\tAAAA\n\nsha256\n",                    // a tab
                    " " + kA + " AAAA\n\nsha256\n",               // an indented line
                    kA.substr(1) + " AAAA\n\nsha256\n",           // a short fingerprint
                    std::string(64, 'A') + " AAAA\n\nsha256\n",   // upper case
                    kA + " AAAA\n" + kA + " BBBB\n\nsha256\n",    // C14: twice the same key
                    "\xef\xbb\xbf\nsha256\n",                     // C12: a byte order mark
                    "\r\nsha256\r\n",                             // C12: CRLF
                    // C13: lenient base64
                    kA + " AAA\n\nsha256\n", kA + " AAA=AAAA\n\nsha256\n", kA + " AA A\n\nsha256\n",
                    kA + " AAAA \n\nsha256\n", kA + " AAB=\n\nsha256\n", kA + " AB==\n\nsha256\n",
                    kA + " AA-_\n\nsha256\n"));

TEST(ManifestText, BoundsSignaturesAndHeader) {
  // C15: thousands of signatures, endless lines
  Limits limits;
  std::string text;
  for (std::size_t i = 0; i <= limits.signatures; ++i) {
    text += sha256(std::to_string(i)) + " AAAA\n";
  }
  EXPECT_EQ(split_manifest(text + "\nsha256\n", limits).code(), Errc::kTooLarge);
  const std::string endless(limits.header_bytes + 1, 'A');
  EXPECT_EQ(split_manifest(kA + " " + endless + "\n\nsha256\n", limits).code(), Errc::kTooLarge);
  EXPECT_EQ(split_manifest("\nsha256\n@name " + endless + "\n", limits).code(), Errc::kTooLarge);

  const std::string exact = "\nsha256\n@serial 1\n";
  limits.header_bytes = exact.size();
  EXPECT_TRUE(split_manifest(exact + "body\n", limits).ok());
  EXPECT_EQ(split_manifest(exact + "@serial 2\n", limits).code(), Errc::kTooLarge);
  limits.header_bytes = exact.size() - 1;
  EXPECT_EQ(split_manifest(exact + "body\n", limits).code(), Errc::kTooLarge);
}

TEST(ManifestText, AcceptsThreeHashesByTheirExactNames) {
  // C9: weak hashes, and other spellings of good ones
  const std::string rest = "\n" + members_line("", 0);
  for (const char* good : {"sha256", "sha384", "sha512"}) {
    EXPECT_EQ(header_outcome(good + rest), Errc::kOk) << good;
  }
  for (const char* bad : {"md5", "sha1", "SHA256", "sha-256", "sha256 ", " sha256", "sha224",
                          "sha512/256", "shake256", "crc32", "none", "", "sha256\r"}) {
    EXPECT_EQ(header_outcome(bad + rest), Errc::kWeakHash) << bad;
  }
}

TEST(ManifestText, RefusesAttributesItDoesNotKnow) {
  for (const char* line : {"@inde 0\n", "@indexes 0\n", "@orders 0\n", "@x\n", "@\n",
                           "@Members x 1\n", "@serial\t42\n", "@zzz 1\n"}) {
    const std::string text = line < std::string("@members")
                                 ? "sha256\n" + std::string(line) + members_line("", 0)
                                 : "sha256\n" + members_line("", 0) + line;
    EXPECT_EQ(header_outcome(text), Errc::kUnknownAttribute) << line;
  }
}

TEST(ManifestText, WantsAttributesOnceAndInOrder) {
  const std::string members = members_line("", 0);
  EXPECT_EQ(header_outcome("sha256\n"), Errc::kBadManifest) << "@members is mandatory";
  EXPECT_EQ(header_outcome("sha256\n@serial 1\n"), Errc::kBadManifest);
  EXPECT_EQ(header_outcome("sha256\n" + members + members), Errc::kBadManifest);
  EXPECT_EQ(header_outcome("sha256\n@serial 1\n" + members), Errc::kBadManifest);
  EXPECT_EQ(header_outcome("sha256\n" + members + "@serial 1\n@serial 1\n"), Errc::kBadManifest);
  EXPECT_EQ(header_outcome("sha256\n" + members + "@serial 1\n@name x\n"), Errc::kBadManifest);
  EXPECT_EQ(header_outcome("sha256\n" + members + "@serial 1"), Errc::kBadManifest);
}

class BrokenValue : public testing::TestWithParam<std::string> {};

TEST_P(BrokenValue, IsRefused) {
  const std::string& line = GetParam();
  std::string text = "sha256\n";
  const bool is_members = line.starts_with("@members");
  const bool is_before = line < "@members";
  if (is_before) text += line + "\n";
  text += is_members ? line + "\n" : members_line("", 0);
  if (!is_before && !is_members) text += line + "\n";
  EXPECT_EQ(header_outcome(text), Errc::kBadManifest) << in_quotes(text);
}

INSTANTIATE_TEST_SUITE_P(
    ManifestText, BrokenValue,
    testing::Values("@serial", "@serial ", "@serial  1", "@serial 1 ", "@serial 01", "@serial +1",
                    "@serial -1", "@serial 0x1", "@serial 1.0", "@serial 18446744073709551616",
                    "@serial 1\r", "@expires", "@expires 2027-06-30",
                    "@expires 2027-06-30T00:00:00+00:00", "@expires 2027-06-30t00:00:00z",
                    "@expires 2027-06-30T00:00:00.0Z", "@expires 2027-02-29T00:00:00Z",
                    "@expires 2027-06-30T24:00:00Z", "@not-before never", "@not-before 0", "@name",
                    "@name ", "@name  x", "@name x ", "@name a\\b", "@name ../x", "@roots",
                    "@roots ", "@roots b a", "@roots a a", "@roots a  b", "@roots a ", "@roots A",
                    "@roots a_b", "@roots 1", "@roots -a", "@roots a/b", "@roots .",
                    "@roots " + std::string(33, 'a'), "@roots a b c d e f g h i j k l m n o p q",
                    "@name " + std::string(256, 'x'), std::string("@name a\0b", 9), "@name \x1b[2J",
                    "@name e\xcc\x81", "@name \xff", "@members " + kA, "@members " + kA + " ",
                    "@members " + kA + "  1", "@members " + kA + " 1 ", "@members " + kA + " -1",
                    "@members " + kA + " 007", "@members " + kA.substr(1) + " 1",
                    "@members " + kA + "a 1", "@members " + std::string(64, 'A') + " 1",
                    "@order " + kA, "@order " + kA + " 0", "@order " + kA + " 01",
                    "@order " + kA.substr(1) + " 1", "@order x", "@prefix " + kA,
                    "@prefix " + kA + " 0", "@prefix " + kA + " 1x", "@prefix 1 " + kA));

TEST(ManifestText, TakesMemberLinesInAnyOrderAndSortsThem) {
  HeaderFields header;
  header.members = 3;
  const std::string body = kA + " b\n" + kB + " a/c\n" + kA + " a.b\n";
  const auto entries = expect(parse_body(body, header, {}));
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].path(), "a.b");
  EXPECT_EQ(entries[1].path(), "a/c");
  EXPECT_EQ(entries[1].digest().hex(), kB);
  EXPECT_EQ(entries[2].path(), "b");
}

class BrokenBody : public testing::TestWithParam<std::string> {};

TEST_P(BrokenBody, IsRefused) {
  const std::string& body = GetParam();
  const auto lines = static_cast<std::uint64_t>(std::count(body.begin(), body.end(), '\n'));
  EXPECT_EQ(body_outcome(body, lines), Errc::kBadManifest) << in_quotes(body);
}

INSTANTIATE_TEST_SUITE_P(
    ManifestText, BrokenBody,
    testing::Values("\n", kA + " a\n\n", "\n" + kA + " a\n",  // C8: empty lines
                    kA + " a\nsha256\n" + kB + " b\n",        // C8: a second header
                    kA + " a\n" + kA + " AAAA\n\nsha256\n" + kB +
                        " b\n",                             // C6: a fake manifest inside
                    kA + " a\n@serial 9\n", "# comment\n",  // C8: other lines
                    kA + "\n", kA.substr(1) + " a\n",       // C10: digests cut short,
                    kA + "a a\n", " a\n", "  a\n",
                    std::string(64, 'g') + " a\n",       // too long, empty, not hex,
                    std::string(64, 'A') + " a\n",       // or in another case
                    kA + "\ta\n", " " + kA + " a\n",     // C11: other white space
                    kA + " a", kA + " a\n" + kB + " b",  // C12: no final newline
                    "\xef\xbb\xbf" + kA + " a\n",        // C12: a byte order mark
                    kA + " signedimp-manifest.txt\n"));

TEST(ManifestText, HoldsDigestsToTheLengthOfTheirType) {
  // C10: a digest that matches as a prefix
  EXPECT_EQ(body_outcome(kA + " a\n", 1, HashType::kSha384), Errc::kBadManifest);
  EXPECT_EQ(body_outcome(kA + kA + " a\n", 1, HashType::kSha256), Errc::kBadManifest);
  EXPECT_EQ(body_outcome(kA + kA + " a\n", 1, HashType::kSha512), Errc::kOk);
}

TEST(ManifestText, RefusesNamesThatAreNotPlain) {
  // C11, C12: another spelling of a path is another path, and most are none
  for (const char* path :
       {" a", "a ", "./a", "a//b", "/a", "a/", "../a", "a\\b", "a\r", "a\tb", "a\xff",
        "a\xe2\x80\xa8"
        "b",
        "con/..", "e\xcc\x81"}) {
    const Errc code = body_outcome(kA + " " + path + "\n", 1);
    EXPECT_TRUE(code == Errc::kBadName || std::string_view(path) == " a") << in_quotes(path);
  }
}

TEST(ManifestText, RefusesDuplicatesAlsoInDisguise) {
  // C7: a path twice; B5: paths that differ in case or in compatible characters
  EXPECT_EQ(body_outcome(kA + " a.py\n" + kB + " a.py\n", 2), Errc::kDuplicateName);
  EXPECT_EQ(body_outcome(kA + " a.py\n" + kA + " a.py\n", 2), Errc::kDuplicateName);
  EXPECT_EQ(body_outcome(kA + " A.py\n" + kB + " a.py\n", 2), Errc::kDuplicateName);
  EXPECT_EQ(body_outcome(kA + " strasse\n" + kB +
                             " stra\xc3\x9f"
                             "e\n",
                         2),
            Errc::kDuplicateName);
  EXPECT_EQ(body_outcome(kA + " SignedImp-Manifest.txt\n", 1), Errc::kDuplicateName);
  EXPECT_EQ(body_outcome(kA + " a\n" + kB + " A/b\n", 2), Errc::kFileAndDirectory);
  EXPECT_EQ(body_outcome(kA + " signedimp-manifest.txt/a\n", 1), Errc::kFileAndDirectory);
}

TEST(ManifestText, HoldsTheBodyToItsCount) {
  EXPECT_EQ(body_outcome("", 0), Errc::kOk);
  EXPECT_EQ(body_outcome(kA + " a\n", 0), Errc::kBadManifest);
  EXPECT_EQ(body_outcome(kA + " a\n", 2), Errc::kBadManifest);
  // C15: a count that nobody could hold
  EXPECT_EQ(body_outcome(kA + " a\n", UINT64_MAX), Errc::kTooLarge);
}

}  // namespace
}  // namespace signedvfs
