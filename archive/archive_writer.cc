#include "archive/archive_writer.h"

#include <utility>

#include "archive/members/names.h"
#include "archive/members/new_parents.h"
#include "archive/members/size_check.h"
#include "archive/os/atomic_file.h"
#include "archive/os/process.h"
#include "archive/workers/ordered_workers.h"
#include "archive/zip/buffered_sink.h"
#include "archive/zip/writer.h"

namespace signedvfs {
namespace {

// Compressing is slow: this much keeps a thread busy for a tenth of a second or more.
constexpr std::uint64_t kWindowPerThread = std::uint64_t{4} << 20U;

// Member is one on its way: first its content, then what that was packed to.
struct Member {
  std::string name;
  Buffer content;
  Packed packed;
  Status failed;
};

}  // namespace

struct ArchiveWriter::State {
  State(AtomicFile started, const Limits& limits, unsigned threads)
      : file(std::move(started)),
        buffered([this](std::span<const std::byte> bytes) { return file.write(bytes); }),
        zip([this](std::span<const std::byte> bytes) { return buffered.write(bytes); }, 0, limits),
        workers(threads, threads * kWindowPerThread) {}

  AtomicFile file;
  // write appends a packed member behind entries for those of its directories that have none yet.
  Status write(const Member& member) {
    if (!member.failed.ok()) return member.failed;
    for (const std::string_view directory : parents.of(member.name)) {
      const Status added = zip.add_directory(directory);
      if (added.limit() == "members") break;  // nor is there room for the member, which says more
      SIGNEDVFS_TRY(added);
    }
    return zip.add(member.name, member.packed);
  }

  BufferedSink buffered;
  ZipWriter zip;
  NewParents parents;  // of what has been written
  OrderedWorkers workers;
};

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::create(const std::string& path,
                                                             const Limits& limits,
                                                             unsigned threads) {
  SIGNEDVFS_ASSIGN(AtomicFile file, AtomicFile::create(path));
  auto state = std::make_unique<State>(std::move(file), limits, threads);
  return std::unique_ptr<ArchiveWriter>(new ArchiveWriter(path, limits, std::move(state)));
}

ArchiveWriter::ArchiveWriter(std::string path, const Limits& limits,
                             std::unique_ptr<State> state) noexcept
    : path_(std::move(path)), limits_(limits), process_(process_id()), state_(std::move(state)) {}

// A child has no threads to wait for, and the unfinished file is its parent's.
ArchiveWriter::~ArchiveWriter() {
  if (!is_inherited()) return;
  [[maybe_unused]] State* const parents = state_.release();
}

Status ArchiveWriter::add(std::string_view name, Buffer content, Method method, int level) {
  if (is_inherited()) return why_not();
  // What is wrong with the arguments shows now, not when it is another member's turn.
  SIGNEDVFS_TRY(check_member_name(name, limits_).about(name));
  SIGNEDVFS_TRY(SizeCheck(limits_).add(name, content.size()));
  if (auto valid = pack_member({}, method, level); !valid.ok()) return std::move(valid).status();

  const auto member =
      std::make_shared<Member>(Member{std::string(name), std::move(content), {}, {}});
  const std::uint64_t bytes = member->content.size();
  const auto pack = [member, method, level, ratio = limits_.ratio] {
    auto packed = pack_member(std::as_const(member->content).bytes(), method, level, ratio);
    if (packed.ok()) {
      member->packed = std::move(packed).value();
    } else {
      member->failed = std::move(packed).status();
    }
    member->content = Buffer();
  };
  const std::lock_guard lock(mutex_);
  if (state_ == nullptr) return why_not();
  const auto write = [member, &state = *state_] { return state.write(*member); };
  return state_->workers.put(bytes, pack, write);
}

Status ArchiveWriter::finish() {
  if (is_inherited()) return why_not();
  const std::lock_guard lock(mutex_);
  if (state_ == nullptr) return why_not();
  const std::unique_ptr<State> state = std::move(state_);
  SIGNEDVFS_TRY(state->workers.finish());
  SIGNEDVFS_TRY(std::move(state->zip).finish());
  SIGNEDVFS_TRY(state->buffered.flush());
  return std::move(state->file).commit();
}

void ArchiveWriter::abandon() {
  if (is_inherited()) return;
  const std::lock_guard lock(mutex_);
  state_.reset();
}

bool ArchiveWriter::is_finished() const {
  if (is_inherited()) return true;
  const std::lock_guard lock(mutex_);
  return state_ == nullptr;
}

bool ArchiveWriter::is_inherited() const noexcept { return process_id() != process_; }

Status ArchiveWriter::why_not() const {
  return {Errc::kUsage,
          in_quotes(path_) + (is_inherited() ? ": another process is writing this archive"
                                             : ": the archive is finished or abandoned already")};
}

}  // namespace signedvfs
