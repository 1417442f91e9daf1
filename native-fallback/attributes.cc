#include "attributes.h"

#include <cerrno>
#include <cstring>

#if defined(__linux__)
#include <sys/xattr.h>

#include <vector>
#elif defined(__APPLE__)
#include <copyfile.h>
#endif

namespace neighbor_product {

#if defined(__linux__)

namespace {

// Access control lists are attributes, too: system.posix_acl_access.
bool belongs_to_system(const char* name) {
  return std::strncmp(name, "security.", 9) == 0 || std::strncmp(name, "trusted.", 8) == 0;
}

int copy_attribute(const std::string& from, const std::string& to, const char* name) {
  const ssize_t size = getxattr(from.c_str(), name, nullptr, 0);
  if (size < 0) return errno;
  std::vector<char> value(static_cast<size_t>(size) + 1);
  const ssize_t length = getxattr(from.c_str(), name, value.data(), value.size());
  if (length < 0) return errno;
  return setxattr(to.c_str(), name, value.data(), static_cast<size_t>(length), 0) == 0 ? 0 : errno;
}

}  // namespace

int copy_attributes(const std::string& from, const std::string& to) {
  const ssize_t size = listxattr(from.c_str(), nullptr, 0);
  if (size < 0) return errno == ENOTSUP ? 0 : errno;  // a file system without attributes
  std::vector<char> names(static_cast<size_t>(size) + 1);
  const ssize_t length = listxattr(from.c_str(), names.data(), names.size());
  if (length < 0) return errno;
  for (const char* name = names.data(); name < names.data() + length; name += std::strlen(name) + 1) {
    const int error = copy_attribute(from, to, name);
    if (error != 0 && !belongs_to_system(name)) return error;
  }
  return 0;
}

#elif defined(__APPLE__)

int copy_attributes(const std::string& from, const std::string& to) {
  return copyfile(from.c_str(), to.c_str(), nullptr, COPYFILE_ACL | COPYFILE_XATTR) == 0 ? 0 : errno;
}

#else

int copy_attributes(const std::string&, const std::string&) { return ENOTSUP; }

#endif

}  // namespace neighbor_product
