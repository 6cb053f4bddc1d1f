#include "archive/foreign/library.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "archive/opening.h"
#include "support/temporary_directory.h"
#include "support/zip_builder.h"

// This program has libarchive in no other way than the one that is tested. What is loaded stays
// loaded, so the order of the tests matters.

namespace signedvfs {
namespace {

std::string directory;  // what this program says for `foreign_directory`

// m.py with the content "1", by tar and gzip.
constexpr std::array<unsigned char, 76> kTarGz{
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0xd5, 0x2b, 0xa8, 0x64, 0xa0,
    0x31, 0x30, 0x00, 0x02, 0x33, 0x13, 0x13, 0x30, 0x0d, 0x04, 0xe8, 0x34, 0x10, 0x18, 0x22, 0xb1,
    0x41, 0xe2, 0x66, 0xa6, 0x26, 0x46, 0x0c, 0x0a, 0x06, 0x0c, 0x74, 0x00, 0xa5, 0xc5, 0x25, 0x89,
    0x45, 0x40, 0x2b, 0x19, 0x46, 0x26, 0x30, 0x64, 0x18, 0x05, 0xa3, 0x60, 0x14, 0x8c, 0x82, 0x51,
    0x30, 0x12, 0x01, 0x00, 0xfa, 0x99, 0xd9, 0x60, 0x00, 0x08, 0x00, 0x00};

std::string tar_gz() { return {kTarGz.begin(), kTarGz.end()}; }

bool libarchive_is_loaded() {
  std::ifstream maps("/proc/self/maps");
  const std::string all(std::istreambuf_iterator<char>(maps), {});
  return all.find("libarchive") != std::string::npos;
}

class ForeignLibraryTest : public testing::Test {
 protected:
  TemporaryDirectory temporary_;
  const std::string archive_ = temporary_.write("app.tar.gz", tar_gz());
};

TEST_F(ForeignLibraryTest, IsNotLoadedForZipArchivesAndDirectories) {
  directory = std::filesystem::path(SIGNEDVFS_FOREIGN).parent_path();
  const std::string zip = temporary_.write("app.zip", build_zip({.entries = {{"m.py", "1"}}}));
  EXPECT_TRUE(open_container(zip, {}).value()->read("m.py").ok());
  EXPECT_TRUE(open_container(temporary_.path(), {}).value()->read("app.zip").ok());
  EXPECT_TRUE(resembles_archive(archive_).value());
  EXPECT_FALSE(libarchive_is_loaded());
}

TEST_F(ForeignLibraryTest, IsFoundInNoOtherPlace) {
  directory = temporary_.path();
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(std::filesystem::path(SIGNEDVFS_FOREIGN).parent_path());
  const auto opened = open_container(archive_, {});
  std::filesystem::current_path(before);
  EXPECT_EQ(opened.code(), Errc::kNoDecoder);
  EXPECT_THAT(opened.status().what(), testing::HasSubstr(temporary_ / "libsignedvfs_foreign.so"));
  EXPECT_FALSE(libarchive_is_loaded());
}

TEST_F(ForeignLibraryTest, HasToBeOurs) {
  directory = temporary_.path();
  temporary_.write("libsignedvfs_foreign.so", "text");
  EXPECT_EQ(load_foreign_library().code(), Errc::kNoDecoder);
  const TemporaryDirectory other;
  directory = other.path();
  std::filesystem::copy_file(SIGNEDVFS_BESIDE, other / "libsignedvfs_foreign.so");
  EXPECT_EQ(load_foreign_library().code(), Errc::kNoDecoder);
  directory = "";
  EXPECT_EQ(load_foreign_library().code(), Errc::kNoDecoder);
}

// H3: what stands beside an executable was perhaps downloaded with it
TEST_F(ForeignLibraryTest, IsNotLookedForBesideTheExecutable) {
  const std::string program = temporary_ / "program";
  std::filesystem::copy_file("/proc/self/exe", program);
  std::filesystem::copy_file(SIGNEDVFS_FOREIGN, temporary_ / "libsignedvfs_foreign.so");
  const std::string command =
      "LD_LIBRARY_PATH='" + std::filesystem::path(SIGNEDVFS_FOREIGN).parent_path().string() +
      "' '" + program + "' --gtest_filter='*IsFoundInNoOtherPlace' >/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0);  // it is still missing there
}

TEST_F(ForeignLibraryTest, IsLookedForBesideTheModule) {
  const auto open_by_module = [&](const TemporaryDirectory& place) {
    const std::string module = place / "module.so";
    std::filesystem::copy_file(SIGNEDVFS_BESIDE, module);
    void* handle = ::dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) throw std::runtime_error(::dlerror());
    const auto open =
        reinterpret_cast<int (*)(const char*)>(::dlsym(handle, "open_container_in_module"));
    return static_cast<Errc>(open(archive_.c_str()));
  };
  const TemporaryDirectory alone;
  EXPECT_EQ(open_by_module(alone), Errc::kNoDecoder);
  const TemporaryDirectory together;
  std::filesystem::copy_file(SIGNEDVFS_FOREIGN, together / "libsignedvfs_foreign.so");
  EXPECT_EQ(open_by_module(together), Errc::kOk);
}

TEST_F(ForeignLibraryTest, IsLoadedByManyThreadsAtOnce) {
  directory = std::filesystem::path(SIGNEDVFS_FOREIGN).parent_path();
  std::array<bool, 8> opened{};
  std::vector<std::thread> threads;
  for (bool& result : opened) {
    threads.emplace_back([&] {
      const auto container = open_container(archive_, {});
      result = container.ok() && text_of(container.value()->read("m.py")->bytes()) == "1";
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(std::all_of(opened.begin(), opened.end(), [](bool result) { return result; }));
  EXPECT_TRUE(libarchive_is_loaded());
}

}  // namespace

std::string_view foreign_directory() noexcept { return directory; }

}  // namespace signedvfs
