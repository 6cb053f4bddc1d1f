#include "importer/ahead/read_ahead.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "archive/os/process.h"
#include "archive/os/processors.h"
#include "archive/os/signals_blocked.h"
#include "importer/native/names.h"

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

// Made is what the thread has of a member: nothing where anything failed, memory included. Whoever
// asks for it reads it for themselves, and learns what is wrong.
struct Made {
  ReadyMember member;
  std::vector<std::string> needs;  // to be made next

  bool is_there() const noexcept { return member.content || member.library; }
};

Made make(const SignedVfs& vfs, const ReadAhead::Seal& seal, const std::string& name,
          const ReadAheadBounds& bounds) noexcept {
  Made made;
  try {
    const bool is_library = is_library_name(last_part(name));
    if (is_library && !seal) return made;
    const Result<std::uint64_t> size = vfs.size_of(name);
    const std::size_t largest = is_library ? bounds.library_bytes : bounds.bytes;
    if (!size.ok() || *size < bounds.smallest || *size > largest) return made;
    if (is_library) {
      Result<ReadyLibrary> library = seal(name);
      if (!library.ok()) return made;
      made.needs = std::move(library->needs);
      made.member.library = std::move(library->library);
    } else {
      Result<VerifiedBytes> content = vfs.read(name);
      if (content.ok()) made.member.content = std::move(content).value();
    }
  } catch (const std::exception&) {
    return {};
  }
  return made;
}

// Unlocked leaves a lock to others for as long as it lives.
class Unlocked {
 public:
  explicit Unlocked(std::unique_lock<std::mutex>& lock) : lock_(lock) { lock_.unlock(); }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;
  ~Unlocked() { lock_.lock(); }

 private:
  std::unique_lock<std::mutex>& lock_;
};

// spin_while waits a tenth of a millisecond at most for `count` to become another than `seen`.
// Falling asleep and being woken takes about as long as reading a member of usual size.
void spin_while(const std::atomic<std::uint64_t>& count, std::uint64_t seen) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
  while (count.load(std::memory_order_acquire) == seen && std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 16; ++i) relax();
  }
}

}  // namespace

// `mutex` guards what follows it, but for `read_count` and what is the thread's own. Askers wait
// for it with the GIL held: it is held for one member at a time, never for all that are expected.
struct ReadAhead::State {
  enum class Stage : std::uint8_t { kWanted, kBeingRead, kReady, kGone };

  struct Member {
    Stage stage = Stage::kWanted;
    ReadyMember ready;  // empty unless the stage is kReady
  };

  // Batch is what was expected at once, soonest first.
  struct Batch {
    std::vector<std::string> names;
    std::size_t next = 0;
  };

  std::shared_ptr<const SignedVfs> vfs;
  Seal seal;
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
  std::unordered_map<std::string, Member> members;  // all that were read or asked for
  std::size_t ready_bytes = 0;                      // of content
  std::size_t library_bytes = 0;                    // of libraries
  bool is_full = false;  // one of these has reached its bound, and not yet fallen to half of it

  // The thread's own while `is_running`; guarded by `mutex` while it is not.
  std::vector<Batch> batches;  // to be read, the last one first; none is used up
  std::deque<Member*> ready;   // in the order of reading; some are taken by now

  // How many members have been read: whoever waits for one looks here before going to sleep.
  std::atomic<std::uint64_t> read_count = 0;

  bool is_of_this_process() const noexcept {
    return fork_count.load(std::memory_order_relaxed) == born_after;
  }
  bool has_work() const noexcept { return !expected.empty() || (!batches.empty() && !is_full); }
  bool is_half_empty() const noexcept {
    return ready_bytes <= bounds.bytes / 2 && library_bytes <= bounds.library_bytes / 2;
  }

  void start();
  void pause();
  void run() noexcept;
  void work_once(std::unique_lock<std::mutex>& lock);
  void look_at_expected(std::unique_lock<std::mutex>& lock);
  void read_next(std::unique_lock<std::mutex>& lock);
  std::string next_name();
  void keep(Member& member, ReadyMember made) noexcept;
  ReadyMember give_out(Member& member) noexcept;
  void make_room() noexcept;
  std::vector<Batch> give_up() noexcept;
  void drop_libraries() noexcept;
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
  All() { around_fork(handlers_); }

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
  ForkHandlers handlers_{before_fork, after_fork, in_child};
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
  } catch (const std::exception&) {  // the system has no more threads, or no memory for one
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
  drop_libraries();
  is_paused = false;
}

// What memory runs out for is forgotten, and the thread goes on: askers read for themselves. No
// failure leaves a member that seems to be read for ever, because nothing fails between the two
// changes of its stage.
void ReadAhead::State::run() noexcept {
  std::vector<Batch> dropped;  // destroyed after the lock is gone
  std::unique_lock lock(mutex);
  while (!stop && !is_paused) {
    if (!work.wait_for(lock, bounds.patience, [&] { return stop || is_paused || has_work(); })) {
      dropped = give_up();
      break;
    }
    if (stop || is_paused) break;
    try {
      work_once(lock);
    } catch (const std::exception&) {
      continue;  // each attempt uses something up, so there is an end to them
    }
  }
  is_running = false;
}

void ReadAhead::State::work_once(std::unique_lock<std::mutex>& lock) {
  if (expected.empty()) return read_next(lock);
  look_at_expected(lock);
}

void ReadAhead::State::look_at_expected(std::unique_lock<std::mutex>& lock) {
  Names next = std::move(expected.front());
  expected.pop_front();
  {
    const Unlocked unlocked(lock);
    Batch batch{next()};
    next = nullptr;
    if (!batch.names.empty()) batches.push_back(std::move(batch));
  }
  if (is_full) make_room();
}

// A name may be in several batches: the second time its member is ready or gone.
void ReadAhead::State::read_next(std::unique_lock<std::mutex>& lock) {
  std::string name;
  {
    const Unlocked unlocked(lock);
    name = next_name();
  }
  Member& member = members[name];  // stays where it is, whatever is added
  if (member.stage != Stage::kWanted) return;
  ready.push_back(&member);
  member.stage = Stage::kBeingRead;
  Made made;
  {
    const Unlocked unlocked(lock);
    made = make(*vfs, seal, name, bounds);
  }
  if (made.is_there()) {
    keep(member, std::move(made.member));
  } else {
    member.stage = Stage::kGone;
    ready.pop_back();
  }
  read_count.fetch_add(1, std::memory_order_release);
  read.notify_all();
  if (!made.needs.empty()) batches.push_back(Batch{std::move(made.needs)});
}

void ReadAhead::State::keep(Member& member, ReadyMember made) noexcept {
  if (made.content) ready_bytes += made.content->size();
  if (made.library) library_bytes += made.library->bytes();
  member.ready = std::move(made);
  member.stage = Stage::kReady;
  if (ready_bytes >= bounds.bytes || library_bytes >= bounds.library_bytes) is_full = true;
}

// give_out is for a member that is ready; what becomes of its stage is the caller's.
ReadyMember ReadAhead::State::give_out(Member& member) noexcept {
  if (member.ready.content) ready_bytes -= member.ready.content->size();
  if (member.ready.library) library_bytes -= member.ready.library->bytes();
  return std::exchange(member.ready, {});
}

std::string ReadAhead::State::next_name() {
  Batch& batch = batches.back();
  std::string name = std::move(batch.names[batch.next++]);
  if (batch.next == batch.names.size()) batches.pop_back();
  return name;
}

// make_room drops what was read first: what is expected now is asked for sooner, and what was
// expected wrongly would keep its place for ever.
void ReadAhead::State::make_room() noexcept {
  while (!ready.empty() && !is_half_empty()) {
    Member& member = *ready.front();
    ready.pop_front();
    if (member.stage != Stage::kReady) continue;
    give_out(member);
    member.stage = Stage::kGone;
  }
  is_full = false;
}

// give_up drops what is ready, and returns what was still to be read. Both may be expected again.
std::vector<ReadAhead::State::Batch> ReadAhead::State::give_up() noexcept {
  for (Member* const member : ready) {
    if (member->stage != Stage::kReady) continue;
    give_out(*member);
    member->stage = Stage::kWanted;
  }
  ready.clear();
  is_full = false;
  return std::exchange(batches, {});
}

// drop_libraries leaves them to whoever asks.
void ReadAhead::State::drop_libraries() noexcept {
  for (Member* const member : ready) {
    if (member->stage != Stage::kReady || !member->ready.library) continue;
    give_out(*member);
    member->stage = Stage::kGone;
  }
  if (is_half_empty()) is_full = false;
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

std::unique_ptr<ReadAhead> ReadAhead::create(std::shared_ptr<const SignedVfs> vfs, Seal seal,
                                             const ReadAheadBounds& bounds) {
  if (processors() < 2) return nullptr;
  return over(std::move(vfs), std::move(seal), bounds);
}

std::unique_ptr<ReadAhead> ReadAhead::over(std::shared_ptr<const SignedVfs> vfs, Seal seal,
                                           const ReadAheadBounds& bounds) {
  auto state = std::make_unique<State>();
  state->vfs = std::move(vfs);
  state->seal = std::move(seal);
  state->bounds = bounds;
  state->born_after = fork_count.load(std::memory_order_relaxed);
  std::unique_ptr<ReadAhead> ahead(new ReadAhead(std::move(state)));
  All<State>::instance().add(ahead->state_.get());
  return ahead;
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
      answer.member = state.give_out(member);
      member.stage = State::Stage::kGone;
      if (state.is_full && state.is_half_empty()) {
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

ReadyMember ReadAhead::wait(std::string_view name) {
  State& state = *state_;
  if (!state.is_of_this_process()) return {};
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
  return take(name).member;
}

}  // namespace signedvfs
