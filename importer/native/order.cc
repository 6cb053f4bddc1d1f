#include "importer/native/order.h"

#include <algorithm>
#include <utility>

namespace signedvfs {
namespace {

// Groups finds what needs each other: Tarjan's strongly connected components.
class Groups {
 public:
  explicit Groups(std::span<const Wants> things)
      : things_(things), seen_(things.size()), lowest_(things.size()), of_(things.size(), kNone) {
    for (std::size_t one = 0; one < things.size(); ++one) {
      if (seen_[one] == 0) visit(one);
    }
  }

  std::size_t count() const noexcept { return count_; }

  // of returns the number of the group that a thing belongs to.
  std::size_t of(std::size_t one) const { return of_[one]; }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  void visit(std::size_t one) {
    seen_[one] = lowest_[one] = ++visits_;
    stack_.push_back(one);
    for (const std::size_t needed : things_[one].needs) {
      if (seen_[needed] == 0) {
        visit(needed);
        lowest_[one] = std::min(lowest_[one], lowest_[needed]);
      } else if (of_[needed] == kNone) {
        lowest_[one] = std::min(lowest_[one], seen_[needed]);
      }
    }
    if (lowest_[one] != seen_[one]) return;
    for (std::size_t last = kNone; last != one;) {
      last = stack_.back();
      stack_.pop_back();
      of_[last] = count_;
    }
    ++count_;
  }

  std::span<const Wants> things_;
  std::vector<std::size_t> seen_;  // as the how manieth; 0: not yet
  std::vector<std::size_t> lowest_;
  std::vector<std::size_t> of_;
  std::vector<std::size_t> stack_;
  std::size_t visits_ = 0;
  std::size_t count_ = 0;
};

class GroupOrder {
 public:
  explicit GroupOrder(std::span<const Wants> things)
      : things_(things), groups_(things), states_(groups_.count(), State::kNew) {
    for (std::size_t one = 0; one < things.size(); ++one) visit(one);
  }

  std::vector<std::vector<std::size_t>> order() && { return std::move(order_); }

 private:
  enum class State { kNew, kUnderWay, kDone };

  State& state_of(std::size_t one) { return states_[groups_.of(one)]; }

  void visit(std::size_t one) {
    if (state_of(one) != State::kNew) return;
    state_of(one) = State::kUnderWay;
    std::vector<std::size_t> members = members_from(one);
    for (const std::size_t member : members) {
      for (const std::size_t wish : things_[member].wishes) {
        // What has to wait comes when nothing is under way any more.
        if (!has_to_wait(wish)) visit(wish);
      }
    }
    for (const std::size_t member : members) {
      for (const std::size_t needed : things_[member].needs) visit(needed);
    }
    state_of(one) = State::kDone;
    order_.push_back(std::move(members));
  }

  // members_from returns the group of `first`, breadth-first.
  std::vector<std::size_t> members_from(std::size_t first) const {
    std::vector<std::size_t> out{first};
    for (std::size_t at = 0; at < out.size(); ++at) {
      for (const std::size_t needed : things_[out[at]].needs) {
        const bool is_new = std::find(out.begin(), out.end(), needed) == out.end();
        if (is_new && groups_.of(needed) == groups_.of(first)) out.push_back(needed);
      }
    }
    return out;
  }

  // has_to_wait tells whether `one` needs, directly or not, what is under way.
  bool has_to_wait(std::size_t one) {
    std::vector<std::size_t> found{one};
    for (std::size_t at = 0; at < found.size(); ++at) {
      if (state_of(found[at]) == State::kUnderWay) return true;
      for (const std::size_t needed : things_[found[at]].needs) {
        if (std::find(found.begin(), found.end(), needed) == found.end()) found.push_back(needed);
      }
    }
    return false;
  }

  std::span<const Wants> things_;
  Groups groups_;
  std::vector<State> states_;
  std::vector<std::vector<std::size_t>> order_;
};

}  // namespace

std::vector<std::vector<std::size_t>> groups_in_order(std::span<const Wants> things) {
  return GroupOrder(things).order();
}

}  // namespace signedvfs
