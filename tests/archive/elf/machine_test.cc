#include "archive/elf/machine.h"

#include <gtest/gtest.h>

namespace signedvfs {
namespace {

TEST(Machine, HasTheNameOfPlatformTags) {
  EXPECT_EQ(machine_name(62), "x86_64");
  EXPECT_EQ(machine_name(183), "aarch64");
  EXPECT_EQ(machine_named("aarch64"), 183);
}

TEST(Machine, OfAnotherWidthOrOrderIsNotReadAndHasAName) {
  EXPECT_EQ(machine_name(3), "i686");
  EXPECT_EQ(machine_named("i686"), std::nullopt);
  EXPECT_EQ(machine_named("s390x"), std::nullopt);
}

TEST(Machine, ThatIsNotKnownHasANumber) {
  EXPECT_EQ(machine_name(9999), "machine 9999");
  EXPECT_EQ(machine_named("machine 9999"), std::nullopt);
}

TEST(Machine, ThisOneIsKnown) {
  ASSERT_NE(own_machine(), kNoMachine);
  EXPECT_EQ(machine_named(machine_name(own_machine())), own_machine());
}

}  // namespace
}  // namespace signedvfs
