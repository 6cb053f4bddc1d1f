// The signatures that the verifier in Python alone is held to as well.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "tests/vfs/bytes.h"
#include "vfs/crypto/base64.h"
#include "vfs/crypto/public_key.h"

namespace signedvfs {
namespace {

Bytes bytes_of_field(const std::string& field) { return field == "-" ? Bytes() : from_hex(field); }

std::string verdict_of(const std::string& key_text, const Bytes& message, const Bytes& signature) {
  const auto der = base64_decode(key_text);
  if (!der) return "malformed";
  const Result<PublicKey> key = PublicKey::from_der(*der);
  if (!key.ok()) return "key";
  const Status status = key->check(message, signature);
  if (status.ok()) return "good";
  return status.code() == Errc::kBadSignature ? "bad" : status.what();
}

TEST(SignatureVectors, AreJudgedAsTheyShouldBe) {
  std::ifstream file(SIGNATURE_VECTORS "signatures.txt");
  std::map<std::string, int> seen;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name;
    std::string verdict;
    std::string key;
    std::string message;
    std::string signature;
    ASSERT_TRUE(fields >> name >> verdict >> key >> message >> signature) << line;
    EXPECT_EQ(verdict_of(key, bytes_of_field(message), bytes_of_field(signature)), verdict) << name;
    ++seen[verdict];
  }
  EXPECT_GE(seen["good"], 10);
  EXPECT_GE(seen["bad"], 60);
  EXPECT_GE(seen["key"], 30);
}

}  // namespace
}  // namespace signedvfs
