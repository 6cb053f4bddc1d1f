#include "vfs/crypto/base64.h"

#include <openssl/evp.h>

#include <algorithm>

#include "vfs/crypto/openssl.h"

namespace signedvfs {
namespace {

// OpenSSL counts in int, so long inputs go through in blocks of whole quanta.
constexpr std::size_t kBlock = std::size_t{3} << 20;
constexpr std::size_t kTextBlock = kBlock / 3 * 4;

}  // namespace

std::string base64_encode(std::span<const std::byte> bytes) {
  // EVP_EncodeBlock ends its output with a NUL, hence the one byte more.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  std::size_t end = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kBlock) {
    const auto block = bytes.subspan(at, std::min(kBlock, bytes.size() - at));
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(&text[end]), raw(block),
                                       static_cast<int>(block.size()));
    end += static_cast<std::size_t>(length);
  }
  text.resize(end);
  return text;
}

std::optional<std::vector<std::byte>> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::vector<std::byte> bytes(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += kTextBlock) {
    const std::string_view block = text.substr(at, kTextBlock);
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(&bytes[at / 4 * 3]),
                                       reinterpret_cast<const unsigned char*>(block.data()),
                                       static_cast<int>(block.size()));
    if (length < 0) return std::nullopt;
  }
  if (text.ends_with('=')) bytes.pop_back();
  if (text.ends_with("==")) bytes.pop_back();
  // EVP_DecodeBlock is lenient, but only the canonical text comes back from encoding.
  if (base64_encode(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace signedvfs
