#include "pgrant/privilege.hpp"

#include <array>

namespace pgrant {

namespace {

constexpr std::array<std::string_view, privilege_count> privilege_keywords = {
    "SELECT", "INSERT", "UPDATE",  "DELETE",    "TRUNCATE", "REFERENCES", "TRIGGER",     "MAINTAIN",
    "USAGE",  "CREATE", "CONNECT", "TEMPORARY", "EXECUTE",  "SET",        "ALTER SYSTEM"};

constexpr std::string_view privilege_letters = "rawdDxtmUCcTXsA";
static_assert(privilege_letters.size() == privilege_count);

bool same_keyword(std::string_view text, std::string_view upper) noexcept {
  if (text.size() != upper.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char raised = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (raised != upper[i]) return false;
  }
  return true;
}

}  // namespace

std::string_view keyword(privilege p) noexcept {
  return privilege_keywords[static_cast<std::size_t>(p)];
}

char acl_letter(privilege p) noexcept {
  return privilege_letters[static_cast<std::size_t>(p)];
}

std::optional<privilege> parse_privilege(std::string_view keyword) noexcept {
  for (std::size_t i = 0; i < privilege_keywords.size(); ++i)
    if (same_keyword(keyword, privilege_keywords[i])) return static_cast<privilege>(i);
  if (same_keyword(keyword, "TEMP")) return privilege::temporary;
  return std::nullopt;
}

std::optional<privilege> privilege_of_letter(char letter) noexcept {
  const std::size_t at = privilege_letters.find(letter);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<privilege>(at);
}

std::string to_string(privilege_set set) {
  std::string text;
  set.for_each([&](privilege p) {
    if (!text.empty()) text += ", ";
    text += keyword(p);
  });
  return text;
}

privilege_set all_privileges(object_kind kind, int server_version) noexcept {
  using enum privilege;
  switch (class_of(kind)) {
    case object_class::database:
      return create | connect | temporary;
    case object_class::schema:
      return usage | create;
    case object_class::table: {
      const privilege_set always =
          select | insert | update | delete_ | truncate | references | trigger;
      return server_version >= 170000 ? always | maintain : always;
    }
    case object_class::sequence:
      return select | update | usage;
    case object_class::routine:
      return execute;
    case object_class::type:
    case object_class::language:
    case object_class::foreign_data_wrapper:
    case object_class::foreign_server:
      return usage;
    case object_class::tablespace:
      return create;
    case object_class::parameter:
      return server_version >= 150000 ? set | alter_system : privilege_set();
    case object_class::large_object:
      return select | update;
  }
  return {};
}

privilege_set public_privileges(object_kind kind) noexcept {
  switch (class_of(kind)) {
    case object_class::database:
      return privilege::connect | privilege::temporary;
    case object_class::routine:
      return privilege::execute;
    case object_class::type:
    case object_class::language:
      return privilege::usage;
    default:
      return {};
  }
}

}  // namespace pgrant
