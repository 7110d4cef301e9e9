#include "pgrant/json/rotation.hpp"

#include "json/lease_json.hpp"
#include "json/writer.hpp"

namespace pgrant {

std::string to_json(const rotation_report& report) {
  return json_text::to_pretty_text(
      boost::json::object{{"format", "pgrant.rotation/1"},
                          {"login", json_text::lease_text(report.login)},
                          {"resumed", report.resumed}});
}

}  // namespace pgrant
