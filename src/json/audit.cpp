#include "pgrant/json/audit.hpp"

#include "json/lease_json.hpp"
#include "json/time.hpp"
#include "json/writer.hpp"

namespace pgrant {

namespace bj = boost::json;
using json_text::lease_names;
using json_text::lease_text;
using json_text::lease_text_or_null;

std::string to_json(const std::vector<audit_record>& entries) {
  bj::array list;
  for (const audit_record& e : entries) {
    list.push_back(bj::object{{"chain", e.chain},
                              {"n", e.n},
                              {"at", json_text::iso_time(e.at)},
                              {"login", lease_text(e.login)},
                              {"actor", lease_text_or_null(e.actor)},
                              {"action", lease_text(e.action)},
                              {"lease", lease_text_or_null(e.lease)},
                              {"outcome", lease_text(e.outcome)},
                              {"details", json_text::lease_texts(e.details)}});
  }
  return json_text::to_pretty_text(
      bj::object{{"format", "pgrant.audit/1"}, {"entries", std::move(list)}});
}

std::string to_json(const audit_verdict& verdict) {
  return json_text::to_pretty_text(bj::object{{"format", "pgrant.audit_verdict/1"},
                                              {"intact", verdict.broken.empty()},
                                              {"entries", verdict.entries},
                                              {"broken", lease_names(verdict.broken)}});
}

std::string to_json(const adopt_report& report) {
  bj::array bundles, leases, left;
  for (const planned_bundle& b : report.bundles)
    bundles.push_back(bj::object{{"name", lease_text(b.name)}, {"role", lease_text(b.role)}});
  for (const lease& l : report.leases) leases.push_back(json_text::lease_object(l));
  for (const unadopted& u : report.left) {
    left.push_back(bj::object{{"role", lease_text(u.role)},
                              {"bundles", lease_names(u.bundles)},
                              {"why", lease_text(u.why)},
                              {"remedy", lease_text(u.remedy)}});
  }
  return json_text::to_pretty_text(bj::object{{"format", "pgrant.adopt/1"},
                                              {"written", report.written},
                                              {"bundles", std::move(bundles)},
                                              {"leases", std::move(leases)},
                                              {"left", std::move(left)}});
}

}  // namespace pgrant
