// Requests in files, and points in time on the command line.
#pragma once

#include <string>

#include "command/arguments.hpp"
#include "pgrant/grant_request.hpp"

namespace pgrant::command {

/// The whole request of --request, YAML or JSON; refuses what options say beside it.
result<grant_request> read_request_file(const arguments& given);

/// "2026-11-24T22:00Z"; `option` is the field of the refusal.
result<server_time> time_of(const std::string& text, const char* option);

}  // namespace pgrant::command
