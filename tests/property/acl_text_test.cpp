// Any list of entries is read back from the text that a server makes of it; any other text is
// refused or read, and never more than that.
#include <doctest/doctest.h>

#include <map>

#include "pgrant/acl.hpp"
#include "support/random_text.hpp"

namespace {

using acl_text_names = std::map<std::string, pgrant::oid, std::less<>>;

bool acl_text_is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A name inside of an aclitem. Servers before the fix of 2025 left letters beyond ASCII bare, as
// their locale said; others quote them.
std::string acl_text_name(const std::string& name, bool quotes_high_bytes) {
  bool bare = true;
  std::string quoted = "\"";
  for (const char c : name) {
    bare = bare && (acl_text_is_bare(c) || (!quotes_high_bytes && (c & 0x80)));
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return bare ? name : quoted + '"';
}

// An element of an array.
std::string acl_text_element(const std::string& item) {
  if (item.find_first_of("\"\\{}, \t\n\r\v\f") == std::string::npos) return item;
  std::string quoted = "\"";
  for (const char c : item) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string acl_text_of(const std::vector<pgrant::acl_item>& items,
                        const std::map<pgrant::oid, std::string>& names, bool quotes_high_bytes) {
  std::string text = "{";
  for (const pgrant::acl_item& item : items) {
    std::string one;
    if (item.grantee != pgrant::public_oid)
      one = acl_text_name(names.at(item.grantee), quotes_high_bytes);
    one += '=';
    item.privileges.for_each([&](pgrant::privilege p) {
      one += pgrant::acl_letter(p);
      if (item.grantable.contains(p)) one += '*';
    });
    one += '/' + acl_text_name(names.at(item.grantor), quotes_high_bytes);
    text += (text.size() > 1 ? "," : "") + acl_text_element(one);
  }
  return text + '}';
}

}  // namespace

TEST_SUITE("property") {
  TEST_CASE("acl: what a server writes is read back; mutations do no harm") {
    test::for_random_cases(3000, [](test::random_source& random) {
      acl_text_names by_name;
      std::map<pgrant::oid, std::string> by_id;
      for (int i = 0; i < 5; ++i) {
        const std::string name = random.utf8(63);
        const auto id = static_cast<pgrant::oid>(16384 + i);
        if (!name.empty() && by_name.emplace(name, id).second) by_id[id] = name;
      }
      if (by_id.empty()) return;
      const auto any_id = [&] {
        return std::next(by_id.begin(), static_cast<long>(random.below(by_id.size())))->first;
      };
      std::vector<pgrant::acl_item> items(random.below(6));
      for (pgrant::acl_item& item : items) {
        if (!random.one_in(4)) item.grantee = any_id();
        item.grantor = any_id();
        item.privileges =
            pgrant::privilege_set::from_bits(static_cast<unsigned>(random.below(1 << 15)));
        item.grantable = item.privileges & pgrant::privilege_set::from_bits(
                                               static_cast<unsigned>(random.below(1 << 15)));
      }
      const pgrant::role_lookup lookup = [&](std::string_view name) -> std::optional<pgrant::oid> {
        const auto at = by_name.find(name);
        if (at == by_name.end()) return std::nullopt;
        return at->second;
      };
      std::string text = acl_text_of(items, by_id, random.one_in(2));
      INFO(text);
      const auto read = pgrant::parse_acl(text, lookup);
      REQUIRE(read);
      CHECK(read.assume_value() == items);

      random.mutate(text, "{}\",\\=/*raU0x ");
      const auto mutated = pgrant::parse_acl(text, lookup);
      if (!mutated) CHECK(mutated.error().code() == pgrant::errc::invalid_argument);
    });
  }
}
