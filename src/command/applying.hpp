// What `bootstrap` and `apply` share: show, ask, apply with progress, report.
#pragma once

#include <optional>

#include "command/connection.hpp"
#include "pgrant/plan.hpp"

namespace pgrant::command {

/// Shows the plan to people and asks, unless --yes. Gives whether to go on, or why there is nobody
/// to ask.
result<bool> agree_on(const plan& what, const arguments& given);
/// What an apply came to; the report is filled in either case, as far as it has come.
struct applied {
  apply_report report;
  std::optional<error> failed;
};
/// Applies with a progress bar. With `quiet` nothing but the bar is shown.
applied apply_with_progress(session& s, const plan& what, apply_options options, bool quiet);

/// A JSON object {"format": format, …} whose further members are JSON texts.
struct json_member {
  const char* name;
  std::string text;
};
std::string json_object(const char* format, const std::vector<json_member>& members);

}  // namespace pgrant::command
