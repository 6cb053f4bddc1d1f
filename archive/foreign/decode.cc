// The only code that uses libarchive. It translates: what an archive may contain is the core's
// business.
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <string_view>

#include "archive/base/file_mode.h"
#include "archive/foreign/interface.h"

namespace {

struct Release {
  void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, Release>;

// Outcome is one of the interface's values, with the sentence that goes with it.
struct Outcome {
  int code = kSignedvfsForeignDone;
  const char* why = "";
};

// utf8_locale is made once and kept: threads share it, and glibc takes a locale apart without a
// lock that tools can see. Null where the system has none.
locale_t utf8_locale() noexcept {
  static const locale_t kept = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return kept;
}

// Utf8Locale makes this thread's character type UTF-8 while it lives: libarchive converts names to
// the locale's encoding, and which archive is accepted must not depend on LANG.
class Utf8Locale {
 public:
  Utf8Locale() noexcept {
    if (utf8_locale() != nullptr) previous_ = ::uselocale(utf8_locale());
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() {
    if (previous_ != nullptr) ::uselocale(previous_);
  }

 private:
  locale_t previous_ = nullptr;
};

// File is the host's file, read in blocks.
class File {
 public:
  explicit File(const SignedvfsForeignHost& host) noexcept : host_(host) {}

  bool stopped() const noexcept { return stopped_; }

  // attach makes `reader` read from here; a seek callback is what lets 7z in.
  int attach(archive* reader, bool seekable) noexcept {
    archive_read_set_callback_data(reader, this);
    archive_read_set_read_callback(reader, &File::read);
    if (seekable) archive_read_set_seek_callback(reader, &File::seek);
    return archive_read_open1(reader);
  }

 private:
  static la_ssize_t read(archive* reader, void* self, const void** block) {
    auto& file = *static_cast<File*>(self);
    const std::size_t length = static_cast<std::size_t>(
        std::min<std::uint64_t>(file.block_.size(), file.host_.size - file.at_));
    if (length != 0 &&
        file.host_.read(file.host_.context, file.at_, file.block_.data(), length) != 0) {
      file.stopped_ = true;
      archive_set_error(reader, EIO, "the file could not be read");
      return ARCHIVE_FATAL;
    }
    file.at_ += length;
    *block = file.block_.data();
    return static_cast<la_ssize_t>(length);
  }

  static la_int64_t seek(archive*, void* self, la_int64_t offset, int whence) {
    auto& file = *static_cast<File*>(self);
    const std::uint64_t base = whence == SEEK_SET   ? 0
                               : whence == SEEK_CUR ? file.at_
                                                    : file.host_.size;
    // Two's complement: a negative offset wraps to a position before `base`, or far behind the end.
    const std::uint64_t target = base + static_cast<std::uint64_t>(offset);
    if (target > file.host_.size) return ARCHIVE_FATAL;
    file.at_ = target;
    return static_cast<la_int64_t>(target);
  }

  const SignedvfsForeignHost& host_;
  std::uint64_t at_ = 0;
  bool stopped_ = false;
  std::array<std::byte, std::size_t{128} << 10U> block_{};
};

// Stream is what comes out of the decompressor, or the file itself where nothing compresses it. The
// archive's reader gets it through here, so that we see what stands behind the archive's end; that
// reader alone would never tell.
class Stream {
 public:
  Stream(const SignedvfsForeignHost& host, archive* decompressor) noexcept
      : host_(host), decompressor_(decompressor) {}

  bool stopped() const noexcept { return stopped_; }
  bool failed() const noexcept { return failed_; }
  std::uint64_t length() const noexcept { return length_; }
  std::uint64_t end_of_content() const noexcept { return end_of_content_; }

  int attach(archive* reader) noexcept {
    archive_read_set_callback_data(reader, this);
    archive_read_set_read_callback(reader, &Stream::read);
    return archive_read_open1(reader);
  }

  // next returns the length of the next block, 0 at the end and a negative number on failure.
  la_ssize_t next(const void** block) noexcept {
    std::size_t size = 0;
    la_int64_t offset = 0;
    do {
      const int result = archive_read_data_block(decompressor_, block, &size, &offset);
      if (result == ARCHIVE_EOF) return 0;
      if (result != ARCHIVE_OK) {
        failed_ = true;
        return ARCHIVE_FATAL;
      }
    } while (size == 0);
    note({static_cast<const char*>(*block), size});
    if (host_.decoded(host_.context, length_) != 0) {
      stopped_ = true;
      return ARCHIVE_FATAL;
    }
    return static_cast<la_ssize_t>(size);
  }

 private:
  static la_ssize_t read(archive* reader, void* self, const void** block) {
    auto& stream = *static_cast<Stream*>(self);
    const la_ssize_t length = stream.next(block);
    if (length < 0) {
      const char* why = archive_error_string(stream.decompressor_);
      archive_set_error(reader, EIO, "%s", why != nullptr ? why : "damaged stream");
    }
    return length;
  }

  void note(std::string_view block) noexcept {
    const std::size_t last = block.find_last_not_of('\0');
    if (last != std::string_view::npos) end_of_content_ = length_ + last + 1;
    length_ += block.size();
  }

  const SignedvfsForeignHost& host_;
  archive* decompressor_;
  std::uint64_t length_ = 0;
  std::uint64_t end_of_content_ = 0;  // behind the last byte that is not zero
  bool stopped_ = false;
  bool failed_ = false;
};

// refused returns what libarchive says of its last failure.
Outcome refused(archive* reader) {
  const char* why = archive_error_string(reader);
  const bool no_memory = archive_errno(reader) == ENOMEM;
  return {no_memory ? kSignedvfsForeignNoMemory : kSignedvfsForeignMalformed,
          why != nullptr ? why : "malformed"};
}

// refused_entry does the same where the archive's format is known: asked of any other, libarchive
// 3.6 follows a wild pointer.
Outcome refused_entry(archive* reader) {
  if (archive_read_has_encrypted_entries(reader) > 0) {
    return {kSignedvfsForeignEncryptedArchive, "encrypted"};
  }
  return refused(reader);
}

// give_content passes the content of the current entry to the host.
Outcome give_content(const SignedvfsForeignHost& host, archive* reader) {
  std::uint64_t at = 0;
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int result = archive_read_data_block(reader, &block, &size, &offset);
    if (result == ARCHIVE_EOF) return {};
    if (result != ARCHIVE_OK) return refused_entry(reader);
    if (size == 0) continue;
    if (static_cast<std::uint64_t>(offset) != at) {
      return {kSignedvfsForeignMalformed, "a member has holes"};
    }
    if (host.data(host.context, block, size) != 0) return {kSignedvfsForeignStopped};
    at += size;
  }
}

std::uint32_t traits_of(archive_entry* entry) {
  std::uint32_t traits = 0;
  if (archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr) {
    traits |= kSignedvfsForeignLink;
  }
  if (archive_entry_sparse_count(entry) != 0) traits |= kSignedvfsForeignSparse;
  if (archive_entry_is_encrypted(entry) != 0) traits |= kSignedvfsForeignEncrypted;
  return traits;
}

// give_entries passes every entry to the host, until the archive ends.
Outcome give_entries(const SignedvfsForeignHost& host, archive* reader) {
  for (;;) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(reader, &entry);
    if (result == ARCHIVE_EOF) return {};
    if (result != ARCHIVE_OK)
      return refused_entry(reader);  // a warning is something we do not know
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) return {kSignedvfsForeignMalformed, "a member's name is no valid text"};
    if (archive_entry_size_is_set(entry) == 0 || archive_entry_size(entry) < 0) {
      return {kSignedvfsForeignMalformed, "a member has no size"};
    }
    SignedvfsForeignEntry given{};
    given.name = name;
    given.name_length = std::string_view(name).size();
    given.size = static_cast<std::uint64_t>(archive_entry_size(entry));
    given.mode = archive_entry_mode(entry);
    given.traits = traits_of(entry);
    if (host.entry(host.context, &given) != 0) return {kSignedvfsForeignStopped};
    if (signedvfs::type_of(given.mode) == signedvfs::kRegularType) {
      if (const Outcome outcome = give_content(host, reader); outcome.code != 0) return outcome;
    }
  }
}

// decode_seven_zip reads a 7z archive, which has its directory at its end.
Outcome decode_seven_zip(const SignedvfsForeignHost& host, archive* reader, File& file) {
  archive_read_support_format_7zip(reader);
  const Outcome outcome =
      file.attach(reader, true) == ARCHIVE_OK ? give_entries(host, reader) : refused(reader);
  return file.stopped() ? Outcome{kSignedvfsForeignStopped} : outcome;
}

// decode_single reads one compressed file, which is all there is.
Outcome decode_single(const SignedvfsForeignHost& host, archive* reader, File& file, int filter) {
  archive_read_support_format_raw(reader);
  archive_read_support_format_empty(reader);  // what decodes to nothing is not raw
  if (archive_read_support_filter_by_code(reader, filter) != ARCHIVE_OK) {
    return {kSignedvfsForeignMalformed, "this libarchive lacks bzip2 or lzma"};
  }
  archive_entry* whole = nullptr;
  const bool is_attached = file.attach(reader, false) == ARCHIVE_OK;
  const int begun = is_attached ? archive_read_next_header(reader, &whole) : ARCHIVE_FATAL;
  if (begun != ARCHIVE_OK && begun != ARCHIVE_EOF) {
    return file.stopped() ? Outcome{kSignedvfsForeignStopped} : refused(reader);
  }
  if (archive_filter_code(reader, 0) != filter) {
    return {kSignedvfsForeignMalformed, "it is compressed in another way than it says"};
  }
  const Outcome outcome = begun == ARCHIVE_EOF ? Outcome{} : give_content(host, reader);
  return file.stopped() ? Outcome{kSignedvfsForeignStopped} : outcome;
}

Outcome check_end(archive* decompressor, archive* reader, Stream& stream, std::uint64_t file_size) {
  const auto end = static_cast<std::uint64_t>(archive_filter_bytes(reader, 0));
  const auto last_header = static_cast<std::uint64_t>(archive_read_header_position(reader));
  const void* block = nullptr;
  la_ssize_t length = 0;
  do {
    length = stream.next(&block);
  } while (length > 0);
  if (stream.stopped()) return {kSignedvfsForeignStopped};
  if (length < 0) return refused(decompressor);
  if (stream.end_of_content() > end ||
      static_cast<std::uint64_t>(archive_filter_bytes(decompressor, -1)) != file_size) {
    return {kSignedvfsForeignTrailing, "something stands behind the archive's end"};
  }
  // POSIX pax: two blocks of zeros end a tar archive. cpio has a trailer, which libarchive demands.
  const bool tar = (archive_format(reader) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
  if (tar && stream.length() - last_header < 1024) {
    return {kSignedvfsForeignTruncated,
            "the two blocks of zeros that end a tar archive are missing"};
  }
  return {};
}

// decode_stream reads tar and cpio, plain or under one compression.
Outcome decode_stream(const SignedvfsForeignHost& host, archive* decompressor, archive* reader,
                      File& file, Stream& stream) {
  archive_read_support_format_raw(decompressor);
  // Where it was built without one of these, libarchive would run gzip(1) and the like, whatever
  // PATH says that is; it announces that by ARCHIVE_WARN.
  for (const int filter :
       {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD}) {
    if (archive_read_support_filter_by_code(decompressor, filter) != ARCHIVE_OK) {
      return {kSignedvfsForeignMalformed, "this libarchive lacks gzip, bzip2, xz or zstd"};
    }
  }
  archive_entry* whole = nullptr;
  if (file.attach(decompressor, false) != ARCHIVE_OK ||
      archive_read_next_header(decompressor, &whole) != ARCHIVE_OK) {
    return file.stopped() ? Outcome{kSignedvfsForeignStopped} : refused(decompressor);
  }
  if (archive_filter_count(decompressor) > 2) {  // the last one is the file
    return {kSignedvfsForeignMalformed, "compressed more than once"};
  }
  archive_read_support_format_tar(reader);
  archive_read_support_format_cpio(reader);
  const Outcome outcome =
      stream.attach(reader) == ARCHIVE_OK ? give_entries(host, reader) : refused(reader);
  if (file.stopped() || stream.stopped()) return {kSignedvfsForeignStopped};
  if (stream.failed()) return refused(decompressor);
  if (outcome.code != kSignedvfsForeignDone) return outcome;
  const Outcome end = check_end(decompressor, reader, stream, host.size);
  return file.stopped() ? Outcome{kSignedvfsForeignStopped} : end;
}

}  // namespace

int signedvfs_foreign_decode_3(const SignedvfsForeignHost* host, char* why, std::size_t why_size) {
  const Utf8Locale locale;
  // Declared in this order: a reader is closed while what it reads from is still there.
  const std::unique_ptr<File> file(new (std::nothrow) File(*host));
  const Reader decompressor(archive_read_new());
  Stream stream(*host, decompressor.get());
  const Reader reader(archive_read_new());
  Outcome outcome{kSignedvfsForeignNoMemory, "no memory left"};
  if (file && decompressor && reader) {
    switch (host->format) {
      case kSignedvfsForeignStream:
        outcome = decode_stream(*host, decompressor.get(), reader.get(), *file, stream);
        break;
      case kSignedvfsForeignSevenZip:
        outcome = decode_seven_zip(*host, reader.get(), *file);
        break;
      case kSignedvfsForeignLzma:
        outcome = decode_single(*host, reader.get(), *file, ARCHIVE_FILTER_LZMA);
        break;
      case kSignedvfsForeignBzip2:
        outcome = decode_single(*host, reader.get(), *file, ARCHIVE_FILTER_BZIP2);
        break;
      default:
        outcome = {kSignedvfsForeignMalformed, "an unknown format"};
    }
  }
  std::snprintf(why, why_size, "%s", outcome.why);
  return outcome.code;
}
