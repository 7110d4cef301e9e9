// Collects what single objects need and writes it as few statements.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pgrant/sql.hpp"
#include "planning.hpp"

namespace pgrant::planning {

/// An object and its ACL, wherever it stands in the snapshot. Points into it.
struct acl_target {
  object_kind kind = object_kind::table;
  oid id = 0, owner = 0;
  const pgrant::acl* list = nullptr;
  std::string_view schema;  ///< Empty for databases and schemas.
  std::string_view name;
  std::string_view arguments;
  std::span<const column_acl> columns;
};

/// A change of one grantee's privileges on the current target.
struct change {
  bool revoke = false;
  std::uint32_t grantee = 0;
  privilege_set privileges;
  bool option = false;  ///< WITH GRANT OPTION, GRANT OPTION FOR
  /// The inverse of a GRANT is to revoke no more than the grant option, that of a REVOKE to grant
  /// with it.
  bool undo_option = false;
  privilege_set undo_privileges;  ///< What the inverse is about; empty: all.
  bool cascade = false;           ///< Others hold it from the grantee and lose it too.
  oid grantor = 0;
  bool grantor_owns = false;
  purpose why = purpose::direct;
  std::uint32_t reason = 0;
  std::string_view column;
  /// 0 for grants and the revokes after them; one more for each grant that follows a revoke of the
  /// same target.
  std::uint8_t phase = 0;

  /// Nobody's grant options change, and so no later choice of a grantor.
  bool steady() const noexcept { return !option && !cascade && !(revoke && undo_option); }

  friend bool operator==(const change&, const change&) = default;
};

/// Why something that the policy asks for cannot be done.
enum class obstacle : std::uint8_t {
  no_usage,      ///< The executor has no USAGE on the schema.
  no_authority,  ///< The executor can neither act as the owner nor as a holder of grant options.
  circular,      ///< The only grantor has its options from the grantee.
  of_another,    ///< The entry is of a grantor that the server would not pick.
  left_behind,   ///< The grantor, which is to be dropped, has no grant option any more.
  unnameable,    ///< The routine's arguments are not in the server's form.
};

struct shortfall {
  bool revoke = false;
  std::uint32_t grantee = 0;
  privilege_set privileges;
  bool option = false;
  obstacle why = obstacle::no_authority;
  oid owner = 0;    ///< Of the object.
  oid grantor = 0;  ///< Of the entry, for `of_another` and `left_behind`.
  /// The bundle can do without, because PUBLIC has the privilege.
  bool public_has_it = false;
  bool reach = false;  ///< The privilege is only needed on the way.
  std::string_view column;

  friend bool operator==(const shortfall&, const shortfall&) = default;
};

/// Changes of all targets of one scope: the databases, the schemas of a database, the objects of a
/// schema. One statement is written for all targets that need the same change, and changes of
/// several grantees with the same targets become one statement. The changes of one target keep
/// their order, as far as the server's choice of grantors can depend on it.
class statement_writer {
 public:
  /// `database` is where the statements run, empty for anywhere. Both texts must outlive it.
  statement_writer(context& ctx, std::string_view database, std::string_view schema)
      : ctx_(ctx), database_(database), schema_(schema) {}

  /// The target of the following changes.
  void begin(const acl_target& target) {
    current_ = target;
    current_is_kept_ = current_revoked_ = false;
    phase_ = 0;
    last_group_ = 0;
  }
  void add(change what);
  void add(const shortfall& what);
  /// Writes and forgets everything.
  void flush(step_list& out);

 private:
  template <class What>
  struct group {
    What what;
    object_kind kind = object_kind::table;
    std::vector<std::uint32_t> targets;
    std::uint64_t targets_hash = 0;
    std::vector<std::uint32_t> grantees;  // more than one after merging
  };
  template <class What>
  using groups = std::vector<group<What>>;

  template <class What>
  std::size_t collect(groups<What>& into,
                      std::unordered_multimap<std::uint64_t, std::size_t>& index, const What& what,
                      std::size_t from);
  static bool may_join(const groups<change>& all, std::size_t earlier, const group<change>& g);
  static bool may_join(const groups<shortfall>&, std::size_t, const group<shortfall>&) {
    return true;
  }
  template <class What>
  groups<What> merged(groups<What> all) const;
  std::uint32_t keep_current();

  bool undo_reaches_columns(const group<change>& g, std::span<const std::uint32_t> part) const;
  void write(const group<change>& g, std::span<const std::uint32_t> part, step_list& out) const;
  void write(const group<shortfall>& g) const;
  std::string reason_of(const group<change>& g, std::span<const std::uint32_t> part) const;
  sql_text statement(const change& what, object_kind kind, std::span<const std::string> names,
                     const sql_text& objects) const;
  sql_text objects_of(object_kind kind, std::span<const std::uint32_t> part) const;
  sql_text name_of(std::uint32_t target) const;
  std::string objects_in_words(object_kind kind, std::span<const std::uint32_t> part) const;
  std::vector<std::string> names_of(std::span<const std::uint32_t> grantees) const;
  std::string bundles_of(std::span<const std::uint32_t> grantees) const;

  context& ctx_;
  std::string_view database_, schema_;
  acl_target current_;
  bool current_is_kept_ = false, current_revoked_ = false;
  std::uint8_t phase_ = 0;
  std::size_t last_group_ = 0;  // Of the current target; no earlier one may get it.
  std::vector<acl_target> targets_;
  groups<change> changes_;
  groups<shortfall> shortfalls_;
  std::unordered_multimap<std::uint64_t, std::size_t> change_index_, shortfall_index_;
};

}  // namespace pgrant::planning
