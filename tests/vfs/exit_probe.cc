// Ends the process in one of several ways while threads use keys: exit_probe WAY OTHERS, where
// OTHERS is "others" for a process in which somebody else has set up OpenSSL before.
#include <openssl/crypto.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/vfs/known_keys.h"
#include "vfs/crypto/digest.h"

namespace {

using namespace signedvfs;

// Nothing of this is destroyed: the threads go on using it.
struct State {
  std::vector<KnownSignature> known = known_signatures();
  std::vector<PublicKey> keys;
  std::vector<std::thread> joined;
  std::atomic<int> turns = 0;
  std::atomic<bool> stop = false;
  std::string_view way;
};
State& state = *new State;

bool is_right(const Status& status) { return status.ok() || status.code() == Errc::kCrypto; }

// use goes through what a thread may be in the middle of; a crash is what this is about.
bool use() {
  bool right = true;
  for (std::size_t i = 0; i < state.keys.size(); ++i) {
    const KnownSignature& one = state.known[i];
    right = is_right(state.keys[i].check(one.message, one.signature)) && right;
    const Result<PublicKey> again = PublicKey::from_der(one.key);
    right = (again.ok() || is_right(again.status())) && right;
    const Result<PublicKey> read = PublicKey::from_pem(state.keys[i].pem());
    right = (read.ok() || is_right(read.status())) && right;
    right = digest_of(HashType::kSha384, one.message).ok() && right;
  }
  return right;
}

void go_on() {
  while (!state.stop) {
    if (!use()) ::_exit(3);
    state.turns.fetch_add(1);
  }
}

// after_all is called by exit(3) behind everything else, OpenSSL's own clean-up included.
void after_all() {
  if (state.way == "itself" && !use()) ::_exit(4);
  if (state.way == "joined") {
    state.stop = true;
    for (std::thread& one : state.joined) one.join();
  }
  if (state.way == "fork") {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(use() ? 0 : 5);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) ::_exit(6);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // for the threads
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 1;
  state.way = arguments[1];
  ::alarm(60);  // whoever hangs is ended by a signal
  if (std::atexit(after_all) != 0) return 1;
  if (arguments[2] == std::string_view("others")) OPENSSL_init_crypto(0, nullptr);
  for (const KnownSignature& one : state.known) {
    state.keys.push_back(PublicKey::from_der(one.key).value());
  }
  for (int i = 0; i < 3; ++i) {
    std::thread thread(go_on);
    if (state.way == "joined") {
      state.joined.push_back(std::move(thread));
    } else {
      thread.detach();
    }
  }
  while (state.turns < 20) std::this_thread::yield();
  if (state.way == "elsewhere") {
    std::thread([] { std::exit(0); }).detach();
    for (;;) ::pause();
  }
  std::exit(0);
}
