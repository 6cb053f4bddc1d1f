#include "archive/members/codec.h"

#include <libdeflate.h>
#include <zstd.h>

#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "archive/base/byte_cursor.h"
#include "archive/members/size_check.h"
#include "archive/os/per_thread.h"

namespace signedvfs {
namespace {

constexpr int kDeflateDefault = 9;
constexpr int kDeflateMax = 12;
constexpr int kZstdDefault = 19;
constexpr std::uint32_t kZstdMagic = 0xfd2fb528;

std::string method_text(Method method) { return std::to_string(static_cast<unsigned>(method)); }

struct Release {
  void operator()(libdeflate_compressor* c) const noexcept { libdeflate_free_compressor(c); }
  void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
};

template <class T>
T* checked(T* made) {
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

libdeflate_decompressor* inflater() {
  using Kept = PerThread<libdeflate_decompressor, libdeflate_alloc_decompressor,
                         libdeflate_free_decompressor>;
  return checked(Kept::get());
}

void free_zstd_decoder(ZSTD_DCtx* decoder) { ZSTD_freeDCtx(decoder); }

ZSTD_DCtx* zstd_decoder() {
  return checked(PerThread<ZSTD_DCtx, ZSTD_createDCtx, free_zstd_decoder>::get());
}

Status corrupt(const std::string& what) { return {Errc::kCorruptMember, what}; }

Status inflate_into(std::span<const std::byte> stored, std::span<std::byte> dst) {
  std::byte nothing{};  // libdeflate wants an address even for an empty member
  std::size_t used = 0;
  const libdeflate_result result = libdeflate_deflate_decompress_ex(
      inflater(), stored.data(), stored.size(), dst.empty() ? &nothing : dst.data(), dst.size(),
      &used, nullptr);
  switch (result) {
    case LIBDEFLATE_SUCCESS:
      break;
    case LIBDEFLATE_SHORT_OUTPUT:
      return corrupt("the deflate stream is shorter than the declared size");
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      return corrupt("the deflate stream is longer than the declared size");
    default:
      return corrupt("the deflate stream is malformed");
  }
  if (used != stored.size()) return corrupt("bytes follow the end of the deflate stream");
  return {};
}

// check_frames holds that the bytes are frames of the current format, of which there may be
// several, and nothing else: no skippable frames, which may hold anything, and no ancient ones,
// which the library may or may not know. RFC 8878, section 3.1.
Status check_frames(std::span<const std::byte> stored) {
  if (stored.empty()) return corrupt("not a zstd frame");
  while (!stored.empty()) {
    if (ByteCursor(stored).u32() != kZstdMagic) return corrupt("not a zstd frame");
    const std::size_t frame = ZSTD_findFrameCompressedSize(stored.data(), stored.size());
    if (ZSTD_isError(frame) != 0) return corrupt("the zstd frame is malformed");
    stored = stored.subspan(frame);
  }
  return {};
}

Status unzstd_into(std::span<const std::byte> stored, std::span<std::byte> dst) {
  SIGNEDVFS_TRY(check_frames(stored));
  // Decoding in one call writes to `dst` directly, so the frame's window costs no memory.
  const std::size_t size =
      ZSTD_decompressDCtx(zstd_decoder(), dst.data(), dst.size(), stored.data(), stored.size());
  if (ZSTD_isError(size) != 0) {
    return corrupt(std::string("the zstd frame does not decode: ") + ZSTD_getErrorName(size));
  }
  if (size != dst.size()) return corrupt("the zstd frame is shorter than the declared size");
  return {};
}

// trimmed returns a buffer of exactly the first `size` bytes of `scratch`.
Buffer trimmed(const Buffer& scratch, std::size_t size) {
  Buffer out(size);
  if (size != 0) std::memcpy(out.bytes().data(), scratch.bytes().data(), size);
  return out;
}

// deflated returns `content` encoded, or nothing where that would not be smaller.
std::optional<Buffer> deflated(std::span<const std::byte> content, int level) {
  const std::unique_ptr<libdeflate_compressor, Release> owner(libdeflate_alloc_compressor(level));
  Buffer scratch(content.size());
  const std::size_t size = libdeflate_deflate_compress(
      checked(owner.get()), content.data(), content.size(), scratch.bytes().data(), scratch.size());
  if (size == 0 || size >= content.size()) return {};
  return trimmed(scratch, size);
}

// zstd_encoded does the same with zstd.
std::optional<Buffer> zstd_encoded(std::span<const std::byte> content, int level) {
  const std::unique_ptr<ZSTD_CCtx, Release> owner(ZSTD_createCCtx());
  Buffer scratch(content.size());
  const std::size_t size = ZSTD_compressCCtx(checked(owner.get()), scratch.bytes().data(),
                                             scratch.size(), content.data(), content.size(), level);
  // The only failure there is here: the result does not fit, so it is not smaller.
  if (ZSTD_isError(size) != 0 || size >= content.size()) return {};
  return trimmed(scratch, size);
}

// Encoded is content in another form.
struct Encoded {
  Method method;
  Buffer bytes;
};

// encoded chooses the method that the reader accepts; nothing is returned where that is storing.
std::optional<Encoded> encoded(std::span<const std::byte> content, Method method, int level,
                               std::uint64_t ratio) {
  if (content.empty() || method == Method::kStored) return {};
  const bool is_zstd = method == Method::kZstd;
  std::optional<Buffer> bytes = is_zstd ? zstd_encoded(content, level == 0 ? kZstdDefault : level)
                                        : deflated(content, level == 0 ? kDeflateDefault : level);
  if (!bytes) return {};
  if (keeps_ratio(content.size(), bytes->size(), ratio)) return Encoded{method, *std::move(bytes)};
  if (is_zstd) return encoded(content, Method::kDeflate, 0, ratio);
  return {};
}

int max_level(Method method) {
  switch (method) {
    case Method::kStored:
      return 0;
    case Method::kDeflate:
      return kDeflateMax;
    case Method::kZstd:
      return ZSTD_maxCLevel();
  }
  return -1;
}

Status unknown_method(Method method) {
  return {Errc::kBadMethod, "compression method " + method_text(method) + ", which is not handled"};
}

}  // namespace

std::optional<Method> method_of(std::uint16_t number) noexcept {
  switch (const auto method = static_cast<Method>(number)) {
    case Method::kStored:
    case Method::kDeflate:
    case Method::kZstd:
      return method;
  }
  return {};
}

Result<Packed> pack_member(std::span<const std::byte> content, Method method, int level,
                           std::uint64_t ratio) {
  const int highest = max_level(method);
  if (highest < 0) return unknown_method(method);
  if (level < 0 || level > highest) {
    return Status(Errc::kUsage, "compression level " + std::to_string(level) + ": method " +
                                    method_text(method) + " has 0 (its default) to " +
                                    std::to_string(highest));
  }
  Packed packed;
  packed.crc32 = checksum(content);
  packed.size = content.size();
  if (auto smaller = encoded(content, method, level, ratio)) {
    packed.method = smaller->method;
    packed.bytes = std::move(smaller->bytes);
  } else {
    packed.bytes = Buffer(content.size());
    if (!content.empty()) {
      std::memcpy(packed.bytes.bytes().data(), content.data(), content.size());
    }
  }
  return packed;
}

Status decode_into(Method method, std::span<const std::byte> stored, std::span<std::byte> dst) {
  switch (method) {
    case Method::kStored:
      if (stored.size() != dst.size()) return corrupt("stored with another size than declared");
      if (!dst.empty()) std::memcpy(dst.data(), stored.data(), dst.size());
      return {};
    case Method::kDeflate:
      return inflate_into(stored, dst);
    case Method::kZstd:
      return unzstd_into(stored, dst);
  }
  return unknown_method(method);
}

Status unpack_into(Method method, std::span<const std::byte> stored, std::uint32_t crc32,
                   std::span<std::byte> dst) {
  SIGNEDVFS_TRY(decode_into(method, stored, dst));
  if (checksum(dst) != crc32) return corrupt("the content's checksum is not the declared one");
  return {};
}

std::uint32_t checksum(std::span<const std::byte> bytes) noexcept {
  return libdeflate_crc32(0, bytes.data(), bytes.size());
}

}  // namespace signedvfs
