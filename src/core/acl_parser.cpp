// The text form of aclitem[]. Two layers of quoting lie on each other: the array's (an element in
// double quotes, backslash escapes inside) and the item's (a name in double quotes, doubled
// inside).

#include <charconv>

#include "pgrant/acl.hpp"

namespace pgrant {

namespace {

pgrant::error malformed_acl(std::string_view text, std::string_view why) {
  return error(errc::invalid_argument, "malformed ACL: " + std::string(why))
      .with_detail(std::string(text))
      .with_field("acl");
}

// Reads one aclitem that the array's quoting has been taken off.
class acl_item_reader {
 public:
  acl_item_reader(std::string_view item, const role_lookup& lookup, std::string& name)
      : item_(item), lookup_(lookup), name_(name) {}

  result<acl_item> read() {
    acl_item item;
    BOOST_OUTCOME_TRY(const bool has_grantee, read_name('='));
    if (has_grantee) {
      BOOST_OUTCOME_TRY(item.grantee, resolve());
    }
    BOOST_OUTCOME_TRY(read_privileges(item));
    BOOST_OUTCOME_TRY(const bool has_grantor, read_name('\0'));
    if (!has_grantor) return malformed_acl(item_, "an entry has no grantor");
    BOOST_OUTCOME_TRY(item.grantor, resolve());
    return item;
  }

 private:
  // Takes a name into `name_` and the terminator after it ('\0': the end of the item). False if
  // there is none: PUBLIC.
  result<bool> read_name(char terminator) {
    name_.clear();
    bool quoted = false, any = false;
    while (at_ < item_.size()) {
      const char c = item_[at_];
      if (c == '"') {
        const bool doubled = quoted && at_ + 1 < item_.size() && item_[at_ + 1] == '"';
        if (!doubled) {
          quoted = !quoted;
          any = true;
          ++at_;
          continue;
        }
        ++at_;
      } else if (!quoted && terminator != '\0' && c == terminator) {
        ++at_;
        return any;
      }
      name_ += c;
      any = true;
      ++at_;
    }
    if (quoted) return malformed_acl(item_, "a quoted name does not end");
    if (terminator != '\0') return malformed_acl(item_, "an entry has no \"=\"");
    return any;
  }

  result<void> read_privileges(acl_item& item) {
    privilege_set last;
    for (; at_ < item_.size(); ++at_) {
      const char c = item_[at_];
      if (c == '/') {
        ++at_;
        return success();
      }
      if (c == '*') {
        if (last.empty()) return malformed_acl(item_, "a grant option belongs to no privilege");
        item.grantable |= last;
        continue;
      }
      const std::optional<privilege> read = privilege_of_letter(c);
      if (!read) return malformed_acl(item_, "unknown privilege letter");
      last = *read;
      item.privileges |= last;
    }
    return malformed_acl(item_, "an entry has no grantor");
  }

  result<oid> resolve() const {
    if (const std::optional<oid> known = lookup_(name_)) return *known;
    oid number = 0;
    const char* end = name_.data() + name_.size();
    const auto [stop, failed] = std::from_chars(name_.data(), end, number);
    if (failed != std::errc() || stop != end || number == 0)
      return malformed_acl(item_, "role \"" + name_ + "\" is not known");
    return number;
  }

  std::string_view item_;
  const role_lookup& lookup_;
  std::string& name_;  // Shared by all items of a list: one buffer.
  std::size_t at_ = 0;
};

// Takes the next element of the array after `at`, without its quoting. `at` is left on the comma
// or brace that follows it. False if the text ends inside of it.
bool next_acl_element(std::string_view text, std::size_t& at, std::string& element) {
  element.clear();
  if (at < text.size() && text[at] == '"') {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && ++at == text.size()) return false;
      element += text[at];
    }
    if (at == text.size()) return false;
    ++at;
  } else {
    while (at < text.size() && text[at] != ',' && text[at] != '}') element += text[at++];
  }
  return at < text.size() && (text[at] == ',' || text[at] == '}');
}

}  // namespace

result<std::vector<acl_item>> parse_acl(std::string_view text, const role_lookup& lookup) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}')
    return malformed_acl(text, "it is not an array");
  std::vector<acl_item> items;
  if (text.size() == 2) return items;
  std::string element, name;
  std::size_t at = 1;
  for (;;) {
    if (!next_acl_element(text, at, element)) return malformed_acl(text, "an element does not end");
    BOOST_OUTCOME_TRY(const acl_item item, acl_item_reader(element, lookup, name).read());
    items.push_back(item);
    if (text[at++] == '}') break;
  }
  if (at != text.size()) return malformed_acl(text, "something follows the array");
  return items;
}

}  // namespace pgrant
