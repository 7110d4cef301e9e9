#include "host_syntax.hpp"

#include <algorithm>

namespace pgrant {
namespace {

bool host_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool host_hex_digit(char c) noexcept {
  return host_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool host_name_byte(char c) noexcept {
  return host_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool host_ipv4(std::string_view text) noexcept {
  for (int part = 0; part < 4; ++part) {
    const std::size_t size = std::min(text.find('.'), text.size());
    const std::string_view number = text.substr(0, size);
    if (number.empty() || number.size() > 3 || !std::ranges::all_of(number, host_digit)) {
      return false;
    }
    // Some resolvers read a leading zero as octal.
    if (number.size() > 1 && number.front() == '0') return false;
    int value = 0;
    for (char c : number) value = value * 10 + (c - '0');
    if (value > 255) return false;
    text.remove_prefix(size);
    if (part < 3 && !text.starts_with('.')) return false;
    if (part < 3) text.remove_prefix(1);
  }
  return text.empty();
}

// Groups of up to four hexadecimal digits; "::" once; an IPv4 tail counts as two groups.
bool host_ipv6(std::string_view text) noexcept {
  const std::size_t zone = text.find('%');
  if (zone != std::string_view::npos) {
    if (zone + 1 == text.size()) return false;
    text = text.substr(0, zone);
  }
  const std::size_t gap = text.find("::");
  const bool shortened = gap != std::string_view::npos;
  if (shortened && text.find("::", gap + 1) != std::string_view::npos) return false;
  int groups = 0;
  while (!text.empty()) {
    if (text.starts_with("::")) {
      text.remove_prefix(2);
      continue;
    }
    if (text.starts_with(':')) {
      if (groups == 0) return false;
      text.remove_prefix(1);
      if (text.empty()) return false;
    }
    const std::string_view group = text.substr(0, text.find(':'));
    const bool tail = group.size() == text.size() && host_ipv4(group);
    const bool plain =
        !group.empty() && group.size() <= 4 && std::ranges::all_of(group, host_hex_digit);
    if (!tail && !plain) return false;
    groups += tail ? 2 : 1;
    text.remove_prefix(group.size());
  }
  return shortened ? groups <= 7 : groups == 8;
}

std::string_view host_name_problem(std::string_view name) noexcept {
  if (name.size() > 253) return "is longer than 253 bytes";
  if (name.ends_with('.')) name.remove_suffix(1);
  for (;;) {
    const std::size_t size = std::min(name.find('.'), name.size());
    const std::string_view label = name.substr(0, size);
    if (label.empty()) return "has an empty part between dots";
    if (label.size() > 63) return "has a part of more than 63 bytes";
    if (label.starts_with('-') || label.ends_with('-'))
      return "has a part that begins or ends with -";
    if (!std::ranges::all_of(label, host_name_byte)) {
      return "holds something else than letters, digits, hyphens and dots";
    }
    if (size == name.size()) return {};
    name.remove_prefix(size + 1);
  }
}

}  // namespace

bool is_numeric_address(std::string_view text) noexcept {
  return host_ipv4(text) || (text.find(':') != std::string_view::npos && host_ipv6(text));
}

std::string_view host_problem(std::string_view host) noexcept {
  if (host.empty()) return "is missing";
  if (host.starts_with('/') || host.starts_with('@')) {
    return host.size() <= 100 ? std::string_view() : "is too long for a Unix-domain socket";
  }
  if (host.find(':') != std::string_view::npos) {
    return host_ipv6(host) ? std::string_view() : "is no IPv6 address; a port goes into port";
  }
  return host_name_problem(host);
}

}  // namespace pgrant
