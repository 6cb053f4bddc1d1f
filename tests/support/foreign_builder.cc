#include "support/foreign_builder.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <memory>
#include <stdexcept>
#include <string_view>

namespace signedvfs {
namespace {

struct Release {
  void operator()(archive* writer) const noexcept { archive_write_free(writer); }
  void operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }
};

la_ssize_t append(archive*, void* out, const void* bytes, std::size_t length) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), length);
  return static_cast<la_ssize_t>(length);
}

// Utf8 lets names be written as they are, whatever the locale of the test run.
class Utf8 {
 public:
  Utf8() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)), before_(::uselocale(locale_)) {}
  Utf8(const Utf8&) = delete;
  Utf8& operator=(const Utf8&) = delete;
  ~Utf8() {
    ::uselocale(before_);
    ::freelocale(locale_);
  }

 private:
  locale_t locale_;
  locale_t before_;
};

void require(archive* writer, la_ssize_t result) {
  if (result < ARCHIVE_OK) throw std::runtime_error(archive_error_string(writer));
}

void add(archive* writer, const ForeignEntry& made) {
  const std::unique_ptr<archive_entry, Release> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), made.name.c_str());
  archive_entry_set_mode(entry.get(), made.mode);
  archive_entry_set_mtime(entry.get(), 315532800, 0);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(made.content.size()));
  if (!made.link.empty()) archive_entry_set_symlink(entry.get(), made.link.c_str());
  if (!made.hard_link.empty()) archive_entry_set_hardlink(entry.get(), made.hard_link.c_str());
  for (std::size_t i = 0; i + 1 < made.holes.size(); i += 2) {
    archive_entry_sparse_add_entry(entry.get(), static_cast<la_int64_t>(made.holes[i]),
                                   static_cast<la_int64_t>(made.holes[i + 1]));
  }
  require(writer, archive_write_header(writer, entry.get()));
  if (!made.content.empty()) {
    require(writer, archive_write_data(writer, made.content.data(), made.content.size()));
  }
  require(writer, archive_write_finish_entry(writer));
}

}  // namespace

std::string build_foreign(const std::string& format, const std::string& filter,
                          const std::vector<ForeignEntry>& entries) {
  const Utf8 locale;
  std::string out;
  const std::unique_ptr<archive, Release> writer(archive_write_new());
  require(writer.get(), archive_write_set_format_by_name(writer.get(), format.c_str()));
  if (!filter.empty()) {
    require(writer.get(), archive_write_add_filter_by_name(writer.get(), filter.c_str()));
  }
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  require(writer.get(), archive_write_open(writer.get(), &out, nullptr, append, nullptr));
  for (const ForeignEntry& entry : entries) add(writer.get(), entry);
  require(writer.get(), archive_write_close(writer.get()));
  return out;
}

std::string compress_foreign(const std::string& filter, const std::string& bytes) {
  return build_foreign("raw", filter, {{"data", bytes}});
}

}  // namespace signedvfs
