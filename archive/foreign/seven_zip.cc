#include "archive/foreign/seven_zip.h"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "archive/base/buffer.h"
#include "archive/base/byte_builder.h"
#include "archive/base/byte_cursor.h"
#include "archive/foreign/seven_zip_header.h"
#include "archive/foreign/single.h"
#include "archive/members/codec.h"

namespace signedvfs {
namespace {

constexpr std::size_t kSignatureHeader = 32;
constexpr std::size_t kBeginning = 12;  // signature, version, checksum of what follows

Status cut_off() { return {Errc::kForeignFormat, "the archive is cut off"}; }
Status damaged() {
  return {Errc::kForeignFormat, "the directory's checksum is not the declared one"};
}

// Directory is where the directory is, as the signature header has it.
struct Directory {
  std::array<std::byte, kBeginning> beginning{};
  std::uint64_t body = 0;  // bytes between the signature header and the directory
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
};

Result<Directory> find_directory(const ByteSource& source) {
  std::array<std::byte, kSignatureHeader> header{};
  if (source.size() < header.size()) return cut_off();
  SIGNEDVFS_TRY(source.copy_out(0, header));
  Directory out;
  std::copy_n(header.begin(), out.beginning.size(), out.beginning.begin());
  ByteCursor cursor(header);
  cursor.take(8);
  const std::uint32_t crc32 = cursor.u32();
  out.body = cursor.u64();
  out.size = cursor.u64();
  out.crc32 = cursor.u32();
  if (checksum(std::span<const std::byte>(header).subspan(kBeginning)) != crc32) return damaged();
  const std::uint64_t behind = source.size() - header.size();
  if (out.body > behind || out.size > behind - out.body) return cut_off();
  if (out.size != behind - out.body) {
    return Status(Errc::kTrailingBytes, "something stands behind the archive's end");
  }
  return out;
}

Status check_size(std::uint64_t size) {
  if (size <= kMostSevenZipHeader) return {};
  return {Errc::kUnsupported, "a 7z archive with a directory of " + std::to_string(size) +
                                  " bytes, where " + std::to_string(kMostSevenZipHeader) +
                                  " are handled"};
}

// unpacked decodes the directory `packed`. The dictionary need not be larger than what comes out.
Result<Buffer> unpacked(std::span<const std::byte> packed, const EncodedHeader& header,
                        SignedvfsForeignDecode& decode) {
  ByteBuilder file;
  file.text(std::string(1, static_cast<char>(header.properties)))
      .u32(kMostSevenZipHeader)
      .u64(header.size)
      .text(text_of(packed));
  Buffer out(static_cast<std::size_t>(header.size));
  if (!decode_single(decode, kSignedvfsForeignLzma, file.bytes(), out.bytes()).ok()) {
    return Status(Errc::kForeignFormat, "the directory of the 7z archive does not decode");
  }
  if (header.crc32 && checksum(std::as_const(out).bytes()) != *header.crc32) return damaged();
  return out;
}

// View is the archive with `header` and `directory` in the place of its own.
class View final : public ByteSource {
 public:
  View(std::unique_ptr<const ByteSource> file, const Directory& found, Buffer directory)
      : file_(std::move(file)), body_(found.body), directory_(std::move(directory)) {
    ByteBuilder place;
    place.u64(body_).u64(directory_.size()).u32(checksum(std::as_const(directory_).bytes()));
    ByteBuilder header;
    header.text(text_of(found.beginning).substr(0, 8)).u32(checksum(place.bytes()));
    header.text(text_of(place.bytes()));
    std::copy_n(header.bytes().begin(), header_.size(), header_.begin());
  }

  std::uint64_t size() const noexcept override {
    return header_.size() + body_ + directory_.size();
  }

  Status copy_out(std::uint64_t offset, std::span<std::byte> dst) const override {
    if (offset > size() || dst.size() > size() - offset) return cut_off();
    const std::uint64_t behind = header_.size() + body_;
    while (!dst.empty()) {
      std::size_t count = dst.size();
      if (offset < header_.size()) {
        count = std::min(count, header_.size() - static_cast<std::size_t>(offset));
        std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(offset), count, dst.begin());
      } else if (offset < behind) {
        count = static_cast<std::size_t>(std::min<std::uint64_t>(count, behind - offset));
        SIGNEDVFS_TRY(file_->copy_out(offset, dst.first(count)));
      } else {
        const auto from = directory_.bytes().subspan(static_cast<std::size_t>(offset - behind));
        std::copy_n(from.begin(), count, dst.begin());
      }
      offset += count;
      dst = dst.subspan(count);
    }
    return {};
  }

 private:
  std::unique_ptr<const ByteSource> file_;
  std::uint64_t body_;
  Buffer directory_;
  std::array<std::byte, kSignatureHeader> header_{};
};

}  // namespace

Result<SevenZip> open_seven_zip(std::unique_ptr<const ByteSource> source,
                                SignedvfsForeignDecode& decode, const Limits& limits) {
  SIGNEDVFS_ASSIGN(const Directory found, find_directory(*source));
  SIGNEDVFS_TRY(check_size(found.size));
  Buffer directory(static_cast<std::size_t>(found.size));
  SIGNEDVFS_TRY(source->copy_out(kSignatureHeader + found.body, directory.bytes()));
  if (checksum(std::as_const(directory).bytes()) != found.crc32) return damaged();

  SIGNEDVFS_ASSIGN(const auto encoded,
                   read_encoded_header(std::as_const(directory).bytes(), limits));
  if (encoded) {
    SIGNEDVFS_TRY(check_size(encoded->size));
    SIGNEDVFS_TRY(check_size(encoded->stored_size));
    if (encoded->offset > found.body || encoded->stored_size > found.body - encoded->offset) {
      return cut_off();
    }
    Buffer packed(static_cast<std::size_t>(encoded->stored_size));
    SIGNEDVFS_TRY(source->copy_out(kSignatureHeader + encoded->offset, packed.bytes()));
    SIGNEDVFS_ASSIGN(directory, unpacked(std::as_const(packed).bytes(), *encoded, decode));
  }
  SIGNEDVFS_TRY(check_seven_zip_header(std::as_const(directory).bytes(), limits));
  SevenZip out;
  out.directory_bytes = directory.size();
  out.source = std::make_unique<View>(std::move(source), found, std::move(directory));
  return out;
}

}  // namespace signedvfs
