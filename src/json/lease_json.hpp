// What the writers of leases and of what belongs to them share.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string_view>
#include <vector>

#include "pgrant/error.hpp"
#include "pgrant/lease.hpp"

namespace pgrant::json_text {

boost::json::string lease_text(std::string_view text);
boost::json::value lease_text_or_null(std::string_view text);
boost::json::array lease_names(const std::vector<std::string>& names);
boost::json::object lease_texts(const std::map<std::string, std::string>& texts);
boost::json::object lease_object(const lease& l);
boost::json::object error_object(const error& why);

}  // namespace pgrant::json_text
