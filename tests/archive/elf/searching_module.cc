// A module with a search path, for elf/editing_test.cc.
extern "C" int signedvfs_searched();
extern "C" __attribute__((visibility("default"))) int signedvfs_searching() {
  return signedvfs_searched();
}
