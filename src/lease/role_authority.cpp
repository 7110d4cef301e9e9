#include "lease/role_authority.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment expire_logins_directly =
    "SELECT pgrant.let_login_expire(l.grantee, l.expires_at) FROM pgrant.lease l "
    "WHERE l.id = ANY ($1::text[])";

// What one call of a function of pgrant_issue takes; logins of one issuer that are made together
// also make each other's end dearer from 16 on.
constexpr std::size_t names_per_call = 1000;
constexpr std::size_t logins_per_issuer = 100;

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
      sql_text text("REVOKE ");
      // Of an entry that was there before, what `give` added. A GRANT with its earlier options
      // would bring back what an administrator has taken meanwhile.
      if (m.own_before) text.raw("INHERIT OPTION FOR ");
      text.name(m.role).raw(" FROM ").names(group.members);
      if (has_options_) text.raw(" GRANTED BY ").name(m.grantor);
      work.emplace_back(std::move(text));
    }
    return work;
  }

 protected:
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

  bool has_options() const { return has_options_; }

 private:
  static std::vector<statement> alter_each(std::span<const std::string> logins, sql_fragment how) {
    std::vector<statement> work;
    for (const std::string& login : logins)
      work.emplace_back(sql_text("ALTER ROLE ").name(login).raw(how));
    return work;
  }

  bool has_options_;  // PostgreSQL 16: INHERIT, SET and several grantors of one membership
  bool superuser_;
  std::string connector_;
};

class issuing_authority final : public connector_authority {
 public:
  issuing_authority(int server_version, std::string connector)
      : connector_authority(server_version, false, std::move(connector)) {}

  std::vector<statement> create_logins(std::span<const new_login> logins) const override {
    std::vector<statement> work;
    while (!logins.empty()) {
      std::vector<std::string> names, verifiers, untils;
      const int sessions = logins.front().connection_limit;
      while (!logins.empty() && names.size() < logins_per_issuer &&
             logins.front().connection_limit == sessions) {
        names.push_back(logins.front().name);
        verifiers.push_back(logins.front().verifier);
        untils.push_back(logins.front().valid_until);
        logins = logins.subspan(1);
      }
      work.push_back(statement("SELECT pgrant_issue.create_logins($1::text[], $2::text[],"
                               " $3::timestamptz[], $4::int)")
                         .bind_array(names)
                         .bind_array(verifiers)
                         .bind_array(untils)
                         .bind(std::to_string(sessions)));
    }
    return work;
  }

  std::vector<statement> expire_logins(std::span<const std::string> lease_ids) const override {
    std::vector<statement> work;
    for_calls(lease_ids, [&work](std::span<const std::string> ids) {
      work.push_back(
          statement(
              "SELECT pgrant_issue.change_logins('expire', array_agg(l.grantee ORDER BY l.id),"
              " array_agg(l.expires_at ORDER BY l.id))"
              " FROM pgrant.lease l WHERE l.id = ANY ($1::text[])")
              .bind_array(ids));
    });
    return work;
  }

  std::vector<statement> disable_logins(std::span<const std::string> logins) const override {
    return change("disable", logins);
  }

  std::vector<statement> enable_logins(std::span<const std::string> logins) const override {
    return change("enable", logins);
  }

  std::vector<statement> drop_logins(std::span<const std::string> logins) const override {
    return change("drop", logins);
  }

  std::optional<statement> lend_login(std::string_view login) const override {
    return statement("SELECT pgrant_issue.lend_login($1::text, true)").bind(login);
  }

  std::optional<statement> take_back_login(std::string_view login) const override {
    return statement("SELECT pgrant_issue.lend_login($1::text, false)").bind(login);
  }

  std::vector<statement> give(std::span<const lease_membership> memberships) const override {
    return change_members(memberships, true);
  }

  std::vector<statement> take(std::span<const lease_membership> memberships) const override {
    return change_members(memberships, false);
  }

 private:
  template <class Call>
  static void for_calls(std::span<const std::string> names, Call call) {
    for (; names.size() > names_per_call; names = names.subspan(names_per_call))
      call(names.first(names_per_call));
    if (!names.empty()) call(names);
  }

  static std::vector<statement> change(std::string_view how, std::span<const std::string> logins) {
    std::vector<statement> work;
    for_calls(logins, [&](std::span<const std::string> names) {
      work.push_back(statement("SELECT pgrant_issue.change_logins($1::text, $2::text[], NULL)")
                         .bind(how)
                         .bind_array(names));
    });
    return work;
  }

  // From 16 on the grantor says whose door it is; before, the function finds it.
  std::vector<statement> change_members(std::span<const lease_membership> memberships,
                                        bool give) const {
    std::vector<statement> work;
    for (const merged_memberships& group : merge(memberships)) {
      const lease_membership& m = group.first;
      const bool granter = m.grantor.starts_with(granter_prefix);
      if (has_options() && !granter) {
        std::vector<lease_membership> ours;
        for (const std::string_view member : group.members)
          ours.emplace_back(m).member = std::string(member);
        auto direct = give ? connector_authority::give(ours) : connector_authority::take(ours);
        std::move(direct.begin(), direct.end(), std::back_inserter(work));
        continue;
      }
      const std::string door =
          granter ? "granter_" + m.grantor.substr(granter_prefix.size()) : "change_members";
      const std::vector<std::string> members(group.members.begin(), group.members.end());
      for_calls(members, [&](std::span<const std::string> names) {
        work.push_back(statement(sql_text("SELECT ")
                                     .qualified("pgrant_issue", door)
                                     .raw("($1::text, $2::text[], $3::boolean)"))
                           .bind(m.role)
                           .bind_array(names)
                           .bind(give ? "true" : "false"));
      });
    }
    return work;
  }
};

}  // namespace

std::unique_ptr<const role_authority> issuer_authority(int server_version, std::string connector) {
  return std::make_unique<issuing_authority>(server_version, std::move(connector));
}

std::unique_ptr<const role_authority> direct_authority(int server_version, bool superuser,
                                                       std::string connector) {
  return std::make_unique<connector_authority>(server_version, superuser, std::move(connector));
}

}  // namespace pgrant::detail
