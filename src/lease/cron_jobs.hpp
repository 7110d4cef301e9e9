// Jobs that a login has left with pg_cron.
#pragma once

#include <string>
#include <vector>

#include "lease/lease_engine.hpp"

namespace pgrant::detail {

/// Unschedules the jobs of the leases' logins, as these, if the server runs pg_cron and they may
/// use it. One round trip where there is none. To be called before the REVOKE, which takes the
/// right to do so with it; nobody but the login and a superuser sees its jobs. Short, and never a
/// reason not to go on: a job that stays runs as nobody once the login is gone, and no login gets
/// its name again.
///
/// Knows pg_cron's database only where the connector may read all settings (pg_read_all_settings),
/// as on Azure.
boost::asio::awaitable<void> unschedule_jobs(lease_engine& engine, connection_ptr where,
                                             lease_executor us, std::vector<std::string> leases);

}  // namespace pgrant::detail
