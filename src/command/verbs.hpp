// The verbs: each does its work with the facade, prints, and gives the exit status.
#pragma once

#include "command/arguments.hpp"

namespace pgrant::command {

int run_check(const arguments& given);
int run_bootstrap(const arguments& given);
int run_inventory(const arguments& given);
int run_plan(const arguments& given);
int run_apply(const arguments& given);
int run_grant(const arguments& given);
int run_leases(const arguments& given);
int run_extend(const arguments& given);
int run_revoke(const arguments& given);
int run_expire(const arguments& given);
int run_audit(const arguments& given);
int run_adopt(const arguments& given);
int run_rotate(const arguments& given);
int run_schema(const arguments& given);
int run_password(const arguments& given);
int run_sandbox(const arguments& given);

}  // namespace pgrant::command
