#include "vfs/read_ahead.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include "archive/processors.h"
#include "archive/signals_blocked.h"

namespace signedvfs {
namespace {

// fork_count grows in each child, which has none of its parent's threads.
std::atomic<std::uint64_t> fork_count = 0;

// relax tells the processor that we are only waiting.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

std::vector<std::string> names_of(const ReadAhead::Names& names) {
  try {
    return names();
  } catch (const std::bad_alloc&) {
    return {};
  }
}

// What fails here, memory included, is for whoever asks for the member: they read for themselves,
// and learn what is wrong.
std::optional<VerifiedBytes> content_of(const SignedVfs& vfs, const std::string& name,
                                        const ReadAheadBounds& bounds) {
  try {
    const Result<std::uint64_t> size = vfs.size_of(name);
    if (!size.ok() || *size < bounds.smallest || *size > bounds.bytes) return std::nullopt;
    Result<VerifiedBytes> content = vfs.read(name);
    if (content.ok()) return std::move(content).value();
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
  return std::nullopt;
}

// spin_while waits a tenth of a millisecond at most for `count` to become another than `seen`.
// Falling asleep and being woken takes about as long as reading a member of usual size.
void spin_while(const std::atomic<std::uint64_t>& count, std::uint64_t seen) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
  while (count.load(std::memory_order_acquire) == seen && std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 16; ++i) relax();
  }
}

}  // namespace

// `mutex` guards what follows it, but for `read_count`.
struct ReadAhead::State {
  enum class Stage : std::uint8_t { kWanted, kBeingRead, kReady, kGone };

  struct Member {
    Stage stage = Stage::kWanted;
    std::optional<VerifiedBytes> content;
  };

  std::shared_ptr<const SignedVfs> vfs;
  ReadAheadBounds bounds;
  std::uint64_t born_after = 0;  // `fork_count` then

  std::mutex mutex;
  std::condition_variable work;  // the thread waits for it
  std::condition_variable read;  // askers wait for it
  std::thread thread;
  bool is_running = false;
  bool is_paused = false;
  bool stop = false;
  std::deque<Names> expected;                       // not looked at yet, the oldest first
  std::deque<std::string> queue;                    // to be read, soonest first
  std::unordered_map<std::string, Member> members;  // all that were expected or asked for
  std::deque<std::string> ready;  // in the order of reading; some are taken by now
  std::size_t ready_bytes = 0;
  bool is_full = false;  // `ready_bytes` has reached the bound, and not yet fallen to half of it

  // How many members have been read: whoever waits for one looks here before going to sleep.
  std::atomic<std::uint64_t> read_count = 0;

  bool is_of_this_process() const noexcept {
    return fork_count.load(std::memory_order_relaxed) == born_after;
  }
  bool has_work() const noexcept { return !expected.empty() || (!queue.empty() && !is_full); }

  void start();
  void pause();
  void run();
  void look_at_expected(std::unique_lock<std::mutex>& lock);
  void read_next(std::unique_lock<std::mutex>& lock);
  void make_room();
  void give_up();
  void end();

  // abandon keeps what a forked child has inherited: the mutex may be locked for ever, a destructor
  // would wait for the thread that is not there.
  static void abandon(std::unique_ptr<State> state) noexcept;
  State* next_abandoned = nullptr;
};

namespace {

// All holds every state of this process. A program that forks while our threads run would be warned
// by Python that it has threads, and rightly: so fork waits until they have ended.
template <class State>
class All {
 public:
  static All& instance() {
    static All* const all = new All;  // outlives every thread
    return *all;
  }

  void add(State* state) {
    const std::scoped_lock lock(mutex_);
    states_.push_back(state);
  }
  void remove(State* state) {
    const std::scoped_lock lock(mutex_);
    std::erase(states_, state);
  }

 private:
  All() {
    // Fails for want of memory only.
    static_cast<void>(::pthread_atfork(before_fork, after_fork, in_child));
  }

  static void before_fork() {
    All& all = instance();
    all.mutex_.lock();
    for (State* const state : all.states_) state->pause();
  }
  static void after_fork() { instance().mutex_.unlock(); }
  static void in_child() {
    fork_count.fetch_add(1, std::memory_order_relaxed);
    All& all = instance();
    all.states_.clear();
    all.mutex_.unlock();
  }

  std::mutex mutex_;
  std::vector<State*> states_;
};

}  // namespace

// start is called with `mutex` held. Without a thread everybody reads for themselves.
void ReadAhead::State::start() {
  if (stop || is_paused) return;
  if (is_running) {
    work.notify_one();
    return;
  }
  if (thread.joinable()) thread.join();  // it has ended, and holds no lock any more
  const SignalsBlocked blocked;
  try {
    thread = std::thread([this] { run(); });
    is_running = true;
  } catch (const std::system_error&) {
    stop = true;
  }
}

// pause has the thread end, after the member that it is at; what it has to do stays to be done.
void ReadAhead::State::pause() {
  std::thread ending;
  {
    const std::scoped_lock lock(mutex);
    is_paused = true;
    work.notify_all();
    ending = std::move(thread);
  }
  if (ending.joinable()) ending.join();
  const std::scoped_lock lock(mutex);
  is_paused = false;
}

void ReadAhead::State::run() {
  std::unique_lock lock(mutex);
  while (!stop && !is_paused) {
    if (!work.wait_for(lock, bounds.patience, [&] { return stop || is_paused || has_work(); })) {
      give_up();
      break;
    }
    if (stop || is_paused) break;
    if (!expected.empty()) {
      look_at_expected(lock);
    } else if (!queue.empty() && !is_full) {
      read_next(lock);
    }
  }
  is_running = false;
}

void ReadAhead::State::look_at_expected(std::unique_lock<std::mutex>& lock) {
  const Names next = std::move(expected.front());
  expected.pop_front();
  lock.unlock();
  const std::vector<std::string> names = names_of(next);
  lock.lock();
  if (is_full) make_room();
  // A name may be queued twice: the second time its member is ready or gone.
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (members[*name].stage == Stage::kWanted) queue.push_front(*name);
  }
}

void ReadAhead::State::read_next(std::unique_lock<std::mutex>& lock) {
  const std::string name = std::move(queue.front());
  queue.pop_front();
  Member& member = members[name];  // stays where it is, whatever is added
  if (member.stage != Stage::kWanted) return;
  member.stage = Stage::kBeingRead;
  lock.unlock();
  std::optional<VerifiedBytes> content = content_of(*vfs, name, bounds);
  lock.lock();
  member.stage = content ? Stage::kReady : Stage::kGone;
  if (content) {
    ready_bytes += content->size();
    ready.push_back(name);
  }
  if (ready_bytes >= bounds.bytes) is_full = true;
  member.content = std::move(content);
  read_count.fetch_add(1, std::memory_order_release);
  read.notify_all();
}

// make_room drops what was read first: what is expected now is asked for sooner, and what was
// expected wrongly would keep its place for ever.
void ReadAhead::State::make_room() {
  while (!ready.empty() && ready_bytes > bounds.bytes / 2) {
    Member& member = members[ready.front()];
    ready.pop_front();
    if (member.stage != Stage::kReady || !member.content) continue;
    ready_bytes -= member.content->size();
    member.content.reset();
    member.stage = Stage::kGone;
  }
  is_full = false;
}

void ReadAhead::State::give_up() {
  queue.clear();
  ready.clear();
  std::erase_if(members, [](const auto& item) { return item.second.stage != Stage::kGone; });
  ready_bytes = 0;
  is_full = false;
}

void ReadAhead::State::end() {
  {
    const std::scoped_lock lock(mutex);
    stop = true;
    work.notify_all();
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

std::unique_ptr<ReadAhead> ReadAhead::create(std::shared_ptr<const SignedVfs> vfs,
                                             const ReadAheadBounds& bounds) {
  if (processors() < 2) return nullptr;
  return over(std::move(vfs), bounds);
}

std::unique_ptr<ReadAhead> ReadAhead::over(std::shared_ptr<const SignedVfs> vfs,
                                           const ReadAheadBounds& bounds) {
  auto state = std::make_unique<State>();
  state->vfs = std::move(vfs);
  state->bounds = bounds;
  All<State>::instance().add(state.get());
  state->born_after = fork_count.load(std::memory_order_relaxed);
  return std::unique_ptr<ReadAhead>(new ReadAhead(std::move(state)));
}

ReadAhead::ReadAhead(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

ReadAhead::~ReadAhead() {
  if (state_->is_of_this_process()) {
    All<State>::instance().remove(state_.get());
    state_->end();
  } else {
    State::abandon(std::move(state_));
  }
}

void ReadAhead::expect(Names names) {
  State& state = *state_;
  if (!state.is_of_this_process()) return;
  const std::scoped_lock lock(state.mutex);
  state.expected.push_back(std::move(names));
  state.start();
}

ReadAhead::Answer ReadAhead::take(std::string_view name) {
  State& state = *state_;
  Answer answer;
  if (!state.is_of_this_process()) return answer;
  const std::scoped_lock lock(state.mutex);
  if (!state.is_running && state.has_work()) state.start();  // a fork has ended the thread
  State::Member& member = state.members[std::string(name)];
  switch (member.stage) {
    case State::Stage::kBeingRead:
      answer.is_being_read = true;
      break;
    case State::Stage::kReady: {
      if (member.content) state.ready_bytes -= member.content->size();
      answer.content = std::move(member.content);
      member.content.reset();
      member.stage = State::Stage::kGone;
      if (state.is_full && state.ready_bytes <= state.bounds.bytes / 2) {
        state.is_full = false;
        state.work.notify_one();
      }
      break;
    }
    case State::Stage::kWanted:  // the asker is faster
    case State::Stage::kGone:
      member.stage = State::Stage::kGone;
      break;
  }
  return answer;
}

std::optional<VerifiedBytes> ReadAhead::wait(std::string_view name) {
  State& state = *state_;
  if (!state.is_of_this_process()) return std::nullopt;
  {
    std::unique_lock lock(state.mutex);
    const auto is_done = [&, key = std::string(name)] {
      const auto member = state.members.find(key);
      return member == state.members.end() || member->second.stage != State::Stage::kBeingRead;
    };
    if (!is_done()) {
      const std::uint64_t seen = state.read_count.load(std::memory_order_relaxed);
      lock.unlock();
      spin_while(state.read_count, seen);
      lock.lock();
      state.read.wait(lock, is_done);
    }
  }
  return take(name).content;
}

}  // namespace signedvfs
