#include "importer/native/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace signedvfs {
namespace {

using testing::IsEmpty;

using Groups = std::vector<std::vector<std::size_t>>;

Groups order(const std::vector<Wants>& things) { return groups_in_order(things); }

TEST(GroupsInOrder, HasEachAfterWhatItNeeds) {
  EXPECT_THAT(order({}), IsEmpty());
  EXPECT_EQ(order({{{1, 2}, {}}, {{3}, {}}, {{1, 3}, {}}, {}}), (Groups{{3}, {1}, {2}, {0}}));
}

TEST(GroupsInOrder, HasTogetherWhatNeedsEachOther) {
  EXPECT_EQ(order({{{0}, {}}}), (Groups{{0}}));
  EXPECT_EQ(order({{{1}, {}}, {{2}, {}}, {{1, 3}, {}}, {}}), (Groups{{3}, {1, 2}, {0}}));
  // Two that share one: 1 <-> 2, 1 <-> 3, each of which needs another, too.
  EXPECT_EQ(order({{{1}, {}}, {{2, 3}, {}}, {{1, 4}, {}}, {{1, 5}, {}}, {}, {}}),
            (Groups{{4}, {5}, {1, 2, 3}, {0}}));
  // Breadth-first: 1 needs 4 last, and finds it before what 2 needs.
  EXPECT_EQ(order({{{1}, {}}, {{2, 4}, {}}, {{3}, {}}, {{1}, {}}, {{1}, {}}}),
            (Groups{{1, 2, 4, 3}, {0}}));
}

TEST(GroupsInOrder, GrantsWishes) {
  EXPECT_EQ(order({{{1}, {2}}, {}, {}}), (Groups{{2}, {1}, {0}}));
  EXPECT_EQ(order({{{1}, {}}, {{}, {2}}, {{3}, {}}, {}}), (Groups{{3}, {2}, {1}, {0}}));
}

TEST(GroupsInOrder, LeavesWishesForLaterThatNeedTheOneThatHasThem) {
  EXPECT_EQ(order({{{}, {0}}}), (Groups{{0}}));
  EXPECT_EQ(order({{{}, {1}}, {{}, {0}}}), (Groups{{1}, {0}}));
  EXPECT_EQ(order({{{}, {1}}, {{0}, {}}}), (Groups{{0}, {1}}));
  // 1 wishes for 2, which needs 0, which needs 1.
  EXPECT_EQ(order({{{1}, {}}, {{}, {2}}, {{3}, {}}, {{0}, {}}}), (Groups{{1}, {0}, {3}, {2}}));
}

TEST(GroupsInOrder, KeepsItsWordForAnyGraph) {
  std::mt19937 random(20);  // NOLINT: the same graphs each time
  for (int round = 0; round < 3000; ++round) {
    const std::size_t size = 1 + random() % 9;
    std::vector<Wants> things(size);
    for (std::size_t edges = random() % (2 * size); edges > 0; --edges) {
      auto& from = things[random() % size];
      (random() % 3 == 0 ? from.wishes : from.needs).push_back(random() % size);
    }
    // Who needs whom, directly or not.
    std::vector<std::vector<bool>> reaches(size, std::vector<bool>(size));
    for (std::size_t i = 0; i < size; ++i) {
      for (const std::size_t needed : things[i].needs) reaches[i][needed] = true;
    }
    for (std::size_t k = 0; k < size; ++k) {
      for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = 0; j < size; ++j) {
          if (reaches[i][k] && reaches[k][j]) reaches[i][j] = true;
        }
      }
    }
    std::vector<std::size_t> place(size, size);
    const Groups groups = order(things);
    for (std::size_t at = 0; at < groups.size(); ++at) {
      for (const std::size_t one : groups[at]) {
        ASSERT_EQ(place[one], size);
        place[one] = at;
      }
    }
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_NE(place[i], size);
      for (std::size_t j = 0; j < size; ++j) {
        const bool together = i == j || (reaches[i][j] && reaches[j][i]);
        ASSERT_EQ(place[i] == place[j], together);
        ASSERT_TRUE(!reaches[i][j] || place[i] >= place[j]);
      }
    }
  }
}

}  // namespace
}  // namespace signedvfs
