// A sandbox's state file.
#include <boost/json.hpp>

#include "sandbox/state.hpp"

namespace pgrant::detail {

namespace {

namespace bj = boost::json;

// Raised when the file is not one of ours; named by its offender.
pgrant::error foreign_state(const std::string& what) {
  return pgrant::error(errc::io, "the sandbox's state file cannot be used: " + what)
      .with_hint("it was written by another version, or damaged: delete the directory");
}

constexpr int sandbox_state_format = 1;

}  // namespace

std::string sandbox_state_to_json(const sandbox_state& state) {
  bj::array logins;
  for (const sandbox_state::login& login : state.logins)
    logins.push_back(bj::object{{"name", login.name}, {"purpose", login.purpose}});
  bj::object settings;
  for (const auto& [name, value] : state.settings) settings[name] = value;
  const bj::object all{{"format", sandbox_state_format},
                       {"postgresql", state.bin.string()},
                       {"major", state.major},
                       {"version", state.version},
                       {"port", state.port},
                       {"profile", to_string(state.profile)},
                       {"tls", state.tls},
                       {"superuser", state.superuser},
                       {"administrator", state.administrator},
                       {"databases", bj::value_from(state.databases)},
                       {"logins", std::move(logins)},
                       {"settings", std::move(settings)}};
  return bj::serialize(all) + "\n";
}

result<sandbox_state> sandbox_state_from_json(std::string_view text) {
  try {
    const bj::value all = bj::parse(text);
    if (all.at("format").to_number<int>() != sandbox_state_format)
      return foreign_state("unknown format");
    sandbox_state state;
    state.bin = bj::value_to<std::string>(all.at("postgresql"));
    state.major = all.at("major").to_number<int>();
    state.version = bj::value_to<std::string>(all.at("version"));
    state.port = all.at("port").to_number<std::uint16_t>();
    BOOST_OUTCOME_TRY(state.profile,
                      parse_sandbox_profile(bj::value_to<std::string>(all.at("profile"))));
    state.tls = all.at("tls").as_bool();
    state.superuser = bj::value_to<std::string>(all.at("superuser"));
    state.administrator = bj::value_to<std::string>(all.at("administrator"));
    state.databases = bj::value_to<std::vector<std::string>>(all.at("databases"));
    for (const bj::value& login : all.at("logins").as_array())
      state.logins.push_back({bj::value_to<std::string>(login.at("name")),
                              bj::value_to<std::string>(login.at("purpose"))});
    for (const auto& [name, value] : all.at("settings").as_object())
      state.settings[name] = bj::value_to<std::string>(value);
    return state;
  } catch (const std::exception& e) {
    return foreign_state(e.what());
  }
}

}  // namespace pgrant::detail
