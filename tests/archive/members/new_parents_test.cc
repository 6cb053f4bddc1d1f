#include "archive/members/new_parents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NewParents, AreToldOnceAndOutermostFirst) {
  NewParents parents;
  EXPECT_THAT(parents.of("m.py"), IsEmpty());
  EXPECT_THAT(parents.of("a/b/c/m.py"), ElementsAre("a", "a/b", "a/b/c"));
  EXPECT_THAT(parents.of("a/b/c/n.py"), IsEmpty());
  EXPECT_THAT(parents.of("a/b/m.py"), IsEmpty());
  EXPECT_THAT(parents.of("a/x/m.py"), ElementsAre("a/x"));
  EXPECT_THAT(parents.of("ab/m.py"), ElementsAre("ab"));
  EXPECT_THAT(parents.of("a/b/c/o.py"), IsEmpty());
}

TEST(NewParents, OutliveTheNamesThatWereAsked) {
  NewParents parents;
  {
    const std::string name("some/long/enough/directory/m.py");
    EXPECT_EQ(parents.of(name).size(), 4U);
  }
  EXPECT_THAT(parents.of("some/long/enough/directory/n.py"), IsEmpty());
}

}  // namespace
}  // namespace signedvfs
