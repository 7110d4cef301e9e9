#include "lease/role_authority.hpp"

#include <algorithm>
#include <utility>

#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment expire_logins_directly =
    "SELECT pgrant.let_login_expire(l.grantee, l.expires_at) FROM pgrant.lease l "
    "WHERE l.id = ANY ($1::text[])";

sql_fragment sql_truth(bool value) {
  return value ? sql_fragment("TRUE") : sql_fragment("FALSE");
}

/// Memberships that one statement can change: of one role, as one grantor, with the same options.
struct merged_memberships {
  lease_membership first;
  std::vector<std::string_view> members;

  bool takes(const lease_membership& m) const {
    return m.role == first.role && m.grantor == first.grantor && m.own_before == first.own_before &&
           m.own_admin == first.own_admin && m.own_inherit == first.own_inherit &&
           m.own_set == first.own_set;
  }
};

class connector_authority : public role_authority {
 public:
  connector_authority(int server_version, bool superuser, std::string connector)
      : has_options_(server_version >= 160000),
        superuser_(superuser),
        connector_(std::move(connector)) {}

  std::vector<statement> create_logins(std::span<const new_login> logins) const override {
    std::vector<statement> work;
    for (const new_login& login : logins) {
      work.emplace_back(
          sql_text("CREATE ROLE ")
              .name(login.name)
              .raw(" LOGIN INHERIT NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS"
                   " CONNECTION LIMIT ")
              .number(login.connection_limit)
              .raw(" PASSWORD ")
              .literal(login.verifier)
              .raw(" VALID UNTIL ")
              .literal(login.valid_until));
    }
    return work;
  }

  std::vector<statement> expire_logins(std::span<const std::string> lease_ids) const override {
    if (lease_ids.empty()) return {};
    return {statement(expire_logins_directly).bind_array(lease_ids)};
  }

  std::vector<statement> disable_logins(std::span<const std::string> logins) const override {
    return alter_each(logins, " NOLOGIN");
  }

  std::vector<statement> enable_logins(std::span<const std::string> logins) const override {
    return alter_each(logins, " LOGIN");
  }

  std::vector<statement> drop_logins(std::span<const std::string> logins) const override {
    if (logins.empty()) return {};
    return {statement(sql_text("DROP ROLE ").names(logins))};
  }

  std::optional<statement> lend_login(std::string_view login) const override {
    if (superuser_) return std::nullopt;
    sql_text text("GRANT ");
    text.name(login).raw(" TO ").name(connector_);
    if (has_options_) text.raw(" WITH INHERIT TRUE, SET TRUE");
    return statement(std::move(text));
  }

  std::optional<statement> take_back_login(std::string_view login) const override {
    if (superuser_) return std::nullopt;
    sql_text text("REVOKE ");
    text.name(login).raw(" FROM ").name(connector_);
    // The creator's own entry, by another grantor, stays: it is what lets us drop the login.
    if (has_options_) text.raw(" GRANTED BY ").name(connector_);
    return statement(std::move(text));
  }

  std::vector<statement> give(std::span<const lease_membership> memberships) const override {
    std::vector<statement> work;
    for (const merged_memberships& group : merge(memberships)) {
      const lease_membership& m = group.first;
      sql_text text("GRANT ");
      text.name(m.role).raw(" TO ").names(group.members);
      if (has_options_) {
        // SET FALSE, so that no session can keep the role; but who could SET ROLE before, still
        // can.
        text.raw(" WITH INHERIT TRUE");
        if (!m.own_before) text.raw(", SET FALSE");
        text.raw(" GRANTED BY ").name(m.grantor);
      }
      work.emplace_back(std::move(text));
    }
    return work;
  }

  std::vector<statement> take(std::span<const lease_membership> memberships) const override {
    std::vector<statement> work;
    for (const merged_memberships& group : merge(memberships)) {
      const lease_membership& m = group.first;
      sql_text text;
      if (m.own_before) {
        text.raw("GRANT ").name(m.role).raw(" TO ").names(group.members);
        text.raw(" WITH ADMIN ").raw(sql_truth(m.own_admin));
        text.raw(", INHERIT ").raw(sql_truth(m.own_inherit));
        text.raw(", SET ").raw(sql_truth(m.own_set));
      } else {
        text.raw("REVOKE ").name(m.role).raw(" FROM ").names(group.members);
      }
      if (has_options_) text.raw(" GRANTED BY ").name(m.grantor);
      work.emplace_back(std::move(text));
    }
    return work;
  }

 private:
  static std::vector<statement> alter_each(std::span<const std::string> logins, sql_fragment how) {
    std::vector<statement> work;
    for (const std::string& login : logins)
      work.emplace_back(sql_text("ALTER ROLE ").name(login).raw(how));
    return work;
  }

  // What the entry before the lease gives already is neither given nor taken.
  bool is_left_alone(const lease_membership& m) const {
    return m.own_before && (!has_options_ || m.own_inherit);
  }

  std::vector<merged_memberships> merge(std::span<const lease_membership> memberships) const {
    std::vector<merged_memberships> groups;
    for (const lease_membership& m : memberships) {
      if (is_left_alone(m)) continue;
      const auto fits = [&m](const merged_memberships& g) { return g.takes(m); };
      // The newest group first: callers list the members of a role together.
      const auto found = std::find_if(groups.rbegin(), groups.rend(), fits);
      merged_memberships& group = found != groups.rend() ? *found : groups.emplace_back();
      if (group.members.empty()) group.first = m;
      group.members.push_back(m.member);
    }
    return groups;
  }

  bool has_options_;  // PostgreSQL 16: INHERIT, SET and several grantors of one membership
  bool superuser_;
  std::string connector_;
};

}  // namespace

std::unique_ptr<const role_authority> direct_authority(int server_version, bool superuser,
                                                       std::string connector) {
  return std::make_unique<connector_authority>(server_version, superuser, std::move(connector));
}

}  // namespace pgrant::detail
