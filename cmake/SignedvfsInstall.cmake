# What `cmake --install` gives to other CMake projects: `find_package(signedvfs)` and the targets
# signedvfs::archive, signedvfs::vfs and signedvfs::signer. The headers listed here are the public
# ones; includes are spelled as in this tree ("vfs/signed_vfs.h").
include(CMakePackageConfigHelpers)

target_sources(signedvfs_archive PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES
  ${PROJECT_SOURCE_DIR}/archive/base/allocate.h
  ${PROJECT_SOURCE_DIR}/archive/base/block_pool.h
  ${PROJECT_SOURCE_DIR}/archive/base/buffer.h
  ${PROJECT_SOURCE_DIR}/archive/members/codec.h
  ${PROJECT_SOURCE_DIR}/archive/base/byte_source.h
  ${PROJECT_SOURCE_DIR}/archive/foreign/admission.h
  ${PROJECT_SOURCE_DIR}/archive/foreign/archive.h
  ${PROJECT_SOURCE_DIR}/archive/members/container.h
  ${PROJECT_SOURCE_DIR}/archive/opening.h
  ${PROJECT_SOURCE_DIR}/archive/base/limits.h
  ${PROJECT_SOURCE_DIR}/archive/base/memory.h
  ${PROJECT_SOURCE_DIR}/archive/base/status.h
  ${PROJECT_SOURCE_DIR}/archive/base/vessel.h
  ${PROJECT_SOURCE_DIR}/archive/zip/writer.h)
target_sources(signedvfs_vfs PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES
  ${PROJECT_SOURCE_DIR}/vfs/crypto/digest.h
  ${PROJECT_SOURCE_DIR}/vfs/manifest/listing.h
  ${PROJECT_SOURCE_DIR}/vfs/manifest/manifest.h
  ${PROJECT_SOURCE_DIR}/vfs/manifest/native_rules.h
  ${PROJECT_SOURCE_DIR}/vfs/manifest/policy.h
  ${PROJECT_SOURCE_DIR}/vfs/manifest/trusted_key.h
  ${PROJECT_SOURCE_DIR}/vfs/manifest/values.h
  ${PROJECT_SOURCE_DIR}/vfs/crypto/public_key.h
  ${PROJECT_SOURCE_DIR}/vfs/signed_vfs.h
  ${PROJECT_SOURCE_DIR}/vfs/trust.h
  ${PROJECT_SOURCE_DIR}/vfs/verified_bytes.h)
target_sources(signedvfs_signer PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES
  ${PROJECT_SOURCE_DIR}/vfs/signing/attach.h
  ${PROJECT_SOURCE_DIR}/vfs/signing/custody.h
  ${PROJECT_SOURCE_DIR}/vfs/signing/private_key.h
  ${PROJECT_SOURCE_DIR}/vfs/signing/signer.h)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/signedvfs)
install(TARGETS signedvfs_archive signedvfs_vfs signedvfs_signer EXPORT signedvfs
  COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/signedvfs)
install(EXPORT signedvfs NAMESPACE signedvfs:: FILE signedvfsTargets.cmake
  DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/signedvfsConfig.cmake.in
  ${PROJECT_BINARY_DIR}/signedvfsConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/signedvfsConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_SOURCE_DIR}/cmake/SignedvfsPackages.cmake
  ${PROJECT_BINARY_DIR}/signedvfsConfig.cmake
  ${PROJECT_BINARY_DIR}/signedvfsConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT development)
