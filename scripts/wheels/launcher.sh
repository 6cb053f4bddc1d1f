# shellcheck shell=bash disable=SC2154,SC2034 # the other files that are sourced know these names
# How the launcher is linked for a target. Its symbols of Python and of the unwinder are bound when it runs, which
# zig's own driver has no options for; the linker inside of zig has. Sourced after compiler.sh.

shopt -s extglob  # for the pattern below, before it is read

# make_launcher_driver sets $launcher_driver, a program that takes the place of a compiler where the launcher is
# linked, $launcher_linker, which joins objects, $launcher_objcopy, and $launcher_libraries, the C++ library. They are
# named by what they are made from, as the prefix is: two checkouts that differ do not overwrite one another's.
make_launcher_driver() {
  local recipe directory
  recipe=$({ echo "$prefix" && cat scripts/wheels/launcher.sh; } | sha256sum)
  directory=$cache/launcher/$target-${recipe:0:16}
  launcher_driver=$directory/driver launcher_linker=$directory/linker
  launcher_libraries="$directory/libc++.a;$directory/libc++abi.a"
  launcher_objcopy=$(command -v "$target-linux-gnu-objcopy") ||
    die "$target-linux-gnu-objcopy is missing (Debian: apt-get install binutils-${target/_/-}-linux-gnu)"
  if [[ ! -d $directory ]]; then
    rm -rf "$directory.new"
    mkdir -p "$directory.new"
    fill_launcher_driver "$directory.new"
    mv -T "$directory.new" "$directory"
  fi
}

# fill_launcher_driver WORK makes them in a directory that is renamed to $directory when all are there.
fill_launcher_driver() {
  local work=$1 zig line word emulation
  zig=$("$tools/bin/python" -c 'import ziglang; print(*ziglang.__path__)')/zig
  echo 'int main() { throw 1; }' >"$work/program.cc"
  # What zig links a program of the target with: its start file, glibc's symbols, the C++ library.
  line=$("$compilers/clang++" -pie -v "$work/program.cc" -o "$work/program" 2>&1 | grep '^ld\.lld ')
  for word in $line; do
    if [[ $word == */@(Scrt1.o|libc++.a|libc++abi.a|libc_nonshared.a|libcompiler_rt.a|*.so.*) && -f $word &&
      $word != */ld-linux-* ]]; then cp "$word" "$work"; fi
  done
  if [[ $target == aarch64 ]]; then cp "$prefix/lib/libgcc.a" "$work/libcompiler_rt.a"; fi
  case $target in
    x86_64) emulation=elf_x86_64 loader=/lib64/ld-linux-x86-64.so.2 ;;
    aarch64) emulation=aarch64linux loader=/lib/ld-linux-aarch64.so.1 ;;
  esac
  printf '#!/bin/sh\nexec '\''%s'\'' ld.lld "$@"\n' "$zig" >"$work/linker"
  cat >"$work/driver" <<DRIVER
#!/usr/bin/env bash
# Links as the compiler would be asked to, with the linker itself.
words=()
for word; do
  case \$word in
    -nodefaultlibs | -fno-lto) ;;
    -Wl,*) IFS=, read -ra options <<<"\${word#-Wl,}" && words+=("\${options[@]}") ;;
    -lm) words+=('$directory/libm.so.6') ;;
    -lc) words+=(--as-needed '$directory'/lib{c.so.6,pthread.so.0,dl.so.2,ld.so.2,c_nonshared.a}) ;;
    -lgcc) words+=('$directory/libcompiler_rt.a') ;;
    *) words+=("\$word") ;;
  esac
done
exec '$launcher_linker' -m $emulation --dynamic-linker $loader --eh-frame-hdr --hash-style=gnu \
  '$directory/Scrt1.o' "\${words[@]}"
DRIVER
  chmod +x "$work/linker" "$work/driver"
}
