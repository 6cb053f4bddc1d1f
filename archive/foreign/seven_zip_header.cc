// 7zFormat.txt of the LZMA SDK, sections "Header" and below.
#include "archive/foreign/seven_zip_header.h"

#include <algorithm>
#include <string>
#include <vector>

#include "archive/base/byte_cursor.h"

namespace signedvfs {
namespace {

enum Property : std::uint8_t {
  kEnd = 0x00,
  kHeader = 0x01,
  kMainStreamsInfo = 0x04,
  kFilesInfo = 0x05,
  kPackInfo = 0x06,
  kUnpackInfo = 0x07,
  kSubStreamsInfo = 0x08,
  kSize = 0x09,
  kCrc = 0x0a,
  kFolder = 0x0b,
  kCodersUnpackSize = 0x0c,
  kNumUnpackStream = 0x0d,
  kEncodedHeader = 0x17,
};

// Coders by their identifiers.
constexpr std::uint64_t kLzma = 0x030101;
constexpr std::uint64_t kLzma2 = 0x21;
constexpr std::uint64_t kPpmd = 0x030401;
constexpr std::uint64_t kAes = 0x06f10701;

Status malformed() { return {Errc::kForeignFormat, "a malformed directory of a 7z archive"}; }

Status too_many(std::uint64_t number, const Limits& limits) {
  return too_large("members", limits.members,
                   "a 7z archive of " + std::to_string(number) + " members");
}

// Coder is one step from stored bytes to content.
struct Coder {
  std::uint64_t id = 0;
  std::span<const std::byte> properties;
};

// Streams is what a directory says of its streams, as far as it matters here.
struct Streams {
  std::uint64_t pack_offset = 0;
  std::uint64_t folders = 0;
  std::vector<std::uint64_t> pack_sizes;
  std::vector<Coder> coders;                // of all folders
  std::vector<std::uint64_t> unpack_sizes;  // of the folders
  std::vector<std::optional<std::uint32_t>> checksums;
};

// Reader walks through a directory. What is missing reads as zero, and shows in `ok`.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const Limits& limits) noexcept
      : cursor_(bytes), limits_(limits) {}

  bool ok() const noexcept { return cursor_.ok(); }

  std::uint8_t byte() noexcept {
    const auto taken = cursor_.take(1);
    return taken.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(taken.front());
  }

  // number reads an integer of which the first byte tells the length.
  std::uint64_t number() noexcept {
    const std::uint8_t first = byte();
    std::uint64_t value = 0;
    unsigned mask = 0x80;
    for (unsigned i = 0; i < 8; ++i, mask >>= 1U) {
      if ((first & mask) == 0) return value | std::uint64_t{first & (mask - 1U)} << (8 * i);
      value |= std::uint64_t{byte()} << (8 * i);
    }
    return value;
  }

  // count reads how many things of one byte or more follow; there are no more of them than members.
  Result<std::uint64_t> count() {
    const std::uint64_t out = number();
    if (!ok() || out > cursor_.remaining()) return malformed();
    if (out > limits_.members) return too_many(out, limits_);
    return out;
  }

  Status streams(Streams& out);

  std::size_t remaining() const noexcept { return cursor_.remaining(); }

 private:
  Status pack_info(Streams& out);
  Status unpack_info(Streams& out);
  Status folder(Streams& out);
  Status coder(Streams& out);
  Status sub_streams(const Streams& out);
  Status checksums(std::uint64_t count, std::vector<std::optional<std::uint32_t>>& out);
  Status check_coder(const Coder& coder) const;

  ByteCursor cursor_;
  const Limits& limits_;
};

Status Reader::streams(Streams& out) {
  for (;;) {
    switch (byte()) {
      case kEnd:
        return ok() ? Status() : malformed();
      case kPackInfo:
        SIGNEDVFS_TRY(pack_info(out));
        break;
      case kUnpackInfo:
        SIGNEDVFS_TRY(unpack_info(out));
        break;
      case kSubStreamsInfo:
        SIGNEDVFS_TRY(sub_streams(out));
        break;
      default:
        return malformed();
    }
  }
}

Status Reader::pack_info(Streams& out) {
  out.pack_offset = number();
  SIGNEDVFS_ASSIGN(const std::uint64_t streams, count());
  for (;;) {
    switch (byte()) {
      case kEnd:
        return ok() ? Status() : malformed();
      case kSize:
        out.pack_sizes.clear();
        for (std::uint64_t i = 0; i < streams; ++i) out.pack_sizes.push_back(number());
        break;
      case kCrc: {
        std::vector<std::optional<std::uint32_t>> unused;
        SIGNEDVFS_TRY(checksums(streams, unused));
        break;
      }
      default:
        return malformed();
    }
  }
}

Status Reader::unpack_info(Streams& out) {
  if (byte() != kFolder) return malformed();
  SIGNEDVFS_ASSIGN(out.folders, count());
  if (byte() != 0) return malformed();  // folders that are described elsewhere
  std::vector<std::uint64_t> outputs;
  for (std::uint64_t i = 0; i < out.folders; ++i) {
    const std::size_t before = out.coders.size();
    SIGNEDVFS_TRY(folder(out));
    outputs.push_back(out.coders.size() - before);
  }
  if (byte() != kCodersUnpackSize) return malformed();
  for (const std::uint64_t sizes : outputs) {
    std::uint64_t size = 0;
    for (std::uint64_t i = 0; i < sizes; ++i) size = number();
    out.unpack_sizes.push_back(size);
  }
  out.checksums.resize(static_cast<std::size_t>(out.folders));
  std::uint8_t next = byte();
  if (next == kCrc) {
    SIGNEDVFS_TRY(checksums(out.folders, out.checksums));
    next = byte();
  }
  return ok() && next == kEnd ? Status() : malformed();
}

// folder reads coders that are a chain, each with one stream in and one out.
Status Reader::folder(Streams& out) {
  constexpr std::uint64_t kMostCoders = 4;
  SIGNEDVFS_ASSIGN(const std::uint64_t coders, count());
  if (coders == 0 || coders > kMostCoders) return malformed();
  for (std::uint64_t i = 0; i < coders; ++i) SIGNEDVFS_TRY(coder(out));
  for (std::uint64_t i = 1; i < coders; ++i) {  // which output is which input
    number();
    number();
  }
  return ok() ? Status() : malformed();
}

Status Reader::coder(Streams& out) {
  const unsigned flags = byte();
  Coder found;
  for (unsigned i = flags & 0x0fU; i != 0; --i) found.id = found.id << 8U | byte();
  if ((flags & 0x10U) != 0 && (number() != 1 || number() != 1)) {
    return {Errc::kUnsupported,
            "a 7z archive with a coder of several streams, such as BCJ2 (7z -mf=off writes none)"};
  }
  if ((flags & 0x20U) != 0) {
    const std::uint64_t size = number();
    if (size > cursor_.remaining()) return malformed();
    found.properties = cursor_.take(static_cast<std::size_t>(size));
  }
  if ((flags & 0xc0U) != 0 || !ok()) return malformed();
  SIGNEDVFS_TRY(check_coder(found));
  out.coders.push_back(found);
  return {};
}

// check_coder bounds what a decoder takes before it has decoded anything.
Status Reader::check_coder(const Coder& coder) const {
  if (coder.id == kAes) return {Errc::kBadFlags, "the archive is encrypted"};
  std::uint64_t dictionary = 0;
  ByteCursor properties(coder.properties);
  if (coder.id == kLzma || coder.id == kPpmd) {
    properties.take(1);
    dictionary = properties.u32();
  } else if (coder.id == kLzma2) {
    constexpr unsigned kLargest = 40;
    const auto bits = properties.text(1);
    const unsigned exponent = bits.empty() ? 0 : static_cast<unsigned char>(bits.front());
    if (exponent > kLargest) return malformed();
    dictionary = (std::uint64_t{2} | (exponent & 1U)) << (exponent / 2 + 11U);
  }
  if (!properties.ok()) return malformed();
  if (dictionary <= limits_.member_bytes) return {};
  return too_large("member_bytes", limits_.member_bytes,
                   "a 7z archive with a dictionary of " + std::to_string(dictionary) + " bytes");
}

// sub_streams reads how folders divide into files; a stream without a checksum of its folder's has
// one of its own.
Status Reader::sub_streams(const Streams& out) {
  std::vector<std::uint64_t> files(static_cast<std::size_t>(out.folders), 1);
  std::uint8_t next = byte();
  if (next == kNumUnpackStream) {
    for (std::uint64_t& folder_files : files) {
      SIGNEDVFS_ASSIGN(folder_files, count());
    }
    next = byte();
  }
  std::uint64_t sizes = 0;
  std::uint64_t unknown = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    sizes += files[i] - std::min<std::uint64_t>(files[i], 1);
    if (files[i] != 1 || !out.checksums[i]) unknown += files[i];
  }
  // Every size and every checksum takes a byte at least.
  if (sizes > cursor_.remaining() || unknown > cursor_.remaining()) return malformed();
  if (next == kSize) {
    for (std::uint64_t i = 0; i < sizes; ++i) number();
    next = byte();
  }
  if (next == kCrc) {
    std::vector<std::optional<std::uint32_t>> unused;
    SIGNEDVFS_TRY(checksums(unknown, unused));
    next = byte();
  }
  return ok() && next == kEnd ? Status() : malformed();
}

Status Reader::checksums(std::uint64_t count, std::vector<std::optional<std::uint32_t>>& out) {
  std::vector<bool> defined(static_cast<std::size_t>(count), true);
  if (byte() == 0) {
    unsigned bits = 0;
    for (std::size_t i = 0; i < defined.size(); ++i) {
      if (i % 8 == 0) bits = byte();
      defined[i] = (bits >> (7U - i % 8) & 1U) != 0;
    }
  }
  out.assign(defined.size(), std::nullopt);
  for (std::size_t i = 0; i < defined.size(); ++i) {
    if (defined[i]) out[i] = cursor_.u32();
  }
  return ok() ? Status() : malformed();
}

}  // namespace

Result<std::optional<EncodedHeader>> read_encoded_header(std::span<const std::byte> bytes,
                                                         const Limits& limits) {
  Reader reader(bytes, limits);
  if (reader.byte() != kEncodedHeader) return std::optional<EncodedHeader>();
  Streams streams;
  SIGNEDVFS_TRY(reader.streams(streams));
  if (streams.folders != 1 || streams.coders.size() != 1 || streams.pack_sizes.size() != 1) {
    return malformed();
  }
  const Coder& coder = streams.coders.front();
  if (coder.id != kLzma || coder.properties.size() != 5) {
    return Status(Errc::kUnsupported, "a 7z archive whose directory is not compressed by LZMA");
  }
  EncodedHeader out;
  out.offset = streams.pack_offset;
  out.stored_size = streams.pack_sizes.front();
  out.size = streams.unpack_sizes.front();
  out.properties = std::to_integer<std::uint8_t>(coder.properties.front());
  out.crc32 = streams.checksums.front();
  return std::optional(out);
}

Status check_seven_zip_header(std::span<const std::byte> bytes, const Limits& limits) {
  if (bytes.empty()) return {};  // an archive without anything
  Reader reader(bytes, limits);
  if (reader.byte() != kHeader) return malformed();
  Streams streams;
  std::uint8_t next = reader.byte();
  if (next == kMainStreamsInfo) {
    SIGNEDVFS_TRY(reader.streams(streams));
    next = reader.byte();
  }
  if (next == kEnd) return reader.ok() ? Status() : malformed();
  if (next != kFilesInfo) return malformed();
  const std::uint64_t files = reader.number();
  if (files > limits.members) return too_many(files, limits);
  // Each has a name, of one character and its end at least.
  constexpr std::uint64_t kShortestName = 4;
  if (!reader.ok() || files > reader.remaining() / kShortestName) return malformed();
  return {};
}

}  // namespace signedvfs
