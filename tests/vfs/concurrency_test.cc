// What vfs/ shares between threads; most useful under ThreadSanitizer.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/index.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"
#include "vfs/crypto/digest.h"
#include "vfs/signed_vfs.h"
#include "vfs/signing/signer.h"

namespace signedvfs {
namespace {

constexpr int kThreads = 8;

Members many_members() {
  Members members;
  for (int i = 0; i < 40; ++i) {
    members.emplace("p/m" + std::to_string(i) + ".py", std::string(2000, static_cast<char>(i)));
  }
  return members;
}

// in_threads calls `work(i)` in some threads at once.
template <class Work>
void in_threads(const Work& work) {
  std::atomic<int> waiting{kThreads};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      --waiting;
      while (waiting != 0) std::this_thread::yield();
      work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Concurrency, ADigestIsTheSameInEveryThread) {
  const std::string million(1'000'000, 'a');
  std::atomic<int> wrong{0};
  in_threads([&](int) {
    const Result<Digest> digest = digest_of(HashType::kSha256, bytes_of(million));
    // FIPS 180-4's third example
    if (!digest.ok() ||
        digest->hex() != "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") {
      ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

// OpenSSL has locks of its own, which a thread of the parent may hold while another one forks: in
// the child nobody is left to open them.
TEST(Concurrency, AForkedChildVerifiesWhateverOthersWereDoing) {
  const std::string message = "signed";
  const std::vector<std::byte> signature = expect(test_key().sign(bytes_of(message)));
  const std::string pem = test_key().public_key().pem();
  const auto verifies = [&] {
    const Result<PublicKey> key = PublicKey::from_pem(pem);
    return key.ok() && key->check(bytes_of(message), signature).ok();
  };
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) static_cast<void>(verifies());
    });
  }
  int failures = 0;
  for (int turn = 0; turn < 200; ++turn) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(20);  // a child that waits for ever ends by a signal
      ::_exit(verifies() ? 0 : 1);
    }
    int status = -1;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) ++failures;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

TEST(Concurrency, ManyThreadsReadOneArchive) {
  const Members members = many_members();
  const TemporaryDirectory directory;
  for (const Method method : {Method::kStored, Method::kDeflate, Method::kZstd}) {
    const std::string path = directory.write("a.zip", signed_zip_of(members, {}, method));
    const auto vfs = expect(SignedVfs::open(path, trusting()));
    std::atomic<int> wrong{0};
    in_threads([&](int) {
      for (const auto& [name, content] : members) {
        const auto bytes = vfs->read(name);
        if (!bytes.ok() || text_of(bytes->bytes()) != content) ++wrong;
        if (!expect(vfs->contains(name)) || !expect(vfs->listing().has_directory("p"))) ++wrong;
      }
    });
    EXPECT_EQ(wrong, 0);
  }
}

TEST(Concurrency, ManyThreadsNeedTheSamePagesFirst) {
  // each thread finds pages that nobody has read yet, and those that another one is reading
  Members members;
  for (int i = 0; i < 2000; ++i) members.emplace("p/m" + std::to_string(i), std::to_string(i));
  const std::string archive = indexed_zip_of(members);
  for (int round = 0; round < 5; ++round) {
    const auto vfs = expect(opened(archive));
    std::atomic<int> wrong{0};
    in_threads([&](int thread) {
      for (int i = 0; i < 2000; i += 7) {
        const int number = (i + 200 * thread) % 2000;
        const auto bytes = vfs->read("p/m" + std::to_string(number));
        if (!bytes.ok() || text_of(bytes->bytes()) != std::to_string(number)) ++wrong;
      }
      const auto manifest = vfs->manifest();
      if (!manifest.ok() || (*manifest)->entries().size() != members.size()) ++wrong;
    });
    EXPECT_EQ(wrong, 0);
  }
}

TEST(Concurrency, ManyThreadsOpenAndVerify) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("a.zip", signed_zip_of(many_members()));
  const TrustPolicy policy = trusting({0, 1});
  std::atomic<int> verified{0};
  in_threads([&](int) {
    const auto vfs = SignedVfs::open(path, policy);
    if (vfs.ok() && (*vfs)->verify_all().ok()) ++verified;
  });
  EXPECT_EQ(verified, kThreads);
}

TEST(Concurrency, SigningWritesTheSameBytesInAnyNumberOfThreads) {
  const TemporaryDirectory directory;
  Members members = many_members();
  for (std::size_t i = 0; i < 10; ++i) {
    std::string content;
    while (content.size() < 300'000) content += std::to_string(content.size() * 7 + i);
    members.emplace("big" + std::to_string(i), std::move(content));
  }
  for (const Method method : {Method::kStored, Method::kDeflate, Method::kZstd}) {
    const std::string path = directory.write("a.zip", zip_of(members, method));
    SignRequest request;
    request.path = path;
    request.keys = {test_key()};
    std::string first;
    for (const unsigned threads : {1U, 2U, 7U}) {
      std::uint64_t last = 0;
      request.threads = threads;
      request.output = directory / "out.zip";
      request.progress = [&](std::uint64_t done, std::uint64_t total) {
        EXPECT_EQ(done, ++last);
        EXPECT_EQ(total, 2 * members.size());
        return true;
      };
      expect(sign(request));
      EXPECT_EQ(last, 2 * members.size());
      const std::string written = file_text(*request.output);
      if (first.empty()) first = written;
      EXPECT_TRUE(written == first) << threads << " threads";
    }
  }
}

TEST(Concurrency, WhatIsWrongFirstInOrderIsWhatFails) {
  // In archives and directories, whoever of the threads meets it first
  const TemporaryDirectory directory;
  const Members members = many_members();
  const auto broken = [&](const char* name) {
    Members changed = members;
    changed.at(name)[0] = '?';
    changed.at("p/m9.py")[0] = '?';  // the last one in byte order
    return changed;
  };
  for (const char* name : {"p/m0.py", "p/m25.py", "p/m8.py"}) {
    NamedContents all;
    for (const auto& [path, content] : broken(name)) all.emplace_back(path, content);
    all.emplace_back(kManifestName, manifest_for(members));
    const auto vfs = expect(SignedVfs::open(directory.write("a.zip", zip_of(all)), trusting()));
    const Status status = vfs->verify_all();
    EXPECT_EQ(status.code(), Errc::kDigestMismatch);
    EXPECT_EQ(status.member(), name);
  }
}

}  // namespace
}  // namespace signedvfs
