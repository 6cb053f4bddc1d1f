# How the packages are called that hold the libraries signedvfs needs. Installed, too: a project that
# links signedvfs needs some of them.

# signedvfs_packages(NAME DEBIAN FEDORA ARCH HOMEBREW) gives the package that develops against NAME
# on each system; where it takes two, they are separated by a space.
function(signedvfs_packages name debian fedora arch homebrew)
  foreach(system debian fedora arch homebrew)
    set_property(GLOBAL PROPERTY "signedvfs_${system}_${name}" ${${system}})
  endforeach()
endfunction()

#                  name             Debian, Ubuntu              Fedora                      Arch         Homebrew
signedvfs_packages("C++ compiler"   g++                         gcc-c++                     gcc          gcc)
signedvfs_packages("OpenSSL 3"      libssl-dev                  openssl-devel               openssl      openssl@3)
signedvfs_packages(libarchive       libarchive-dev              libarchive-devel            libarchive   libarchive)
signedvfs_packages(pkg-config       pkg-config                  pkgconf-pkg-config          pkgconf      pkgconf)
signedvfs_packages(libdeflate       libdeflate-dev              libdeflate-devel            libdeflate   libdeflate)
signedvfs_packages(libzstd          libzstd-dev                 libzstd-devel               zstd         zstd)
signedvfs_packages(libxxhash        libxxhash-dev               xxhash-devel                xxhash       xxhash)
signedvfs_packages(libutf8proc      libutf8proc-dev             utf8proc-devel              libutf8proc  utf8proc)
signedvfs_packages("Python headers" python3-dev                 python3-devel               python       python)
signedvfs_packages(GoogleTest       "libgtest-dev libgmock-dev" "gtest-devel gmock-devel"   gtest        googletest)
signedvfs_packages(benchmark        libbenchmark-dev            google-benchmark-devel      benchmark    google-benchmark)

# signedvfs_missing(OUT NAME...) makes the one sentence that says what is missing and how to get it.
function(signedvfs_missing out)
  foreach(system debian fedora arch homebrew)
    set(${system} "")
    foreach(name IN LISTS ARGN)
      get_property(package GLOBAL PROPERTY "signedvfs_${system}_${name}")
      string(APPEND ${system} " ${package}")
    endforeach()
  endforeach()
  string(REPLACE ";" ", " names "${ARGN}")
  set(${out} "signedvfs needs what is not installed here (${names}): apt-get install${debian} (Debian, Ubuntu), \
dnf install${fedora} (Fedora), pacman -S${arch} (Arch) or brew install${homebrew} (macOS)" PARENT_SCOPE)
endfunction()
