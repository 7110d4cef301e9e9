// What a host name and a numeric address look like.
#pragma once

#include <string_view>

namespace pgrant {

// Empty if `host` is a DNS name, an IPv4 or IPv6 address, or a directory or abstract name of
// Unix-domain sockets; else what is wrong with it, without repeating it.
std::string_view host_problem(std::string_view host) noexcept;
bool is_numeric_address(std::string_view text) noexcept;

}  // namespace pgrant
