#include "archive/base/status.h"

#include <gtest/gtest.h>

#include <set>

namespace signedvfs {
namespace {

TEST(Status, GivesEveryCodeItsOwnNameAndSentence) {
  std::set<std::string_view> names;
  std::set<std::string_view> sentences;
  for (std::size_t i = 0; i < kErrcCount; ++i) {
    names.insert(name(static_cast<Errc>(i)));
    sentences.insert(sentence(static_cast<Errc>(i)));
  }
  EXPECT_EQ(names.size(), kErrcCount);
  EXPECT_EQ(sentences.size(), kErrcCount);
}

TEST(Status, PutsContextInFrontOfWhat) {
  const Status status = Status(Errc::kNotFound, "'m.py'").in("app.zip");
  EXPECT_EQ(status.code(), Errc::kNotFound);
  EXPECT_EQ(status.what(), "app.zip: 'm.py'");
  EXPECT_TRUE(Status().in("app.zip").ok());
}

TEST(Status, KeepsTheMemberThatItIsAbout) {
  const Status status = Status(Errc::kDigestMismatch, "'m.py'").about("m.py").in("app.zip");
  EXPECT_EQ(status.member(), "m.py");
  EXPECT_EQ(status.what(), "app.zip: 'm.py'");
  EXPECT_EQ(status.code(), Errc::kDigestMismatch);
  EXPECT_TRUE(Status().about("m.py").ok());
  EXPECT_EQ(Status().about("m.py").member(), "");
}

TEST(Quoted, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(in_quotes("a\x1b[2J'\\\xc3\xa9\n"), "'a\\x1b[2J\\'\\\\\\xc3\\xa9\\x0a'");
}

}  // namespace
}  // namespace signedvfs
