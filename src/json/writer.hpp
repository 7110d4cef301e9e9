// Boost.JSON values to text.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace pgrant::json_text {

// With two spaces of indentation and a line end at the end, for people and for version control.
// The order of keys is that of their insertion: the same value gives the same bytes.
std::string to_pretty_text(const boost::json::value& value);

}  // namespace pgrant::json_text
