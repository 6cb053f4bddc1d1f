// Making members ready on a thread of its own before anybody asks for them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "importer/native/sealed_library.h"
#include "vfs/signed_vfs.h"
#include "vfs/verified_bytes.h"

namespace signedvfs {

// ReadAheadBounds are what reading ahead may cost.
struct ReadAheadBounds {
  // Of content that is ready and not yet asked for. Once there is as much, reading goes on when
  // half of it is left: each time the other core is woken costs the asker microseconds.
  std::size_t bytes = std::size_t{1} << 20;
  std::size_t smallest = 4096;  // smaller members are not worth a second thread's care

  // Of libraries that are ready, likewise: they take far longer, and what is loaded takes no more
  // memory for having been ready.
  std::size_t library_bytes = std::size_t{64} << 20U;

  // After this long without anything to do or any room, the thread ends, and what it has ready is
  // dropped: the imports are over.
  std::chrono::milliseconds patience{500};
};

// ReadyLibrary is a library that may be loaded, and the members that it needs.
struct ReadyLibrary {
  std::unique_ptr<SealedLibrary> library;
  std::vector<std::string> needs;
};

// ReadyMember is what there is of a member before it is asked for: of one that is named like a
// library `library`, and otherwise `content`.
struct ReadyMember {
  std::optional<VerifiedBytes> content;
  std::unique_ptr<SealedLibrary> library;
};

// ReadAhead reads members that are going to be asked for soon: copies, decodes and verifies each of
// them as SignedVfs::read does, on another core, while the asking thread executes the ones before;
// and seals libraries, and after each of them those that it needs. Whoever asks gets what they
// would read for themselves, or nothing: what is not ready, or could not be read, is for the asker
// to read, who then learns what is wrong. A member that has been asked for is not read again.
//
// The thread exists while there is something to read. Before the program forks, the thread ends,
// and the libraries that are ready are dropped, so that no child inherits their descriptors; in the
// parent it begins again. May be used from any thread; in a forked child it answers nothing.
class ReadAhead {
 public:
  // Names returns paths of members, soonest first; what is no member is left out. It is called
  // once, on the other thread, and must not call this object. Where it throws, nothing is expected.
  using Names = std::function<std::vector<std::string>()>;

  // Seal makes a library ready; it is called on the other thread, and must not call this object.
  using Seal = std::function<Result<ReadyLibrary>(const std::string& name)>;

  // create returns null where there is only one core to run on. Without `seal` no library is made
  // ready.
  static std::unique_ptr<ReadAhead> create(std::shared_ptr<const SignedVfs> vfs, Seal seal = {},
                                           const ReadAheadBounds& bounds = {});

  // over does the same whatever the number of cores.
  static std::unique_ptr<ReadAhead> over(std::shared_ptr<const SignedVfs> vfs, Seal seal = {},
                                         const ReadAheadBounds& bounds = {});

  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead();

  // expect has these members read, before all those that were expected earlier, some of which make
  // room for them where there is none.
  void expect(Names names);

  // Answer is a member; or nothing, in which case `is_being_read` says that `wait` has it in a
  // moment.
  struct Answer {
    ReadyMember member;
    bool is_being_read = false;
  };

  // take gives out the member `name` where it is ready; it never waits for one.
  Answer take(std::string_view name);

  // wait does the same, and waits for a member that is being read.
  ReadyMember wait(std::string_view name);

 private:
  struct State;
  explicit ReadAhead(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace signedvfs
