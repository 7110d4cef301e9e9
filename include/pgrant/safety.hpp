// How surely access through a bundle ends by itself, and what has to be refused or asked before.
// Pure: from a snapshot and a policy alone.
//
// A grantee is hostile until its lease has ended, and after. Some privileges let it leave things
// behind that outlive the lease: a trigger on a table, an object in somebody's search_path, a
// prepared transaction. docs/safety.md has the table of grades and of all findings.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/result.hpp"

namespace pgrant {

class planner_options;
class snapshot;
struct policy;

/// From the surest to none at all.
enum class safety_grade : std::uint8_t {
  a,  ///< Ends by itself; what may be left is inert.
  b,  ///< Ends by itself; data that was written stays, and repairs may be due.
  c,  ///< Access ends; what the grantee made may act on others, or wait for its next lease.
  d,  ///< Does not end by itself.
};

/// "A" to "D".
std::string_view to_string(safety_grade grade) noexcept;
std::optional<safety_grade> parse_safety_grade(std::string_view text) noexcept;

enum class safety_severity : std::uint8_t {
  note,      ///< Lowers the grade; nobody has to answer.
  question,  ///< Somebody should say that it is meant: shown in every plan until it is accepted.
  refusal,   ///< A plan with one cannot be applied.
};

/// "note", "question", "refusal".
std::string_view to_string(safety_severity severity) noexcept;
std::optional<safety_severity> parse_safety_severity(std::string_view text) noexcept;

/// Something about a bundle that keeps access through it from ending cleanly.
struct safety_finding {
  std::string name;  ///< Stable, of `safety_finding_names`: "trigger".
  safety_severity severity = safety_severity::note;
  /// The best grade that a bundle with this finding can have, for ephemeral logins and for roles
  /// that exist anyway.
  safety_grade grade = safety_grade::a, existing_role_grade = safety_grade::a;
  std::string object;  ///< For people: `tables * in schema sales of database shop`
  std::string reason;
  std::string remedy;
  bool accepted = false;  ///< The policy says so under `accept`.

  friend bool operator==(const safety_finding&, const safety_finding&) = default;
};

/// What one bundle promises.
struct bundle_safety {
  std::string bundle;
  safety_grade grade = safety_grade::a;                ///< Leases of ephemeral logins.
  safety_grade existing_role_grade = safety_grade::a;  ///< Leases of roles that exist anyway.
  /// Refusals first, then questions, then notes; in each part by name, then object.
  std::vector<safety_finding> findings;

  friend bool operator==(const bundle_safety&, const bundle_safety&) = default;
};

/// Findings of that severity which the policy does not accept.
std::vector<safety_finding> not_accepted(const bundle_safety& of, safety_severity severity);

/// Every name that a finding can have, sorted.
std::span<const std::string_view> safety_finding_names() noexcept;

/// Whether `bundle::accept` may hold this: the name of a finding, or "grade-b" to "grade-d". Fails
/// with `invalid_argument`; also for what no policy can accept ("grant-option", "ledger",
/// "login-role", "powerful-role", "predefined-role", "admin-option").
result<void> check_acceptable(std::string_view name);

/// Whether a policy with this list under `accept` accepts the finding:
///  - a note or a question by its name, or by a grade as low as its own ("grade-c" answers every
///    question of grades A to C);
///  - a refusal only by its name and "grade-d" together, and some not at all (`check_acceptable`).
bool accepts(std::span<const std::string> accept, const safety_finding& finding);

/// Grades every bundle of the policy, in its order, for the role that read the snapshot.
/// `server_version` and `max_prepared_transactions` are the snapshot's; whether the connector can
/// act as a login that it made follows from the authority of that role and from the issuers that
/// the server has. Fails as `make_plan` does where names of the policy do not exist.
result<std::vector<bundle_safety>> assess_safety(const snapshot& state, const policy& desired,
                                                 const planner_options& options);

/// Something that a role would keep using, or others through it, when its lease is over.
struct owned_definer {
  std::string database;
  std::string object;  ///< `function sales.total(date)`, `view sales.mine`

  friend bool operator==(const owned_definer&, const owned_definer&) = default;
};

/// SECURITY DEFINER routines and views of a role, in all databases that were inspected. Whoever may
/// use them gets the role's privileges with them, also those of a lease: while there are any, an
/// existing role should get none.
std::vector<owned_definer> owned_definers(const snapshot& state, std::uint32_t role_id);

/// Why a lease of a role that exists anyway has to be refused; nothing: it need not be. `grade` and
/// `accept` are what the ledger keeps with the bundle; no grade: an older version registered it.
std::optional<std::string> refusal_for_existing_role(std::optional<safety_grade> grade,
                                                     std::span<const std::string> accept);

}  // namespace pgrant
