#include "lease/request_details.hpp"

namespace pgrant::detail {
namespace {

constexpr sql_fragment write_details_statement =
    R"(UPDATE pgrant.lease l SET ticket = u.ticket, labels = pg_catalog.jsonb_object(u.labels::text[])
FROM unnest($1::text[], $2::text[], $3::text[]) u (id, ticket, labels)
WHERE l.id = u.id)";

}  // namespace

std::optional<statement> write_request_details(const std::vector<const grant_call*>& calls) {
  std::vector<std::string> ids, tickets, labels;
  for (const grant_call* call : calls) {
    const grant_request& request = call->request;
    if (request.ticket().empty() && request.labels().empty()) continue;
    std::vector<std::string> flat;
    for (const auto& [key, value] : request.labels()) {
      flat.push_back(key);
      flat.push_back(value);
    }
    ids.push_back(call->id);
    tickets.push_back(request.ticket());
    labels.push_back(array_literal(flat));
  }
  if (ids.empty()) return std::nullopt;
  return statement(write_details_statement).bind_array(ids).bind_array(tickets).bind_array(labels);
}

int connection_limit_of(const grant_call& call, const lease_settings& settings) {
  return call.request.connection_limit().value_or(settings.connection_limit());
}

void add_request_details(audit_entry& entry, const grant_request& request) {
  if (!request.ticket().empty()) entry.detail("ticket", request.ticket());
  for (const auto& [key, value] : request.labels()) entry.detail("label " + key, value);
}

}  // namespace pgrant::detail
