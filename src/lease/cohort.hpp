// Cohorts: roles between a bundle's role and many grantees.
//
// From 16 on a REVOKE reads all members of its role, so one person's end costs more the more people
// a bundle has; and everybody at once can only be cut person by person. So beyond a number of
// people (`lease_settings::cohort_size`) a bundle's next ones become members of a cohort: a NOLOGIN
// role that has the bundle, WITH INHERIT TRUE, SET FALSE, as its people have the cohort, and holds
// that many people at the most. What they may do is what it would be without. Breaking the glass
// takes the bundle from its cohorts and its few direct members first, in one statement, and ends
// the leases after that.
//
//  - In the ledger's rows of memberships and of the bundles of leases a cohort stands in the place
//    of its bundle's role. Counting, taking back and comparing know nothing of cohorts, and an
//    older library ends such leases as rightly as this one.
//  - `pgrant.cohort` is what makes a role a cohort: its OID under its name. They are called
//    pgrant_cohort_<OID of the bundle's role>_<number>. A role of such a name that is not in there
//    is somebody else's, and grants that would need the name are refused.
//  - Who is in the bundle directly stays there, and whoever is in a cohort gets the next lease
//    through it: no two leases of a grantee on a bundle differ, unless the cohort was cut between.
//  - A cohort is made and committed before the grant that needs it. The bundle's row is locked for
//    whatever changes its cohorts, before every other row and role, as for its memberships; who
//    chose a cohort without the lock insists on it behind the lock.
//  - What was cut, cohort or direct membership, takes no lease any more: who is granted the bundle
//    anew goes to another cohort, or has to wait. The next sweep ends leases that a crash has left
//    there. Empty cohorts are dropped by sweeps, and after breaking the glass.
//
// Flat, as ever: before 16, where the connector may not create roles, and for bundles that granters
// give. People whom nobody counts (members without a lease) do not fill a bundle.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lease/grant_check.hpp"
#include "lease/membership_sql.hpp"

namespace pgrant::detail {

/// Asks which cohorts of these bundles have room for `most` more.
statement open_cohorts_query(const std::vector<std::string>& bundles, std::size_t most, int size);
/// Asks which cohorts these people are in; a bundle and a grantee of the same place are a pair.
statement known_cohorts_query(const std::vector<std::string>& bundles,
                              const std::vector<std::string>& grantees);

/// Where the people of one transaction go. Not thread-safe.
class cohort_places {
 public:
  /// `size` 0: whoever is new becomes a member of the bundle's role itself; so does who finds no
  /// place, if we may make no roles.
  cohort_places(int size, bool makes_roles) : size_(size), makes_roles_(makes_roles) {}

  /// The answers to `open_cohorts_query` and `known_cohorts_query`.
  result<void> read_open(const rows& answer);
  result<void> read_known(const rows& answer);

  /// The cohort for somebody who is no member of the bundle's role; none: the role itself. Where no
  /// cohort has room it says the same, and wishes for one.
  std::optional<checked_membership> place(const checked_bundle& bundle, const std::string& grantee,
                                          bool may_be_direct);

  /// What has to be made before the places are right.
  std::vector<cohort_wish> wishes() const;

 private:
  struct open_cohort {
    checked_membership membership;  // But for the member.
    int room = 0;
  };
  struct bundle_people {
    int newcomers = 0;  // Directly, in this transaction.
    std::vector<open_cohort> cohorts;
    int homeless = 0;
    cohort_wish wish;
  };

  int size_;
  bool makes_roles_;
  std::map<oid, bundle_people> bundles_;
  std::map<std::pair<oid, std::string>, std::optional<checked_membership>> placed_;
};

/// Makes cohorts, in a transaction of its own on this connection. Fails with a conflict if others
/// have changed the bundle or its cohorts since the wish, and with `conflict`, SQLSTATE PGR06, if
/// somebody else's role has the name.
lease_task<void> make_cohorts(lease_engine& engine, connection_ptr where,
                              std::vector<cohort_wish> wishes);

/// Behind the bundles' locks: raises PGR05 unless each cohort is as it was chosen and has room, and
/// counts its people. None where no membership is in a cohort.
std::optional<statement> enter_cohorts(const std::vector<counted_membership>& memberships,
                                       int size);

/// From 16 on: takes the bundle from all of its cohorts and from the members that leases gave it,
/// or every bundle from theirs (`bundle` empty), and commits: they have nothing any more. Whoever
/// had the bundle before with other options keeps it until the lease ends. Repeatable.
lease_task<void> cut_bundle(lease_engine& engine, connection_ptr where, std::string bundle);

/// Drops cohorts that nobody is in and nobody is about to enter. What cannot be dropped stays.
lease_task<void> drop_empty_cohorts(lease_engine& engine, connection_ptr where);

/// In a query with `lease l`: active leases that a cut has left without access.
inline constexpr sql_fragment cut_leases_condition =
    R"((l.state = 'active' AND l.id = ANY (ARRAY(SELECT s.id FROM (
  SELECT m.role_oid, m.member_oid FROM pgrant.cohort c
    JOIN pgrant.membership m ON m.role_oid = c.role_oid WHERE c.cut_at IS NOT NULL
  UNION ALL SELECT m.role_oid, m.member_oid FROM pgrant.membership m WHERE m.cut_at IS NOT NULL) m
  JOIN pg_catalog.pg_roles r ON r.oid = m.member_oid
  JOIN pgrant.lease s ON s.grantee = r.rolname::text COLLATE "C" AND s.grantee_oid = m.member_oid
    AND s.state = 'active'
  JOIN pgrant.lease_bundle b ON b.lease_id = s.id AND b.role_oid = m.role_oid))))";

}  // namespace pgrant::detail
