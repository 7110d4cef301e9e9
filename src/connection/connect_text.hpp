// libpq's report of a connection that failed, read and turned into an error.
#pragma once

#include <string>
#include <string_view>

#include "connection/connect_parameters.hpp"
#include "connection/pq.hpp"

namespace pgrant::detail {

/// The SQLSTATE in the verbose text of a refused login ("FATAL:  28P01: password …"); libpq 15 to
/// 18 say it nowhere else. The last line that has one counts: it is the last thing that was tried.
sqlstate find_sqlstate(std::string_view text) noexcept;

/// What one attempt's failure means. Decided by SQLSTATE and by what was observed of the link,
/// never by libpq's words, which are translated and stand in the detail alone.
error connect_error(const connect_failure& failure, const connect_target& target,
                    const server_address& server, const std::string& address);
error resolve_error(const server_address& server, const std::string& why);
error attempt_timeout_error(const connect_failure& failure, const server_address& server,
                            const std::string& address);

/// `login "ada", database "shop"`: for errors.
std::string quoted_login(const connect_target& target);

/// Whether another address may do better: this one was not reached, or is not what is looked for.
bool worth_another(const connect_failure& failure) noexcept;

}  // namespace pgrant::detail
