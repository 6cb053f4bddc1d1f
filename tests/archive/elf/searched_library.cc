// What searching_module.cc needs, and finds by its search path alone.
extern "C" __attribute__((visibility("default"))) int signedvfs_searched() { return 42; }
