#include "pgrant/lease_filter.hpp"

#include "lease/request_text.hpp"
#include "pgrant/audit.hpp"

namespace pgrant {

using detail::bad_request;
using detail::check_request_text;
using detail::longest_name;

result<void> lease_filter::validate() const {
  BOOST_OUTCOME_TRY(check_request_text(bundle_, "bundle", longest_name));
  BOOST_OUTCOME_TRY(check_request_text(grantee_, "grantee", longest_name));
  BOOST_OUTCOME_TRY(check_request_text(requester_, "requester", longest_name));
  BOOST_OUTCOME_TRY(check_request_text(ticket_, "ticket", longest_name));
  BOOST_OUTCOME_TRY(check_request_text(id_, "lease", longest_name));
  BOOST_OUTCOME_TRY(detail::check_labels(labels_));
  if (limit_ && *limit_ < 1) return bad_request("the limit is below 1", "limit");
  return success();
}

result<void> audit_filter::validate() const {
  BOOST_OUTCOME_TRY(check_request_text(lease_, "lease", longest_name));
  BOOST_OUTCOME_TRY(check_request_text(action_, "action", longest_name));
  BOOST_OUTCOME_TRY(check_request_text(actor_, "actor", longest_name));
  if (limit_ < 1 || limit_ > 100'000) return bad_request("the limit is not 1 to 100,000", "limit");
  return success();
}

}  // namespace pgrant
