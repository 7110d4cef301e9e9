#include "lease/role_authority.hpp"

#include <utility>

#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

sql_fragment sql_truth(bool value) {
  return value ? sql_fragment("TRUE") : sql_fragment("FALSE");
}

class connector_authority : public role_authority {
 public:
  connector_authority(int server_version, bool superuser, std::string connector)
      : has_options_(server_version >= 160000),
        superuser_(superuser),
        connector_(std::move(connector)) {}

  statement create_login(const new_login& login) const override {
    return sql_text("CREATE ROLE ")
        .name(login.name)
        .raw(
            " LOGIN INHERIT NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS"
            " CONNECTION LIMIT ")
        .number(login.connection_limit)
        .raw(" PASSWORD ")
        .literal(login.verifier)
        .raw(" VALID UNTIL ")
        .literal(login.valid_until);
  }

  statement disable_login(std::string_view login) const override {
    return sql_text("ALTER ROLE ").name(login).raw(" NOLOGIN");
  }

  statement drop_login(std::string_view login) const override {
    return sql_text("DROP ROLE ").name(login);
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

  std::optional<statement> give(const lease_membership& m) const override {
    if (m.own_before && (!has_options_ || m.own_inherit)) return std::nullopt;
    sql_text text("GRANT ");
    text.name(m.role).raw(" TO ").name(m.member);
    if (has_options_) {
      // SET FALSE, so that no session can keep the role; but who could SET ROLE before, still can.
      text.raw(" WITH INHERIT TRUE");
      if (!m.own_before) text.raw(", SET FALSE");
      text.raw(" GRANTED BY ").name(m.grantor);
    }
    return statement(std::move(text));
  }

  std::optional<statement> take(const lease_membership& m) const override {
    if (m.own_before && (!has_options_ || m.own_inherit)) return std::nullopt;
    sql_text text;
    if (m.own_before) {
      text.raw("GRANT ").name(m.role).raw(" TO ").name(m.member);
      text.raw(" WITH ADMIN ").raw(sql_truth(m.own_admin));
      text.raw(", INHERIT ").raw(sql_truth(m.own_inherit));
      text.raw(", SET ").raw(sql_truth(m.own_set));
    } else {
      text.raw("REVOKE ").name(m.role).raw(" FROM ").name(m.member);
    }
    if (has_options_) text.raw(" GRANTED BY ").name(m.grantor);
    return statement(std::move(text));
  }

 private:
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
