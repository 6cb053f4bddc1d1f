// Starts a program, waits for its end, and says what that took: starter REPORT PROGRAM ARGUMENT...
//
// REPORT gets a line of numbers: the monotonic clock before the start and after the end, in
// nanoseconds; CPU time of it and of the processes that it has waited for, in microseconds; the
// largest peak of memory of one of them, in KiB; and the exit status, or -1. Linux counts the
// memory of whoever forks to the child's peak, so whoever measures that has to be small.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

namespace {

long long now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

long long microseconds(const timeval& time) { return time.tv_sec * 1000000LL + time.tv_usec; }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const long long begin = now();
  const pid_t child = fork();
  if (child < 0) return 2;
  if (child == 0) {
    execv(argv[2], argv + 2);
    _exit(127);
  }
  int status = 0;
  rusage used{};
  if (wait4(child, &status, 0, &used) != child) return 2;
  const long long end = now();
  std::FILE* const report = std::fopen(argv[1], "w");
  if (report == nullptr) return 2;
  std::fprintf(report, "%lld %lld %lld %ld %d\n", begin, end,
               microseconds(used.ru_utime) + microseconds(used.ru_stime), used.ru_maxrss,
               WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return std::fclose(report) == 0 ? 0 : 2;
}
