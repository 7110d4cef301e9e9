#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>

#include "command/describe.hpp"
#include "command/terminal.hpp"
#include "command/verbs.hpp"
#include "pgrant/sandbox.hpp"

namespace pgrant::command {

namespace {

namespace json = boost::json;

std::vector<std::filesystem::path> search_path_of(const arguments& given) {
  std::vector<std::filesystem::path> path;
  if (!given.postgresql.empty()) path.emplace_back(given.postgresql);
  if (const char* cache = std::getenv("PGRANT_CACHE"))
    path.push_back(std::filesystem::path(cache) / "postgresql");
  path.emplace_back("/var/cache/pgrant/postgresql");
  if (const char* home = std::getenv("HOME"))
    path.push_back(std::filesystem::path(home) / ".cache/pgrant/postgresql");
  return path;
}

std::string report_json(const sandbox_report& r) {
  json::array logins, databases;
  for (const sandbox_login& l : r.logins)
    logins.push_back(json::object{
        {"name", l.name}, {"password_file", l.password_file.string()}, {"purpose", l.purpose}});
  for (const std::string& d : r.databases) databases.push_back(json::string(d));
  const json::object whole{{"format", "pgrant.sandbox/1"},
                           {"directory", r.directory.string()},
                           {"running", r.running},
                           {"pid", r.pid},
                           {"version", r.version},
                           {"profile", json::string(to_string(r.profile))},
                           {"host", r.host},
                           {"port", r.port},
                           {"ca_file", r.ca_file.string()},
                           {"socket_directory", r.socket_directory.string()},
                           {"log_file", r.log_file.string()},
                           {"superuser", r.superuser},
                           {"administrator", r.administrator},
                           {"admin_dsn", r.admin_dsn},
                           {"databases", std::move(databases)},
                           {"logins", std::move(logins)}};
  return json::serialize(whole) + "\n";
}

std::string report_text(const sandbox_report& r) {
  std::string text =
      "PostgreSQL " + r.version + ", " + std::string(to_string(r.profile)) + ", " +
      (r.running ? styled("running", style::good) + ", process " + std::to_string(r.pid)
                 : styled("stopped", style::warn)) +
      "\n";
  text += "  administrator  " + r.admin_dsn + "\n";
  for (const sandbox_login& l : r.logins)
    text += "  password       " + l.name + ": " + l.password_file.string() + "\n";
  text += "  databases     ";
  for (const std::string& d : r.databases) text += " " + d;
  text += "\n  CA             " + r.ca_file.string() + "\n  log            " + r.log_file.string() +
          "\n";
  return text;
}

result<sandbox> sandbox_of(const arguments& given) {
  if (given.subject != "start") return sandbox::open(given.directory);
  BOOST_OUTCOME_TRY(const auto profile, parse_sandbox_profile(given.sandbox_profile));
  sandbox_options options(given.directory);
  options.search_path(search_path_of(given))
      .major(given.major)
      .port(static_cast<std::uint16_t>(given.port))
      .profile(profile);
  return sandbox::start(std::move(options));
}

result<void> carry_out(const arguments& given) {
  BOOST_OUTCOME_TRY(auto box, sandbox_of(given));
  if (given.subject == "stop") {
    BOOST_OUTCOME_TRY(given.remove ? box.remove() : box.stop());
    std::fputs(
        given.json ? "{\"format\": \"pgrant.sandbox/1\", \"running\": false}\n" : "stopped\n",
        stdout);
    return success();
  }
  const sandbox_report report = box.status();
  std::fputs((given.json ? report_json(report) : report_text(report)).c_str(), stdout);
  return success();
}

}  // namespace

int run_sandbox(const arguments& given) {
  const auto done = carry_out(given);
  return done ? exit_done : report_error(done.error(), given.json);
}

}  // namespace pgrant::command
