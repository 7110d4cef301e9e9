#include "pgrant/json/apply.hpp"

#include "json/lease_json.hpp"
#include "json/writer.hpp"

namespace pgrant {

namespace {

namespace bj = boost::json;

std::string_view apply_json_outcome(const database_report& one) {
  if (!one.failed) return "committed";
  return one.unknown ? "unknown" : "failed";
}

bj::object apply_json_report(const apply_report& report) {
  bj::array databases;
  for (const database_report& one : report.databases) {
    databases.push_back(bj::object{
        {"database", json_text::lease_text_or_null(one.database)},
        {"steps", one.steps},
        {"outcome", bj::string(apply_json_outcome(one))},
        {"error", one.failed ? bj::value(json_text::error_object(*one.failed)) : nullptr}});
  }
  return bj::object{{"format", "pgrant.apply_report/1"},
                    {"databases", std::move(databases)},
                    {"warnings", json_text::lease_names(report.warnings)}};
}

}  // namespace

std::string to_json(const apply_report& report) {
  return json_text::to_pretty_text(apply_json_report(report));
}

std::string to_json(const error& why, const apply_report& report) {
  bj::object whole{{"format", "pgrant.error/1"}};
  for (auto& [key, value] : json_text::error_object(why)) whole[key] = value;
  whole["report"] = apply_json_report(report);
  return json_text::to_pretty_text(whole);
}

}  // namespace pgrant
