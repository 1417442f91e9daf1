// What a file has besides its content and its mode, which Node cannot read.
#pragma once

#include <string>

namespace neighbor_product {

// Gives a file the access control list and the extended attributes of another one, and removes others. Returns 0, or
// the errno of what could not be copied; ENOTSUP where this system offers no way. What only the system may set
// (security.*, trusted.*) is left out where it is refused.
int copy_attributes(const std::string& from, const std::string& to);

}  // namespace neighbor_product
