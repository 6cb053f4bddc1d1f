#include "archive/opening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/foreign_builder.h"
#include "support/temporary_directory.h"
#include "support/zip_builder.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

class OpenContainer : public testing::Test {
 protected:
  Errc code_of(const std::string& bytes) const {
    return open_container(directory_.write("file", bytes), {}).code();
  }
  bool resembles(const std::string& bytes) const {
    return resembles_archive(directory_.write("file", bytes)).value();
  }
  std::string content_of(const std::string& bytes) const {
    const auto opened = open_container(directory_.write("file", bytes), {});
    if (!opened.ok()) return opened.status().what();
    return std::string(text_of(opened.value()->read("m.py")->bytes()));
  }

  const std::string zip_ = build_zip({.entries = {{"m.py", "zip"}}});
  const std::string tar_ = build_foreign("ustar", "", {{"m.py", "tar"}});
  TemporaryDirectory directory_;
};

TEST_F(OpenContainer, OpensWhateverThePathNames) {
  EXPECT_EQ(content_of(zip_), "zip");
  EXPECT_EQ(content_of(tar_), "tar");
  EXPECT_EQ(content_of(build_foreign("7zip", "", {{"m.py", "7z"}})), "7z");
  directory_.write("tree/m.py", "tree");
  std::filesystem::create_directory_symlink("tree", directory_ / "link");
  for (const char* name : {"tree", "tree/", "link"}) {  // the caller's own path may have links
    const auto opened = open_container(directory_ / name, {});
    ASSERT_TRUE(opened.ok()) << opened.status().what();
    EXPECT_EQ(text_of(opened.value()->read("m.py")->bytes()), "tree");
  }
}

TEST_F(OpenContainer, SaysWhatIsNoArchive) {
  EXPECT_EQ(code_of(""), Errc::kNotAnArchive);
  EXPECT_EQ(code_of("import os\n"), Errc::kNotAnArchive);
  EXPECT_EQ(code_of(std::string("Rar!\x1a\x07\x01\0", 8)), Errc::kUnsupported);
  EXPECT_EQ(open_container(directory_ / "none", {}).code(), Errc::kNotFound);
  EXPECT_EQ(open_container(directory_ / "file/below", {}).code(), Errc::kNotFound);
  EXPECT_EQ(open_container(std::string("a\0b", 3), {}).code(), Errc::kUsage);
}

// F1, F2: FIFO, device, socket: nothing blocks, nothing is read
TEST_F(OpenContainer, RefusesWhatIsNoPlainFile) {
  const std::string fifo = directory_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, std::string("/dev/null"), std::string("/dev/zero")}) {
    EXPECT_EQ(open_container(path, {}).code(), Errc::kNotRegular) << path;
    EXPECT_FALSE(resembles_archive(path).value()) << path;
  }
  EXPECT_EQ(open_container("/proc/self/status", {}).code(), Errc::kNotAnArchive);  // size 0
}

// F3: a huge sparse file
TEST_F(OpenContainer, BoundsTheFile) {
  const std::string path = directory_.write("huge", zip_);
  ASSERT_EQ(::truncate(path.c_str(), off_t{1} << 40U), 0);
  EXPECT_EQ(open_container(path, {}).code(), Errc::kTooLarge);
  Limits limits;
  limits.archive_bytes = tar_.size() - 1;
  EXPECT_EQ(open_container(directory_.write("tar", tar_), limits).code(), Errc::kTooLarge);
}

// A10: one file, two archives. Whatever zipimport would read is zip for us, and judged as zip.
TEST_F(OpenContainer, LeavesToNobodyElseWhatZipReadersMightTake) {
  EXPECT_EQ(code_of(zip_ + tar_), Errc::kTrailingBytes);
  EXPECT_EQ(code_of(zip_ + zip_ + "x"), Errc::kTrailingBytes);
  EXPECT_EQ(code_of(tar_ + zip_ + std::string(1024, '\0')), Errc::kTrailingBytes);
  // A tar archive of a stored wheel: harmless, but nobody can tell it from the others.
  EXPECT_EQ(code_of(build_foreign("ustar", "", {{"app.whl", zip_}})), Errc::kTrailingBytes);
}

// A18: bytes in front of a zip archive are inert, be they another archive
TEST_F(OpenContainer, NeverParsesWhatStandsInFrontOfZip) {
  for (const std::string& prefix :
       {std::string("#!/bin/sh\n"), tar_, build_foreign("pax", "gzip", {{"m.py", "tar"}}),
        build_foreign("7zip", "", {{"m.py", "7z"}})}) {
    EXPECT_EQ(content_of(prefix + zip_), "zip");
    EXPECT_EQ(open_container(directory_ / "file", {}).value()->prefix_bytes(), prefix.size());
  }
}

// E8: the path comes to name another file
TEST_F(OpenContainer, StaysWithTheFileItOpened) {
  for (const std::string& archive : {zip_, tar_}) {
    const std::string path = directory_.write("app", archive);
    const auto opened = open_container(path, {}).value();
    std::filesystem::rename(directory_.write("evil", "evil"), path);
    EXPECT_TRUE(opened->read("m.py").ok());
  }
}

TEST_F(OpenContainer, RefusesZipWithoutItsEnd) {
  EXPECT_EQ(code_of(zip_.substr(0, zip_.size() - 22)), Errc::kBadDirectory);
  EXPECT_TRUE(resembles(zip_.substr(0, zip_.size() - 22)));
}

TEST_F(OpenContainer, NamesThePathInItsFailures) {
  for (const std::string& bytes : {std::string("text"), zip_ + "x", tar_ + "x"}) {
    const std::string path = directory_.write("app", bytes);
    EXPECT_THAT(open_container(path, {}).status().what(), HasSubstr(path));
  }
}

TEST_F(OpenContainer, ResemblesWhateverIsOpenedOrRefused) {
  for (const std::string& bytes :
       {zip_, tar_, zip_ + "x", tar_.substr(0, 700), build_foreign("7zip", "", {{"m.py", "7z"}}),
        compress_foreign("gzip", "text"), std::string("Rar!\x1a\x07\x01\0", 8),
        "#!/bin/sh\n" + zip_}) {
    EXPECT_TRUE(resembles(bytes));
    EXPECT_NE(code_of(bytes), Errc::kNotAnArchive);
  }
  for (const std::string& bytes : {std::string(), std::string("import os\n"),
                                   "\x7f"
                                   "ELF" +
                                       std::string(1000, '\1')}) {
    EXPECT_FALSE(resembles(bytes));
    EXPECT_EQ(code_of(bytes), Errc::kNotAnArchive);
  }
  EXPECT_FALSE(resembles_archive(directory_.path()).value());
  EXPECT_EQ(resembles_archive(directory_ / "none").code(), Errc::kNotFound);
}

TEST_F(OpenContainer, NamesAreReadOfZipArchivesOnly) {
  const std::string path =
      directory_.write("file", build_zip({.entries = {{"d/b"}, {"d/"}, {"a"}}}));
  const auto zip = names_in(path, {});
  ASSERT_TRUE(zip.ok()) << zip.status().what();
  EXPECT_TRUE(zip->is_archive);
  EXPECT_EQ(zip->names, (std::vector<std::string>{"a", "d/b"}));

  directory_.write("file", tar_);
  EXPECT_TRUE(names_in(path, {})->is_archive);
  EXPECT_FALSE(names_in(path, {})->names);

  directory_.write("file", "no archive");
  EXPECT_FALSE(names_in(path, {})->is_archive);
  EXPECT_FALSE(names_in(path, {})->names);
}

TEST_F(OpenContainer, NamesOfWhatIsDamagedOrTooLargeAreUnknown) {
  const std::string path = directory_.write("file", zip_ + "behind");
  EXPECT_TRUE(names_in(path, {})->is_archive);
  EXPECT_FALSE(names_in(path, {})->names);

  directory_.write("file", zip_);
  Limits limits;
  limits.members = 0;
  EXPECT_TRUE(names_in(path, limits)->is_archive);
  EXPECT_FALSE(names_in(path, limits)->names);
  limits = {};
  limits.archive_bytes = 1;
  EXPECT_EQ(names_in(path, limits).code(), Errc::kTooLarge);
}

TEST_F(OpenContainer, NamesNeedAFile) {
  EXPECT_EQ(names_in(directory_ / "none", {}).code(), Errc::kNotFound);
  EXPECT_EQ(names_in(directory_.path(), {}).code(), Errc::kNotRegular);
}

}  // namespace
}  // namespace signedvfs
