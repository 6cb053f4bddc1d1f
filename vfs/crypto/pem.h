// PEM texts (RFC 7468) of exactly one block. Private to vfs/.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"

namespace signedvfs {

// kKeyBytes bounds key files; an RSA key of 16384 bits takes 13 KiB.
inline constexpr std::size_t kKeyBytes = std::size_t{64} << 10;

// SecretBytes owns bytes that are overwritten before their memory is given back.
class SecretBytes {
 public:
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  SecretBytes(SecretBytes&&) noexcept = default;
  SecretBytes& operator=(SecretBytes&&) = delete;
  ~SecretBytes();

  std::span<std::byte> bytes() & noexcept { return bytes_; }
  std::span<const std::byte> bytes() const& noexcept { return bytes_; }
  std::span<const std::byte> bytes() && = delete;

 private:
  std::vector<std::byte> bytes_;
};

// Pem is a block's label ("PUBLIC KEY") and what its base64 stands for.
struct Pem {
  std::string label;
  SecretBytes der;
};

// read_pem reads a text that is one block without headers, with nothing but white space around it.
// Fails with `kBadKey`.
Result<Pem> read_pem(std::string_view text);

// read_pem_file does the same with a regular file of at most `kKeyBytes`, and waits for nothing
// else. It is the one way to key files, public and private. Fails with `kNotFound` and `kIo`, too.
Result<Pem> read_pem_file(const std::string& path);

// wrong_label returns `kBadKey` with what the block `label` holds, and the command that converts
// it, where `expected` ("a public key") is wanted.
Status wrong_label(std::string_view label, std::string_view expected);

}  // namespace signedvfs
