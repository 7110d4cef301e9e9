#include "inspect/catalog_queries.hpp"
#include "inspect/catalog_reader.hpp"
#include "inspect/catalog_rows.hpp"

namespace pgrant::detail {

namespace {

result<void> read_cluster_now(const rows& answer, snapshot& into) {
  catalog_rows from(answer);
  if (from.size() != 1)
    return error(errc::internal, "the server does not know the role of its own session")
        .with_advice(retry::reconnect);  // dropped while connected
  into.current_role = from.id(0, 0);
  into.taken_at = from.text(0, 1);
  return from.check();
}

result<void> read_cluster_roles(const rows& answer, snapshot& into) {
  catalog_rows from(answer);
  into.roles.reserve(from.size());
  for (std::size_t r = 0; r < from.size(); ++r) {
    role next;
    next.id = from.id(r, 0);
    next.name = from.text(r, 1);
    next.superuser = from.boolean(r, 2);
    next.inherit = from.boolean(r, 3);
    next.create_role = from.boolean(r, 4);
    next.create_database = from.boolean(r, 5);
    next.login = from.boolean(r, 6);
    next.replication = from.boolean(r, 7);
    next.bypass_rls = from.boolean(r, 8);
    next.connection_limit = from.integer(r, 9);
    next.valid_until = from.text(r, 10);
    next.comment = from.text(r, 11);
    into.roles.push_back(std::move(next));
  }
  return from.check();
}

result<void> read_cluster_memberships(const rows& answer, snapshot& into) {
  catalog_rows from(answer);
  into.memberships.reserve(from.size());
  for (std::size_t r = 0; r < from.size(); ++r) {
    membership next;
    next.role = from.id(r, 0);
    next.member = from.id(r, 1);
    next.grantor = from.id(r, 2);
    next.admin = from.boolean(r, 3);
    next.inherit = from.boolean(r, 4);
    next.set = from.boolean(r, 5);
    into.memberships.push_back(next);
  }
  return from.check();
}

// One transaction, but aclitem prints the names of this very moment: a role may be newer.
result<void> read_cluster_databases(const rows& answer, snapshot& into) {
  acl_reader acls(into);
  catalog_rows from(answer);
  into.databases.reserve(from.size());
  for (std::size_t r = 0; r < from.size(); ++r) {
    database next;
    next.id = from.id(r, 0);
    next.owner = from.id(r, 1);
    next.name = from.text(r, 2);
    result<acl> list = acls.read(from.at(r, 3));
    if (acls.met_unknown_role())
      return error(errc::stale, "roles were changed while they were read")
          .with_advice(retry::again);
    BOOST_OUTCOME_TRY(next.acl, std::move(list));
    next.allow_connections = from.boolean(r, 4);
    next.is_template = from.boolean(r, 5);
    next.connection_limit = from.integer(r, 6);
    into.databases.push_back(std::move(next));
  }
  return from.check();
}

result<void> read_cluster_settings(const rows& answer, snapshot& into) {
  catalog_rows from(answer);
  if (from.size() == 1) into.max_prepared_transactions = from.integer(0, 0);
  return from.check();
}

}  // namespace

platform platform_of_roles(const snapshot& state) noexcept {
  const platform_profile& azure = profile_of(platform::azure);
  const role* operators = state.find_role(azure.operator_superuser);
  const bool is_azure = operators && operators->superuser && state.find_role(azure.admin_group);
  return is_azure ? platform::azure : platform::generic;
}

result<void> read_cluster(const batch_result& answers, snapshot& into) {
  namespace answer = cluster_answer;
  for (std::size_t i = answer::begin; i < answers.size(); ++i)
    if (!answers[i]) return answers[i].error();
  const auto of = [&](std::size_t i) -> const rows& { return answers[i].assume_value(); };

  if (const result<rows>& identifier = answers[answer::system_identifier]; identifier)
    into.system_identifier = identifier.assume_value().at(0, 0).str();
  BOOST_OUTCOME_TRY(read_cluster_now(of(answer::now), into));
  BOOST_OUTCOME_TRY(read_cluster_roles(of(answer::roles), into));
  BOOST_OUTCOME_TRY(read_cluster_memberships(of(answer::memberships), into));
  into.index();  // ACLs are read with the look-up tables
  BOOST_OUTCOME_TRY(read_cluster_databases(of(answer::databases), into));
  BOOST_OUTCOME_TRY(read_cluster_settings(of(answer::max_prepared_transactions), into));
  into.platform = platform_of_roles(into);
  into.index();
  return success();
}

}  // namespace pgrant::detail
