// Words of the plan's JSON form that its writer and its reader share.
#pragma once

#include <string_view>

namespace pgrant {

inline constexpr std::string_view plan_json_format = "pgrant.plan/1";

}  // namespace pgrant
