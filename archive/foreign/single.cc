#include "archive/foreign/single.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "archive/base/buffer.h"
#include "archive/base/byte_builder.h"
#include "archive/base/byte_cursor.h"
#include "archive/foreign/library.h"

namespace signedvfs {
namespace {

// Decoding is one run of the decoder.
struct Decoding {
  std::span<const std::byte> file;
  std::span<std::byte> rest;  // of the content, not decoded yet
};

Status broken_stream(const std::string& what) { return {Errc::kCorruptMember, what}; }

}  // namespace

Status decode_single(SignedvfsForeignDecode& decode, int format, std::span<const std::byte> file,
                     std::span<std::byte> dst) {
  Decoding decoding{file, dst};
  SignedvfsForeignHost host{};
  host.context = &decoding;
  host.size = file.size();
  host.format = format;
  host.read = [](void* context, std::uint64_t offset, void* to, std::size_t length) {
    const auto& self = *static_cast<Decoding*>(context);
    if (offset > self.file.size() || length > self.file.size() - offset) return 1;
    std::memcpy(to, self.file.data() + offset, length);
    return 0;
  };
  host.data = [](void* context, const void* bytes, std::size_t length) {
    auto& self = *static_cast<Decoding*>(context);
    if (length > self.rest.size()) return 1;
    std::memcpy(self.rest.data(), bytes, length);
    self.rest = self.rest.subspan(length);
    return 0;
  };
  std::array<char, 256> why{};
  switch (decode(&host, why.data(), why.size())) {
    case kSignedvfsForeignDone:
      if (decoding.rest.empty()) return {};
      return broken_stream("the stream is shorter than the declared size");
    case kSignedvfsForeignStopped:
      return broken_stream("the stream is longer than the declared size");
    case kSignedvfsForeignNoMemory:
      return {Errc::kIo, "decoding needs more memory than there is"};
    default:
      return broken_stream("the stream does not decode: " + in_quotes(why.data()));
  }
}

Status decode_bzip2(std::span<const std::byte> stored, std::span<std::byte> dst) {
  SIGNEDVFS_ASSIGN(const ForeignLibrary library, load_foreign_library());
  return decode_single(*library.decode, kSignedvfsForeignBzip2, stored, dst);
}

Status decode_zip_lzma(std::span<const std::byte> stored, bool has_stop_mark,
                       std::span<std::byte> dst) {
  constexpr std::size_t kProperties = 5;
  constexpr std::uint64_t kLeast = std::uint64_t{1} << 12U;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 27U;
  ByteCursor cursor(stored);
  cursor.take(2);  // version of the program that compressed it
  const std::uint16_t properties_size = cursor.u16();
  const std::string_view properties = cursor.text(kProperties);
  if (!cursor.ok() || properties_size != kProperties) {
    return broken_stream("the properties of its lzma stream are not five bytes");
  }
  SIGNEDVFS_ASSIGN(const ForeignLibrary library, load_foreign_library());
  // The dictionary need not be larger than what comes out; what the file asks for is not believed.
  // libarchive wants a power of two.
  const std::uint64_t dictionary =
      std::bit_ceil(std::clamp<std::uint64_t>(dst.size(), kLeast, kMost));
  constexpr std::uint64_t kUnknown = ~std::uint64_t{0};
  ByteBuilder file;
  file.text(properties.substr(0, 1))
      .u32(dictionary)
      .u64(has_stop_mark ? kUnknown : dst.size())
      .text(text_of(cursor.take(cursor.remaining())));
  return decode_single(*library.decode, kSignedvfsForeignLzma, file.bytes(), dst);
}

}  // namespace signedvfs
