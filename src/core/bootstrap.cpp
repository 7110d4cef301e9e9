#include "pgrant/bootstrap.hpp"

#include <algorithm>

#include "pgrant/platform.hpp"
#include "pgrant/sql.hpp"
#include "policy_words.hpp"

namespace pgrant {

bootstrap_options::bootstrap_options(std::string connector) : connector_(std::move(connector)) {}

bootstrap_options& bootstrap_options::profile(bootstrap_profile p) {
  profile_ = p;
  return *this;
}
bootstrap_options& bootstrap_options::databases(std::vector<std::string> names) {
  databases_ = std::move(names);
  return *this;
}
bootstrap_options& bootstrap_options::creators(std::vector<std::string> roles) {
  creators_ = std::move(roles);
  return *this;
}
bootstrap_options& bootstrap_options::ledger_database(std::string name) {
  ledger_database_ = std::move(name);
  return *this;
}
bootstrap_options& bootstrap_options::reset_password(bool reset) {
  reset_password_ = reset;
  return *this;
}
bootstrap_options& bootstrap_options::issuers(int count) {
  issuers_ = count;
  return *this;
}
int bootstrap_options::issuers() const noexcept {
  return issuers_.value_or(profile_ == bootstrap_profile::least ? 1 : 0);
}

namespace {

constexpr int most_issuers = 1000;
constexpr int issuers_per_granter = 10;

/// Builds the policy of both profiles.
class bootstrap_builder {
 public:
  bootstrap_builder(const snapshot& state, const bootstrap_options& options)
      : state_(state), options_(options) {
    const std::string_view group = profile_of(state.platform).admin_group;
    grantee_ = !group.empty() && state.find_role(group) ? std::string(group) : options.connector();
    executor_ = state.role_name(state.current_role);
  }

  result<policy> build() {
    made_.best_effort = true;
    BOOST_OUTCOME_TRYV(add_connector());
    if (least()) {
      BOOST_OUTCOME_TRYV(add_ledger());
      BOOST_OUTCOME_TRYV(add_issuers());
      return std::move(made_);
    }
    BOOST_OUTCOME_TRYV(add_creators());
    BOOST_OUTCOME_TRYV(add_ledger());
    BOOST_OUTCOME_TRYV(add_issuers());
    for (std::size_t i = 0; i < options_.databases().size(); ++i) {
      if (state_.find_database(options_.databases()[i])) continue;
      return missing("database", options_.databases()[i], "databases", i);
    }
    for (const database& db : state_.databases)
      if (managed(db)) add_database(db);
    return std::move(made_);
  }

 private:
  static error missing(std::string_view what, const std::string& name, const std::string& option,
                       std::size_t at) {
    return error(errc::not_found,
                 std::string(what) + " " + quote_identifier(name) + " does not exist")
        .with_field(option + "[" + std::to_string(at) + "]");
  }

  bool least() const { return options_.profile() == bootstrap_profile::least; }

  result<void> add_connector() {
    const std::string& name = options_.connector();
    const bool reserved = is_reserved_role(state_.platform, name);
    if (reserved || !state_.find_role(name)) {
      if (auto valid = check_new_role(state_.platform, name); !valid)
        return valid.error().with_field("connector");
    }
    role_rule connector;
    connector.name = name;
    connector.login = true;
    connector.create_role = !least();
    connector.password_secret = connector_secret;
    connector.reset_password = options_.reset_password();
    connector.reason = "the login with which access is managed";
    made_.roles.push_back(std::move(connector));
    if (least()) {
      membership_rule signal;
      signal.role = "pg_signal_backend";
      signal.member = name;
      signal.reason = quote_identifier(name) + " ends the sessions of leases that have ended";
      made_.memberships.push_back(std::move(signal));
    }
    if (grantee_ == name || least()) return success();
    membership_rule in_group;
    in_group.role = grantee_;
    in_group.member = name;
    in_group.reason = quote_identifier(name) + " passes on what " + grantee_ + " may pass on";
    made_.memberships.push_back(std::move(in_group));
    return success();
  }

  result<void> add_creators() {
    for (std::size_t i = 0; i < options_.creators().size(); ++i) {
      const std::string& creator = options_.creators()[i];
      if (!state_.find_role(creator)) return missing("role", creator, "creators", i);
      membership_rule in_creator;
      in_creator.role = creator;
      in_creator.member = options_.connector();
      // ALTER DEFAULT PRIVILEGES FOR ROLE needs the privileges, not SET ROLE.
      in_creator.inherit = true;
      in_creator.set = false;
      in_creator.reason = "default privileges for what " + quote_identifier(creator) + " creates";
      made_.memberships.push_back(std::move(in_creator));
    }
    return success();
  }

  result<void> add_ledger() {
    const std::string& name = options_.ledger_database();
    if (name.empty()) return success();
    if (auto valid = check_name(name, "database"); !valid)
      return valid.error().with_field("ledger_database");
    if (is_reserved_database(state_.platform, name)) {
      return error(errc::invalid_argument,
                   "database " + quote_identifier(name) + " is reserved by the platform")
          .with_field("ledger_database");
    }
    database_rule ledger;
    ledger.name = name;
    ledger.users = {options_.connector()};
    ledger.reason = "the ledger of leases, closed to PUBLIC";
    if (grantee_ != options_.connector() && !least()) ledger.reason += " and to " + grantee_;
    made_.databases.push_back(std::move(ledger));
    return success();
  }

  result<void> add_issuers() {
    const int count = options_.issuers();
    if (count == 0) return success();
    if (count < 0 || count > most_issuers)
      return error(errc::invalid_argument, "0 to 1000 issuers can be made").with_field("issuers");
    if (options_.ledger_database().empty()) {
      return error(errc::invalid_argument, "issuers need a ledger, whose database they belong to")
          .with_field("issuers");
    }
    issuing_rule rule;
    rule.issuers = count;
    rule.granters = (count + issuers_per_granter - 1) / issuers_per_granter;
    rule.database = options_.ledger_database();
    rule.connector = options_.connector();
    for (int k = 1; k <= rule.issuers; ++k) {
      BOOST_OUTCOME_TRYV(add_maker("issuer", k, true, "makes and ends logins of leases"));
    }
    // Before 16 nobody has ADMIN on a role without being its member: CREATEROLE has to do.
    for (int k = 1; k <= rule.granters; ++k) {
      BOOST_OUTCOME_TRYV(add_maker("granter", k, state_.server_version < 160000,
                                   "gives and takes memberships in bundles"));
    }
    made_.issuing = std::move(rule);
    return success();
  }

  result<void> add_maker(const std::string& kind, int k, bool create_role, std::string purpose) {
    role_rule maker;
    maker.name = "pgrant_" + kind + "_" + std::to_string(k);
    if (const role* found = state_.find_role(maker.name)) {
      const bool ours = found->comment.empty() || found->comment.starts_with("pgrant " + kind);
      if (!ours || found->login || found->superuser) {
        return error(errc::conflict, "role " + quote_identifier(maker.name) + " is no " + kind)
            .with_field("issuers")
            .with_hint("rename or drop it");
      }
    }
    maker.login = false;
    maker.create_role = create_role;
    maker.reason = kind + " " + std::to_string(k) + ": " + std::move(purpose);
    made_.roles.push_back(std::move(maker));
    return success();
  }

  bool managed(const database& db) const {
    if (is_reserved_database(state_.platform, db.name)) return false;
    if (db.name == options_.ledger_database()) return false;
    const std::vector<std::string>& named = options_.databases();
    return named.empty() || std::ranges::find(named, db.name) != named.end();
  }

  bool has_objects(const database& db, object_class on) const {
    const std::vector<object_kind>& functions = function_kinds();
    return std::ranges::any_of(db.objects, [&](const object& o) {
      if (class_of(o.kind) != on) return false;
      if (on == object_class::routine && std::ranges::find(functions, o.kind) == functions.end())
        return false;
      const schema* s = db.find_schema(o.schema);
      return s && !is_skipped_schema(state_.platform, s->name);
    });
  }

  direct_grant& add_grant(const database& db, object_class on, std::string reason) {
    direct_grant& grant = made_.grants.emplace_back();
    grant.grantee = grantee_;
    grant.reason = std::move(reason);
    grant.rule.objects.database = exact_pattern(db.name);
    grant.rule.objects.on = on;
    if (on != object_class::database) grant.rule.objects.schema = "*";
    if (on == object_class::routine) grant.rule.objects.kinds = function_kinds();
    grant.rule.all_privileges = true;
    grant.rule.grant_option = true;
    return grant;
  }

  void add_database(const database& db) {
    using enum object_class;
    add_grant(db, object_class::database, "so that access to databases can be managed");
    if (!db.inspected) return;
    const auto any_schema = [&](const pgrant::schema& s) {
      return !is_skipped_schema(state_.platform, s.name);
    };
    if (std::ranges::any_of(db.schemas, any_schema))
      add_grant(db, object_class::schema, "so that access to schemas can be managed");
    for (const object_class on : {table, sequence, routine}) {
      if (has_objects(db, on))
        add_grant(db, on, "so that access to " + class_words(on) + " can be managed");
    }
    for (const object_class on : {table, sequence, routine, object_class::schema}) {
      grant_rule& rule = add_grant(db, on,
                                   "the same for " + class_words(on) + " that " +
                                       quote_identifier(executor_) + " creates later")
                             .rule;
      rule.existing = false;
      rule.future_everywhere = true;
      rule.creators = {executor_};
      if (on == routine) rule.objects.kinds.clear();
    }
  }

  static std::string class_words(object_class on) {
    return on == object_class::routine ? "functions" : std::string(to_string(on)) + "s";
  }

  const snapshot& state_;
  const bootstrap_options& options_;
  std::string grantee_, executor_;
  policy made_;
};

}  // namespace

result<policy> bootstrap_policy(const snapshot& state, const bootstrap_options& options) {
  switch (options.profile()) {
    case bootstrap_profile::guide:
    case bootstrap_profile::least:
      return bootstrap_builder(state, options).build();
  }
  return error(errc::invalid_argument, "there is no such profile").with_field("profile");
}

}  // namespace pgrant
