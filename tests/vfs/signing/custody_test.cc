#include "vfs/signing/custody.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/vfs/signer_case.h"
#include "vfs/manifest/signed_header.h"

namespace signedvfs {
namespace {

using Bytes = std::vector<std::byte>;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kMessage = "what is to be signed";

// number_at returns the number that begins at `at` in a DER signature, of `size` bytes, and moves
// `at` behind it.
Bytes number_at(const Bytes& der, std::size_t& at, std::size_t size) {
  const auto length = static_cast<std::size_t>(der.at(at + 1));
  Bytes digits(der.begin() + static_cast<std::ptrdiff_t>(at + 2),
               der.begin() + static_cast<std::ptrdiff_t>(at + 2 + length));
  at += 2 + length;
  if (digits.size() > size) digits.erase(digits.begin());  // the zero in front of a sign bit
  digits.insert(digits.begin(), size - digits.size(), std::byte{0});
  return digits;
}

// side_by_side returns a DER signature as tokens give it: two numbers of `size` bytes.
Bytes side_by_side(const Bytes& der, std::size_t size) {
  std::size_t at = 2;
  Bytes out = number_at(der, at, size);
  const Bytes second = number_at(der, at, size);
  out.insert(out.end(), second.begin(), second.end());
  return out;
}

struct Curve {
  KeyAlgorithm algorithm;
  std::size_t size;
};

class RawEcdsa : public testing::TestWithParam<Curve> {};

// One number in 256 begins with a zero byte, and every other one with a bit that DER takes for a
// sign: both have to occur.
TEST_P(RawEcdsa, BecomesTheDerThatItWasMadeOf) {
  const PrivateKey key = expect(PrivateKey::generate(GetParam().algorithm));
  bool short_number = false;
  bool sign_bit = false;
  for (int i = 0; i < 20'000 && !(short_number && sign_bit && i > 50); ++i) {
    const Bytes der = expect(key.sign(bytes_of(kMessage)));
    const Bytes raw = side_by_side(der, GetParam().size);
    ASSERT_EQ(expect(fitting_signature(key.public_key(), bytes_of(kMessage), raw)), der);
    const std::byte first = raw.front();
    short_number |= first == std::byte{0};
    sign_bit |= (first & std::byte{0x80}) != std::byte{0};
  }
  EXPECT_TRUE(short_number && sign_bit);
}

TEST_P(RawEcdsa, IsTheOnlyThingThatIsMended) {
  const PrivateKey key = expect(PrivateKey::generate(GetParam().algorithm));
  const Bytes der = expect(key.sign(bytes_of(kMessage)));
  const Bytes raw = side_by_side(der, GetParam().size);
  const auto half = static_cast<std::ptrdiff_t>(GetParam().size);
  std::vector<Bytes> wrong{{}, Bytes(raw.size()), raw, raw, raw, raw, der, der};
  wrong[2].pop_back();
  wrong[3].push_back(std::byte{0});
  wrong[4][5] ^= std::byte{1};
  std::rotate(wrong[5].begin(), wrong[5].begin() + half, wrong[5].end());
  wrong[6].push_back(std::byte{0});
  wrong[7].pop_back();
  for (const Bytes& signature : wrong) {
    const auto refused = fitting_signature(key.public_key(), bytes_of(kMessage), signature);
    EXPECT_EQ(refused.code(), Errc::kSignerFailed);
    EXPECT_THAT(refused.status().what(), HasSubstr(key.public_key().fingerprint()));
  }
  EXPECT_EQ(fitting_signature(key.public_key(), bytes_of("another message"), raw).code(),
            Errc::kSignerFailed);
}

INSTANTIATE_TEST_SUITE_P(Curves, RawEcdsa,
                         testing::Values(Curve{KeyAlgorithm::kEcdsaP256, 32},
                                         Curve{KeyAlgorithm::kEcdsaP384, 48}));

class Custody : public SignerCase {
 protected:
  // elsewhere is a signer that has the key `index` and notes what it is asked for.
  Signer elsewhere(std::size_t index = 0) {
    return Signer(test_key(index).public_key(),
                  [this, index](std::span<const std::byte> message, std::string_view header) {
                    messages_.emplace_back(text_of(message));
                    headers_.emplace_back(header);
                    return test_key(index).sign(message);
                  });
  }

  std::vector<std::string> messages_;
  std::vector<std::string> headers_;
};

TEST_F(Custody, SignsArchivesDirectoriesAndExecutablesElsewhere) {
  SignRequest request = request_for(unsigned_zip());
  request.keys = {elsewhere()};
  expect(sign(request));
  expect_members(request.path);

  SignRequest tree = request_for(unsigned_directory());
  tree.keys = {elsewhere()};
  expect(sign(tree));
  expect_members(tree.path);

  AppendRequest appending;
  appending.archive = request.path;
  appending.executable = directory_.write("run", std::string(1000, '\xcc'));
  appending.output = directory_ / "app";
  appending.keys = {elsewhere()};
  expect(append(appending));
  expect_members(appending.output);

  ASSERT_EQ(headers_.size(), 3U);
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    EXPECT_EQ(messages_[i], expect(signed_message(headers_[i])));
    EXPECT_THAT(headers_[i], HasSubstr("@members "));
  }
  EXPECT_THAT(headers_[2], HasSubstr("@prefix "));
}

TEST_F(Custody, SignsBesidesKeysAtHand) {
  SignRequest request = request_for(unsigned_zip());
  request.keys = {elsewhere(1), test_key(0)};
  EXPECT_THAT(expect(sign(request)).signers, ElementsAre(fingerprint(1), fingerprint(0)));
  expect(SignedVfs::open(request.path, trusting({0, 1}, 2)));
}

TEST_F(Custody, CarriesOverWhatItsKeyHasSigned) {
  SignRequest request = request_for(unsigned_zip());
  request.keys = {elsewhere()};
  request.attributes.name = "app";
  expect(sign(request));
  request.attributes.name.reset();
  EXPECT_EQ(expect(sign(request)).attributes.name, "app");
}

// What does not fit, or fails, changes nothing: neither in place nor beside it.
TEST_F(Custody, WritesNothingWithoutASignatureThatFits) {
  const std::string zip = unsigned_zip();
  const std::string before = file_text(zip);
  const std::string tree = unsigned_directory();
  const std::vector<std::string> names = files();
  const std::vector<Signer::Ask> wrong = {
      [](auto, auto) { return Result<Bytes>(Bytes()); },
      [](auto, auto) { return Result<Bytes>(Bytes(64)); },
      [](auto message, auto) { return test_key(1).sign(message); },
      [](auto, auto header) { return test_key(0).sign(bytes_of(header)); },
      [](auto message, auto) { return test_key(0).sign(message.subspan(1)); },
  };
  for (const Signer::Ask& ask : wrong) {
    for (const std::string& path : {zip, tree}) {
      SignRequest request = request_for(path);
      request.keys = {test_key(2), Signer(test_key(0).public_key(), ask)};
      EXPECT_EQ(sign(request).code(), Errc::kSignerFailed);
    }
  }
  SignRequest request = request_for(zip);
  request.keys = {Signer(test_key(0).public_key(), [](auto, auto) -> Result<Bytes> {
    return Status(Errc::kIo, "the token is not there");
  })};
  EXPECT_THAT(sign(request).status().what(), HasSubstr("the token is not there"));
  EXPECT_EQ(file_text(zip), before);
  EXPECT_EQ(files(), names);
  EXPECT_FALSE(std::filesystem::exists(tree + "/" + std::string(kManifestName)));
}

TEST_F(Custody, TakesNoKeyTwice) {
  SignRequest request = request_for(unsigned_zip());
  request.keys = {test_key(0), elsewhere(0)};
  EXPECT_EQ(sign(request).code(), Errc::kUsage);
  EXPECT_TRUE(messages_.empty());
}

}  // namespace
}  // namespace signedvfs
