// JSON documents that only the C ABI writes.
#pragma once

#include <string>
#include <vector>

#include "pgrant.h"
#include "pgrant/applier.hpp"
#include "pgrant/connection_spec.hpp"
#include "pgrant/error.hpp"
#include "pgrant/sandbox.hpp"

namespace pgrant::capi {

/// "pgrant.error/1", with the status's name as its code: the ABI knows more of them.
std::string error_document(pgrant_status status, const error& why);
/// "pgrant.problems/1"
std::string problems_document(const std::vector<error>& problems);
/// "pgrant.warnings/1"
std::string warnings_document(const std::vector<spec_warning>& warnings);
/// "pgrant.acl/1" of the text form of an aclitem[]. Fails as `parse_acl` does.
std::string acl_document(std::string_view text);
/// "pgrant.apply/1"; `plan` is the JSON text of the plan.
std::string apply_document(const std::string& plan, const apply_report& report);
/// "pgrant.sandbox/1"; of one that is gone, `format` and `running` alone.
std::string sandbox_document(const sandbox_report& report);

}  // namespace pgrant::capi
