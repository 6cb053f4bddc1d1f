#include "vfs/crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <utility>

#include "archive/os/per_thread.h"
#include "vfs/crypto/openssl.h"

namespace signedvfs {
namespace {

struct HashText {
  HashType type;
  std::string_view name;
  const char* openssl_name;
  std::size_t bytes;
};

constexpr std::array<HashText, 5> kHashes = {{
    {HashType::kSha256, "sha256", "SHA2-256", 32},
    {HashType::kSha384, "sha384", "SHA2-384", 48},
    {HashType::kSha512, "sha512", "SHA2-512", 64},
    {HashType::kLegacySha1, "sha1", "SHA1", 20},
    {HashType::kLegacyMd5, "md5", "MD5", 16},
}};

constexpr bool hashes_in_order() {
  for (std::size_t i = 0; i < kHashes.size(); ++i) {
    if (static_cast<std::size_t>(kHashes[i].type) != i) return false;
  }
  return true;
}
static_assert(hashes_in_order());

constexpr const HashText& row_of(HashType type) noexcept {
  return kHashes[static_cast<std::size_t>(type)];
}

// algorithm returns the implementation of `type`, or null. It is fetched by the first who asks and,
// like its context, never freed.
const EVP_MD* algorithm(HashType type) {
  static std::array<std::atomic<EVP_MD*>, kHashes.size()> fetched;
  std::atomic<EVP_MD*>& slot = fetched[static_cast<std::size_t>(type)];
  if (const EVP_MD* const present = slot.load(std::memory_order_acquire)) return present;

  const PassingGate gate;  // a look-up takes locks
  const Result<OSSL_LIB_CTX*> context = openssl_context();
  if (!context.ok()) return nullptr;
  Owned<EVP_MD, EVP_MD_free> ours(EVP_MD_fetch(*context, row_of(type).openssl_name, kProvider));
  EVP_MD* theirs = nullptr;
  if (!ours || !slot.compare_exchange_strong(theirs, ours.get())) return theirs;
  return ours.release();
}

Status failed(const ErrorQueue& errors, HashType type) {
  return errors.failure(Errc::kCrypto, "OpenSSL cannot compute " + std::string(hash_name(type)));
}

bool begin(EVP_MD_CTX* context, HashType type) {
  const EVP_MD* const implementation = algorithm(type);
  return context != nullptr && implementation != nullptr &&
         EVP_DigestInit_ex2(context, implementation, nullptr) == 1;
}

bool add(EVP_MD_CTX* context, std::span<const std::byte> bytes) {
  return EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1;
}

std::optional<Digest> end(EVP_MD_CTX* context, HashType type) {
  std::array<std::byte, EVP_MAX_MD_SIZE> value;
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(value.data()), &size) != 1 ||
      size != hash_bytes(type)) {
    return std::nullopt;
  }
  return Digest(type, std::span(value).first(size));
}

}  // namespace

std::string_view hash_name(HashType type) noexcept { return row_of(type).name; }

std::size_t hash_bytes(HashType type) noexcept { return row_of(type).bytes; }

std::optional<HashType> hash_type_of(std::string_view name) noexcept {
  for (const HashText& hash : kHashes) {
    if (hash.name == name) return hash.type;
  }
  return std::nullopt;
}

Digest::Digest(HashType type, std::span<const std::byte> value) noexcept : type_(type) {
  assert(value.size() == hash_bytes(type));
  std::copy_n(value.begin(), std::min(value.size(), hash_bytes(type)), value_.begin());
}

// Opening a large archive looks at a digest per member. Loops without branches over plain bytes are
// what compilers turn into vector instructions.

bool Digest::is_hex(HashType type, std::string_view hex) noexcept {
  if (hex.size() != 2 * hash_bytes(type)) return false;
  std::uint8_t wrong = 0;
  for (const char c : hex) {
    const auto from_zero = static_cast<std::uint8_t>(c - '0');
    const auto from_a = static_cast<std::uint8_t>(c - 'a');
    wrong |= from_zero > 9 && from_a > 5 ? 1 : 0;
  }
  return wrong == 0;
}

std::optional<Digest> Digest::from_hex(HashType type, std::string_view hex) noexcept {
  if (!is_hex(type, hex)) return std::nullopt;
  const auto value_of = [](char c) {
    return static_cast<unsigned char>(c <= '9' ? c - '0' : c - 'a' + 10);
  };
  Digest digest;
  digest.type_ = type;
  for (std::size_t i = 0; i < hash_bytes(type); ++i) {
    digest.value_[i] = static_cast<std::byte>(value_of(hex[2 * i]) << 4 | value_of(hex[2 * i + 1]));
  }
  return digest;
}

std::string Digest::hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * hash_bytes(type_));
  for (const std::byte byte : value()) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{0xf})];
  }
  return text;
}

bool operator==(const Digest& a, const Digest& b) noexcept {
  return a.type_ == b.type_ &&
         CRYPTO_memcmp(a.value_.data(), b.value_.data(), hash_bytes(a.type_)) == 0;
}

Result<Digest> digest_of(HashType type, std::span<const std::byte> bytes) {
  // Making a context costs about as much as hashing a kilobyte; most members are small.
  using Context = PerThread<EVP_MD_CTX, EVP_MD_CTX_new, EVP_MD_CTX_free>;
  const auto attempt = [&]() -> std::optional<Digest> {
    EVP_MD_CTX* const context = Context::get();
    if (!begin(context, type) || !add(context, bytes)) return std::nullopt;
    return end(context, type);
  };
  if (const std::optional<Digest> digest = attempt()) return *digest;
  // Looking after OpenSSL's errors costs as much as hashing a small member, so that is done where
  // there are any: once more, to hear the reason.
  const ErrorQueue errors;
  if (const std::optional<Digest> digest = attempt()) return *digest;
  return failed(errors, type);
}

struct Hasher::Context {
  HashType type;
  OwnedDigestContext work;
};

Hasher::Hasher(std::unique_ptr<Context> context) noexcept : context_(std::move(context)) {}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Result<Hasher> Hasher::create(HashType type) {
  const ErrorQueue errors;
  auto context = std::make_unique<Context>(Context{type, OwnedDigestContext(EVP_MD_CTX_new())});
  if (!begin(context->work.get(), type)) return failed(errors, type);
  return Hasher(std::move(context));
}

Status Hasher::update(std::span<const std::byte> bytes) {
  const ErrorQueue errors;
  if (!add(context_->work.get(), bytes)) return failed(errors, context_->type);
  return {};
}

Result<Digest> Hasher::finish() && {
  const ErrorQueue errors;
  const std::unique_ptr<Context> context = std::move(context_);
  const std::optional<Digest> digest = end(context->work.get(), context->type);
  if (!digest) return failed(errors, context->type);
  return *digest;
}

}  // namespace signedvfs
