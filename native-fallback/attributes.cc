#include "attributes.h"

#include <cerrno>
#include <cstring>

#if defined(__linux__)
#include <sys/xattr.h>

#include <algorithm>
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

int list_attributes(const std::string& path, std::vector<std::string>& names) {
  const ssize_t size = listxattr(path.c_str(), nullptr, 0);
  if (size < 0) return errno == ENOTSUP ? 0 : errno;  // a file system without attributes
  std::vector<char> list(static_cast<size_t>(size) + 1);
  const ssize_t length = listxattr(path.c_str(), list.data(), list.size());
  if (length < 0) return errno;
  for (const char* name = list.data(); name < list.data() + length; name += std::strlen(name) + 1) {
    names.push_back(name);
  }
  return 0;
}

// A new file has attributes of its own where its folder has a default access control list.
int remove_others(const std::string& path, const std::vector<std::string>& kept) {
  std::vector<std::string> names;
  const int error = list_attributes(path, names);
  if (error != 0) return error;
  for (const std::string& name : names) {
    if (std::find(kept.begin(), kept.end(), name) != kept.end() || belongs_to_system(name.c_str())) continue;
    if (removexattr(path.c_str(), name.c_str()) != 0) return errno;
  }
  return 0;
}

}  // namespace

int copy_attributes(const std::string& from, const std::string& to) {
  std::vector<std::string> names;
  int error = list_attributes(from, names);
  if (error != 0) return error;
  for (const std::string& name : names) {
    error = copy_attribute(from, to, name.c_str());
    if (error != 0 && !belongs_to_system(name.c_str())) return error;
  }
  return remove_others(to, names);
}

#elif defined(__APPLE__)

int copy_attributes(const std::string& from, const std::string& to) {
  return copyfile(from.c_str(), to.c_str(), nullptr, COPYFILE_ACL | COPYFILE_XATTR) == 0 ? 0 : errno;
}

#else

int copy_attributes(const std::string&, const std::string&) { return ENOTSUP; }

#endif

}  // namespace neighbor_product
