#include "archive/directory_tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "archive/opening.h"
#include "support/temporary_directory.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Directory : public testing::Test {
 protected:
  std::unique_ptr<const Container> open(const Limits& limits = {}) const {
    return open_container(tree_.path(), limits).value();
  }
  static std::string content_of(const Container& container, std::string_view name) {
    auto content = container.read(name);
    return content.ok() ? std::string(text_of(content->bytes()))
                        : std::string(in_quotes(sentence(content.code())));
  }

  TemporaryDirectory tree_;
};

TEST_F(Directory, ReadsFilesBelowItself) {
  tree_.write("app/m.py", "import os\n");
  tree_.write("empty.py", "");
  const auto container = open();
  EXPECT_EQ(content_of(*container, "app/m.py"), "import os\n");
  EXPECT_EQ(container->read("empty.py")->size(), 0U);
  EXPECT_EQ(container->size_of("app/m.py"), 10U);
  EXPECT_EQ(container->size_of("app"), std::nullopt);
  EXPECT_EQ(container->read("app").code(), Errc::kNotRegular);
  EXPECT_EQ(container->read("other.py").code(), Errc::kNotFound);
  EXPECT_EQ(container->path(), tree_.path());
}

// descriptor_of returns the number under which this process has `path` open.
int descriptor_of(const std::string& path) {
  for (const auto& link : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the iterator's own
    if (std::filesystem::read_symlink(link, gone) == path) return std::stoi(link.path().filename());
  }
  return -1;
}

TEST_F(Directory, SurvivesAProgramThatClosesItsDescriptor) {
  tree_.write("m.py", "x");
  auto container = open();
  const int number = descriptor_of(tree_.path());
  ASSERT_GT(number, 2);
  ASSERT_EQ(::close(number), 0);
  EXPECT_EQ(content_of(*container, "m.py"), "x");
  EXPECT_THAT(container->names().value(), ElementsAre("m.py"));

  const TemporaryDirectory other;
  other.write("m.py", "another file under the number");
  const int opened = ::open(other.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::dup2(opened, number), number);
  EXPECT_EQ(content_of(*container, "m.py"), "x");

  std::filesystem::rename(tree_.path(), tree_.path() + ".moved");
  std::filesystem::create_directory(tree_.path());
  tree_.write("m.py", "another directory at the path");
  EXPECT_EQ(container->read("m.py").code(), Errc::kIo);
  std::filesystem::remove_all(tree_.path() + ".moved");

  container.reset();
  struct stat status{};
  EXPECT_EQ(::fstat(number, &status), 0) << "a descriptor of somebody else's was closed";
  ::close(number);
  if (opened != number) ::close(opened);
}

// K1: nobody asks for the listing in order to read
TEST_F(Directory, HasNoMemberCount) { EXPECT_EQ(open()->member_count(), std::nullopt); }

TEST_F(Directory, ListsFilesInByteOrder) {
  for (const char* name : {"b.py", "B.py", "a/z.py", "a.py", "a/b/c.py", "a/__pycache__/z.pyc"}) {
    tree_.write(name, "");
  }
  std::filesystem::create_directory(tree_ / "empty");
  EXPECT_THAT(open()->names().value(),
              ElementsAre("B.py", "a.py", "a/__pycache__/z.pyc", "a/b/c.py", "a/z.py", "b.py"));
}

// K2: symbolic links
TEST_F(Directory, NeitherReadsNorListsLinks) {
  const TemporaryDirectory outside;
  tree_.write("m.py", "");
  std::filesystem::create_symlink(outside.write("secret", "secret"), tree_ / "link.py");
  const auto container = open();
  EXPECT_EQ(container->read("link.py").code(), Errc::kNotRegular);
  EXPECT_EQ(container->size_of("link.py"), std::nullopt);
  const auto names = container->names();
  EXPECT_EQ(names.code(), Errc::kNotRegular);
  EXPECT_THAT(names.status().what(), HasSubstr("'link.py'"));
}

TEST_F(Directory, WalksAsItsRulesSay) {
  tree_.write("m.py", "content");
  tree_.write("apart/x.py", "");
  tree_.write("sub/apart/y.py", "");
  std::filesystem::create_symlink("../m.py", tree_ / "sub/link.py");
  std::filesystem::create_symlink("/etc/passwd", tree_ / "out.py");
  std::filesystem::create_directory_symlink("sub", tree_ / "alias");
  ASSERT_EQ(::mkfifo((tree_ / "fifo").c_str(), 0600), 0);
  tree_.write("bad\\name.py", "");
  TreeRules rules{.follows_links = true, .apart = {"apart"}, .leaves_out = true};
  const auto tree = DirectoryTree::open(tree_.path(), {}, rules).value();
  const WalkedTree walked = tree->walk().value();
  EXPECT_THAT(walked.names, ElementsAre("m.py", "sub/apart/y.py", "sub/link.py"));
  ASSERT_EQ(walked.left_out.size(), 4U);
  EXPECT_THAT(walked.left_out,
              testing::Contains(HasSubstr("'alias' is a link that leads to no file")));
  EXPECT_EQ(content_of(*tree, "sub/link.py"), "content");
  EXPECT_EQ(tree->read("out.py").code(), Errc::kNotRegular);
  rules.leaves_out = false;
  EXPECT_FALSE(DirectoryTree::open(tree_.path(), {}, rules).value()->walk().ok());
  EXPECT_EQ(DirectoryTree::open(tree_ / "m.py", {}, {}).code(), Errc::kNotRegular);
  Limits few;
  few.members = 3;
  rules.leaves_out = true;
  EXPECT_EQ(DirectoryTree::open(tree_.path(), few, rules).value()->walk().code(), Errc::kTooLarge);
}

// K3, F1, F2: a FIFO, a directory, a device in a file's place
TEST_F(Directory, ReadsOnlyPlainFiles) {
  ASSERT_EQ(::mkfifo((tree_ / "fifo.py").c_str(), 0600), 0);
  const auto container = open();
  EXPECT_EQ(container->read("fifo.py").code(), Errc::kNotRegular);
  EXPECT_EQ(container->names().code(), Errc::kNotRegular);
  EXPECT_EQ(open_container("/dev", {}).value()->read("null").code(), Errc::kNotRegular);
}

// K3, F3: a huge sparse file costs nothing
TEST_F(Directory, BoundsAFileBeforeReadingIt) {
  const std::string file = tree_.write("huge.bin", "");
  ASSERT_EQ(::truncate(file.c_str(), off_t{1} << 40U), 0);
  EXPECT_EQ(open()->read("huge.bin").code(), Errc::kTooLarge);
  Limits limits;
  limits.member_bytes = 3;
  tree_.write("four.txt", "four");
  EXPECT_EQ(open(limits)->read("four.txt").code(), Errc::kTooLarge);
}

// F5: too many files
TEST_F(Directory, BoundsItsListing) {
  Limits limits;
  limits.members = 2;
  tree_.write("a", "");
  tree_.write("b", "");
  EXPECT_EQ(open(limits)->names()->size(), 2U);
  std::filesystem::create_directory(tree_ / "c");
  EXPECT_EQ(open(limits)->names().code(), Errc::kTooLarge);
}

// K5: another directory whose path begins with the same letters
TEST_F(Directory, RefusesNamesThatLeadOut) {
  const TemporaryDirectory outside;
  outside.write("m.py", "evil");
  const std::string sibling = tree_.path() + "-evil";
  std::filesystem::create_directory_symlink(outside.path(), sibling);
  const auto container = open();
  const std::string base = std::filesystem::path(tree_.path()).filename();
  for (const std::string& name :
       {"../" + base + "-evil/m.py", sibling + "/m.py", std::string("-evil/../../m.py"),
        std::string("./m.py"), std::string("m.py\0x", 6), std::string()}) {
    EXPECT_EQ(container->read(name).code(), Errc::kBadName) << in_quotes(name);
    EXPECT_EQ(container->size_of(name), std::nullopt);
  }
  std::filesystem::remove(sibling);
}

// B4: names that forge lines
TEST_F(Directory, ListsNoNamesThatAreNotPlain) {
  tree_.write("good.py\nevil.py", "");
  EXPECT_EQ(open()->names().code(), Errc::kBadName);
}

// E8: the directory is renamed and another one put in its place
TEST_F(Directory, StaysWithTheDirectoryItOpened) {
  const TemporaryDirectory parent;
  parent.write("app/m.py", "good");
  parent.write("evil/m.py", "evil");
  const auto container = open_container(parent / "app", {}).value();
  std::filesystem::rename(parent / "app", parent / "old");
  std::filesystem::rename(parent / "evil", parent / "app");
  EXPECT_EQ(content_of(*container, "m.py"), "good");
}

// K7, E1: the content is private once it has been read
TEST_F(Directory, GivesOutPrivateCopies) {
  tree_.write("m.py", "good");
  const auto container = open();
  const auto before = container->read("m.py");
  tree_.write("m.py", "evil");
  EXPECT_EQ(text_of(before->bytes()), "good");
  EXPECT_EQ(content_of(*container, "m.py"), "evil");
}

// E6, F7: a file that ends early. What sysfs declares as 4,096 bytes has but a few.
TEST_F(Directory, RefusesFileThatEndsBeforeItsSize) {
  const auto cpus = open_container("/sys/devices/system/cpu", {}).value();
  ASSERT_EQ(cpus->size_of("online"), 4096U);
  EXPECT_EQ(cpus->read("online").code(), Errc::kShrunk);
}

// F7: no descriptor left
TEST_F(Directory, SaysThatDescriptorsRanOut) {
  tree_.write("m.py", "");
  const auto container = open();
  EXPECT_EXIT(
      {
        while (::dup(STDERR_FILENO) >= 0) {
        }
        const bool read = container->read("m.py").code() == Errc::kIo;
        const bool names = container->names().code() == Errc::kIo;
        const bool again = open_container(tree_.path(), {}).code() == Errc::kIo;
        std::_Exit(read && names && again ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(Directory, PacksWhatItReads) {
  tree_.write("m.py", "import os\n");
  const auto member = open()->read_packed("m.py");
  ASSERT_TRUE(member.ok());
  const Packed* const packed = &member->packed;
  EXPECT_EQ(packed->method, Method::kStored);
  EXPECT_EQ(packed->size, 10U);
  EXPECT_EQ(packed->crc32, checksum(bytes_of("import os\n")));
  EXPECT_EQ(text_of(packed->bytes.bytes()), "import os\n");
  EXPECT_EQ(text_of(member->content()), "import os\n");
  EXPECT_EQ(open()->read_packed("n.py").code(), Errc::kNotFound);
}

}  // namespace
}  // namespace signedvfs
