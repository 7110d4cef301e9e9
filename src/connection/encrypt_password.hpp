// Verifiers of passwords that are not ASCII.
#pragma once

#include <string>

#include "pgrant/connection.hpp"

namespace pgrant::detail {

/// The SCRAM-SHA-256 verifier of a password, made by libpq, which applies SASLprep as clients do at
/// login. Nothing is sent. Not to be called while an operation of the connection is under way.
/// Fails with `errc::secret`.
result<secret> encrypt_password(const connection& with, const std::string& user,
                                const secret& password);

}  // namespace pgrant::detail
