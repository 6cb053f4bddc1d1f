// Work that fork(2) and the end of the process have to wait for.
#pragma once

namespace signedvfs {

// PassingGate is held by a thread while it is inside code with locks that nobody else knows of: in
// a child, nobody would open those that another thread of the parent held. A fork waits until no
// thread is inside, and meanwhile none gets in; the child's gate is open. There is one gate for the
// process; a thread may pass it again while it is inside. Whoever is inside waits for nothing that
// the forking thread may hold.
class PassingGate {
 public:
  PassingGate() noexcept;
  PassingGate(const PassingGate&) = delete;
  PassingGate& operator=(const PassingGate&) = delete;
  ~PassingGate();

  // is_inside tells whether the thread has got in: always, unless exit(3) has closed the gate.
  bool is_inside() const noexcept { return is_inside_; }

  // close_at_exit has exit(3) close the gate, before it calls what was registered with atexit(3)
  // until now; at most once a process. Who is inside is waited for, for `kPatience` seconds at
  // most: a process must be able to end. Whoever comes later is told that they are not inside, and
  // does not wait: a later exit handler may join them. The thread that called exit gets in.
  static void close_at_exit() noexcept;

  // is_closed tells whether exit(3) has closed the gate, for whatever thread asks.
  static bool is_closed() noexcept;

  static constexpr int kPatience = 2;

 private:
  bool is_inside_ = true;
};

}  // namespace signedvfs
