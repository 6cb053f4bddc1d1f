#include "vfs/read_ahead.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace signedvfs {
namespace {

enum class Progress : std::uint8_t { kWanted, kBeingRead, kReady, kGone };

struct Member {
  std::string name;
  Progress progress = Progress::kWanted;
  std::optional<VerifiedBytes> content;
};

unsigned cores() noexcept {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return static_cast<unsigned>(CPU_COUNT(&allowed));
}

// fork_count grows in each child, which has none of its parent's threads.
std::atomic<std::uint64_t> fork_count = 0;

void watch_forks() {
  static const int watching = ::pthread_atfork(
      nullptr, nullptr, [] { fork_count.fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(watching);  // fails for want of memory only
}

// AllSignalsBlocked has a thread that is started meanwhile never run a signal handler: those are
// the program's, and expect its threads.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// What fails on the thread, memory included, is nobody's business there: whoever asks for the
// member, or verifies the archive, reads for themselves and learns what is wrong.

std::vector<std::string> names_of(const ReadAhead::Order& order) {
  try {
    Result<std::vector<std::string>> names = order();
    if (names.ok()) return std::move(names).value();
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): see above
  }
  return {};
}

std::optional<VerifiedBytes> content_of(const SignedVfs& vfs, const std::string& name,
                                        const ReadAheadBounds& bounds) {
  try {
    const std::uint64_t size = vfs.size_of(name);
    if (size < bounds.smallest || size > bounds.bytes) return std::nullopt;
    Result<VerifiedBytes> content = vfs.read(name);
    if (content.ok()) return std::move(content).value();
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): see above
  }
  return std::nullopt;
}

}  // namespace

// `mutex` guards what follows it.
struct ReadAhead::State {
  std::shared_ptr<const SignedVfs> vfs;
  Order order;
  ReadAheadBounds bounds;
  std::uint64_t born_after = 0;  // `fork_count` then

  std::mutex mutex;
  std::condition_variable room;  // the thread waits for it
  std::condition_variable read;  // askers wait for it
  std::thread thread;
  bool is_running = false;
  bool is_known = false;  // the order is
  bool stop = false;
  std::vector<Member> members;
  std::unordered_map<std::string_view, std::size_t> places;  // borrows from `members`
  std::unordered_set<std::string> asked;                     // before the order was known
  std::size_t next = 0;                                      // nothing before it is to be read
  std::size_t ready_bytes = 0;

  bool is_of_this_process() const noexcept {
    return fork_count.load(std::memory_order_relaxed) == born_after;
  }

  void start();
  void run();
  void learn_order(std::unique_lock<std::mutex>& lock);
  bool wait_for_room(std::unique_lock<std::mutex>& lock);
  void read_member(std::size_t place, std::unique_lock<std::mutex>& lock);
  void drop_ready();
  void end();

  // abandon keeps what a forked child has inherited: the mutex may be locked for ever, a destructor
  // would wait for the thread that is not there.
  static void abandon(std::unique_ptr<State> state) noexcept;
  State* next_abandoned = nullptr;
};

// start is called with `mutex` held. Without a thread everybody reads for themselves.
void ReadAhead::State::start() {
  if (is_running || stop || (is_known && next == members.size())) return;
  if (thread.joinable()) thread.join();  // it has ended, and holds no lock any more
  const AllSignalsBlocked blocked;
  try {
    thread = std::thread([this] { run(); });
    is_running = true;
  } catch (const std::system_error&) {
    stop = true;
  }
}

void ReadAhead::State::run() {
  std::unique_lock lock(mutex);
  if (!is_known) learn_order(lock);
  while (!stop) {
    while (next < members.size() && members[next].progress != Progress::kWanted) ++next;
    if (next == members.size()) break;
    if (ready_bytes >= bounds.bytes) {
      if (wait_for_room(lock)) continue;
      drop_ready();
      break;
    }
    read_member(next++, lock);
  }
  is_running = false;
}

void ReadAhead::State::learn_order(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  std::vector<std::string> names = names_of(order);
  lock.lock();
  is_known = true;
  members.reserve(names.size());
  for (std::string& name : names) members.push_back({std::move(name), Progress::kWanted, {}});
  for (std::size_t place = 0; place < members.size(); ++place) {
    places.emplace(members[place].name, place);
    if (!asked.contains(members[place].name)) continue;
    members[place].progress = Progress::kGone;
    next = place + 1;
  }
  asked.clear();
}

// wait_for_room tells whether anybody still asks.
bool ReadAhead::State::wait_for_room(std::unique_lock<std::mutex>& lock) {
  return room.wait_for(lock, bounds.patience, [&] { return stop || ready_bytes < bounds.bytes; });
}

void ReadAhead::State::read_member(std::size_t place, std::unique_lock<std::mutex>& lock) {
  Member& member = members[place];
  member.progress = Progress::kBeingRead;
  lock.unlock();
  std::optional<VerifiedBytes> content = content_of(*vfs, member.name, bounds);
  lock.lock();
  member.progress = content ? Progress::kReady : Progress::kGone;
  if (content) ready_bytes += content->size();
  member.content = std::move(content);
  read.notify_all();
}

void ReadAhead::State::drop_ready() {
  for (Member& member : members) {
    if (member.progress != Progress::kReady) continue;
    member.progress = Progress::kGone;
    member.content.reset();
  }
  ready_bytes = 0;
}

void ReadAhead::State::end() {
  {
    const std::scoped_lock lock(mutex);
    stop = true;
    room.notify_all();
  }
  if (thread.joinable()) thread.join();
}

void ReadAhead::State::abandon(std::unique_ptr<State> state) noexcept {
  static std::atomic<State*> all = nullptr;
  if (state->thread.joinable()) state->thread.detach();
  State* const one = state.release();
  one->next_abandoned = all.load(std::memory_order_relaxed);
  while (!all.compare_exchange_weak(one->next_abandoned, one)) continue;
}

std::shared_ptr<ReadAhead> ReadAhead::create(std::shared_ptr<const SignedVfs> vfs, Order order,
                                             const ReadAheadBounds& bounds) {
  if (cores() < 2) return nullptr;
  return over(std::move(vfs), std::move(order), bounds);
}

std::shared_ptr<ReadAhead> ReadAhead::over(std::shared_ptr<const SignedVfs> vfs, Order order,
                                           const ReadAheadBounds& bounds) {
  watch_forks();
  auto state = std::make_unique<State>();
  state->vfs = std::move(vfs);
  state->order = std::move(order);
  state->bounds = bounds;
  state->born_after = fork_count.load(std::memory_order_relaxed);
  return std::shared_ptr<ReadAhead>(new ReadAhead(std::move(state)));
}

ReadAhead::ReadAhead(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

ReadAhead::~ReadAhead() {
  if (state_->is_of_this_process()) {
    state_->end();
  } else {
    State::abandon(std::move(state_));
  }
}

ReadAhead::Answer ReadAhead::take(std::string_view name) {
  State& state = *state_;
  Answer answer;
  if (!state.is_of_this_process()) return answer;
  const std::scoped_lock lock(state.mutex);
  if (!state.is_known) {
    state.asked.emplace(name);
    state.start();
    return answer;
  }
  const auto found = state.places.find(name);
  if (found == state.places.end()) return answer;
  Member& member = state.members[found->second];
  switch (member.progress) {
    case Progress::kWanted:  // the asker is faster, or begins again after a pause
      member.progress = Progress::kGone;
      state.next = std::max(state.next, found->second + 1);
      state.start();
      break;
    case Progress::kBeingRead:
      answer.is_being_read = true;
      break;
    case Progress::kReady:
      if (member.content) state.ready_bytes -= member.content->size();
      answer.content = std::move(member.content);
      member.content.reset();
      member.progress = Progress::kGone;
      state.room.notify_all();
      break;
    case Progress::kGone:
      break;
  }
  return answer;
}

std::optional<VerifiedBytes> ReadAhead::wait(std::string_view name) {
  State& state = *state_;
  if (!state.is_of_this_process()) return std::nullopt;
  {
    std::unique_lock lock(state.mutex);
    const auto found = state.places.find(name);
    if (found == state.places.end()) return std::nullopt;
    const Member& member = state.members[found->second];
    state.read.wait(lock, [&] { return member.progress != Progress::kBeingRead; });
  }
  return take(name).content;
}

}  // namespace signedvfs
