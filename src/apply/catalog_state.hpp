// What the catalogs say about everything that some steps of a plan touch.
#pragma once

#include <compare>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "pgrant/plan.hpp"
#include "pgrant/rows.hpp"
#include "pgrant/snapshot.hpp"
#include "pgrant/statement.hpp"

namespace pgrant::detail {

/// An ACL's place: an object, or a column of it.
struct acl_place {
  object_class on = object_class::table;
  oid id = 0;
  std::string column;

  friend auto operator<=>(const acl_place&, const acl_place&) = default;
};

acl_place place_of(const step& s, const step_target& target);

struct acl_row {
  oid owner = 0;
  acl list;
};

/// Whose future objects, where, and of which class.
struct default_place {
  oid creator = 0;
  oid schema = 0;
  object_class on = object_class::table;

  friend auto operator<=>(const default_place&, const default_place&) = default;
};

struct catalog_state {
  snapshot roles;  ///< Only `roles` and `memberships` are filled.
  std::map<acl_place, acl_row> acls;
  std::map<default_place, acl> defaults;
  std::map<std::string, oid, std::less<>> schemas;
  std::map<std::string, oid, std::less<>> databases;
  std::set<std::string> defined;  ///< Which targets of `step_action::define` are there.
};

/// The questions, a fixed number whatever the steps are; to be asked inside a transaction.
batch catalog_questions(std::span<const step> steps);
inline constexpr std::size_t catalog_question_count = 10;

/// The answers to `catalog_questions`, which begin at `first` of a batch's answers.
result<catalog_state> read_catalog(std::span<const rows> answers);

}  // namespace pgrant::detail
