// The process that is killed: works on one instance through the public API as it is told.
//
// Orders are lines on its input, answers are lines on its output, fields are separated by tabs:
//
//   grant BUNDLE,… PERSON ROLE SECONDS KEY [DELAY]     granted ID GRANTEE USER PASSWORD
//   extend ID SECONDS KEY                      extended ID
//   rotate DIRECTORY HOST PORT CA              rotated
//   revoke ID                                  ended ID STATE
//   revoke-grantee NAME                        swept ENDED FAILED
//   sweep                                      swept ENDED FAILED
//   apply POLICY_FILE                          applied STEPS
//   storm SECONDS CALLERS SEED ROLE,…          stormed LEASES ERRORS FIRST_ERROR
//
// Each may be answered by "error CODE SQLSTATE TEXT" instead.
#pragma once

#include <string>
#include <vector>

namespace test {

/// What the program does when it is called with these arguments: HOST PORT USER LEDGER KIND, where
/// KIND is "direct" (a new connection each time) or "pool".
int work(const std::vector<std::string>& arguments);

std::vector<std::string> split_fields(const std::string& line, char separator = '\t');

}  // namespace test
