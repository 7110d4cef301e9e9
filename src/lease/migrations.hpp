// The ledger's tables, version by version.
#pragma once

#include <span>

#include "pgrant/sql.hpp"

namespace pgrant::detail {

/// One step forward. Never changed once released; the next version is a new step.
struct migration {
  int version;
  /// The oldest library (by the version of its newest migration) that may go on working with the
  /// ledger after this step.
  int oldest_library;
  sql_fragment description;
  std::span<const sql_fragment> statements;
};

// Each in a file of its own.
migration request_migration() noexcept;       // 2
migration safety_migration() noexcept;        // 3
migration ending_migration() noexcept;        // 4
migration group_commit_migration() noexcept;  // 5
migration cohort_migration() noexcept;        // 7

/// In order. The last one's version is the library's.
std::span<const migration> migrations() noexcept;

/// What is there before the first migration: the schema and the table of migrations. Can be run
/// again.
std::span<const sql_fragment> migration_ground() noexcept;

// What the ledger's guards raise: PGR and two digits stand in no class of PostgreSQL's own.
inline constexpr std::string_view guard_bundle_changed = "PGR01";
inline constexpr std::string_view guard_membership_missing = "PGR02";
inline constexpr std::string_view guard_membership_left = "PGR03";
inline constexpr std::string_view guard_membership_changed = "PGR04";
inline constexpr std::string_view guard_cohort_changed = "PGR05";
/// Raised here, not by the server: a role that is not the ledger's has the name of a cohort.
inline constexpr std::string_view guard_cohort_foreign = "PGR06";

/// Audit rows are spread over this many hash chains: with one, every committer waits for all.
inline constexpr int audit_chains = 16;

}  // namespace pgrant::detail
