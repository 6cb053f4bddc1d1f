#include "archive/workers/ordered_workers.h"

#include <utility>

namespace signedvfs {
OrderedWorkers::~OrderedWorkers() {
  {
    const std::lock_guard lock(mutex_);
    stop();
  }
  for (QuietThread& thread : threads_) thread.join();
}

Status OrderedWorkers::put(std::uint64_t bytes, std::function<void()> work,
                           std::function<Status()> complete) {
  if (Status failed = failure(); !failed.ok()) return failed;
  std::unique_lock lock(mutex_);
  while (!pieces_.empty() &&
         (pieces_.front().done || in_flight_ > window_ || bytes > window_ - in_flight_)) {
    SIGNEDVFS_TRY(complete_first(lock));
  }
  pieces_.push_back({bytes, std::move(work), std::move(complete), nullptr, false});
  in_flight_ += bytes;
  if (threads_wanted_ <= 1) return complete_first(lock);
  // A single piece is not worth a thread; it may well be the only one.
  const std::size_t waiting = pieces_.size() - begun_;
  if (waiting > idle_ && pieces_.size() > 1 && threads_.size() < threads_wanted_) start_thread();
  is_work_.notify_one();
  return {};
}

Status OrderedWorkers::finish() {
  if (Status failed = failure(); !failed.ok()) return failed;
  std::unique_lock lock(mutex_);
  while (!pieces_.empty()) SIGNEDVFS_TRY(complete_first(lock));
  return {};
}

Status OrderedWorkers::failure() const {
  if (!has_thrown_) return failed_;
  return {Errc::kIo, "it has been interrupted, perhaps because memory ran out"};
}

void OrderedWorkers::start_thread() {
  if (threads_.emplace_back().start([this] { serve(); })) return;
  threads_.pop_back();
  threads_wanted_ = static_cast<unsigned>(threads_.size());  // it is done by those there are
}

void OrderedWorkers::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    is_work_.wait(lock, [this] { return stopped_ || begun_ < pieces_.size(); });
    --idle_;
    if (stopped_) return;
    do_next(lock);
  }
}

void OrderedWorkers::do_next(std::unique_lock<std::mutex>& lock) {
  Piece& piece = pieces_[begun_++];
  lock.unlock();
  try {
    piece.work();
  } catch (...) {
    piece.thrown = std::current_exception();
  }
  piece.work = nullptr;
  lock.lock();
  piece.done = true;
  is_done_.notify_one();
}

Status OrderedWorkers::complete_first(std::unique_lock<std::mutex>& lock) {
  // Where not even the first has begun, nobody is doing anything.
  if (begun_ == 0) do_next(lock);
  is_done_.wait(lock, [this] { return pieces_.front().done; });
  Piece piece = std::move(pieces_.front());
  pieces_.pop_front();
  --begun_;
  in_flight_ -= piece.bytes;
  lock.unlock();
  try {
    if (piece.thrown) std::rethrow_exception(piece.thrown);
    failed_ = piece.complete();
  } catch (...) {
    has_thrown_ = true;
    lock.lock();
    stop();
    throw;
  }
  piece = {};  // what it held goes before others are waited for
  lock.lock();
  if (!failed_.ok()) stop();
  return failed_;
}

void OrderedWorkers::stop() noexcept {
  stopped_ = true;
  is_work_.notify_all();
}

}  // namespace signedvfs
