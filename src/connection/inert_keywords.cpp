#include "connection/inert_keywords.hpp"

#include <libpq-fe.h>

#include <memory>
#include <string_view>

namespace pgrant::detail {
namespace {

struct inert_keyword {
  std::string_view keyword;
  std::string_view value;
};

// Empty where libpq takes that for "none". Where it would look into ~/.postgresql or ~/.pgpass
// instead, a path that cannot exist (below a file): that is "no such file", and no error.
//
// What stays out of reach: PGSERVICE (no value of its keyword means "none"; as every other keyword
// is given, a service can add nothing, but one that does not exist makes connecting fail), and
// PGDATESTYLE, PGTZ and PGGEQO, which libpq always sends; the first two are set again after login.
constexpr std::string_view no_file = "/dev/null/none";
constexpr inert_keyword inert_values[] = {
    {"application_name", "pgrant"},
    {"channel_binding", "prefer"},
    {"client_encoding", "UTF8"},
    {"connect_timeout", "0"},
    {"gssdelegation", "0"},
    {"gssencmode", "disable"},  // Azure has none, and it would cost a negotiation
    {"gsslib", ""},
    {"hostaddr", ""},
    {"krbsrvname", "postgres"},
    {"load_balance_hosts", "disable"},
    {"max_protocol_version", "3.0"},
    {"min_protocol_version", "3.0"},
    {"options", ""},
    {"passfile", no_file},
    {"password", ""},
    {"require_auth", ""},
    {"requirepeer", ""},
    {"ssl_max_protocol_version", ""},
    {"ssl_min_protocol_version", "TLSv1.2"},
    {"sslcert", no_file},
    {"sslcertmode", "allow"},
    {"sslcompression", "0"},
    {"sslcrl", no_file},
    {"sslcrldir", ""},
    {"sslkey", ""},
    {"sslnegotiation", "postgres"},
    {"sslrootcert", no_file},
    {"sslsni", "1"},
    {"target_session_attrs", "any"},
};

/// Calls `visit` with every keyword that the running libpq knows.
template <class Visit>
void for_each_keyword(Visit visit) {
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> known(
      PQconninfoParse("", nullptr), PQconninfoFree);
  for (const PQconninfoOption* option = known.get(); option && option->keyword; ++option) {
    visit(std::string_view(option->keyword));
  }
}

}  // namespace

std::string inert_keywords() {
  std::string text;
  for_each_keyword([&](std::string_view known) {
    for (const auto& [keyword, value] : inert_values) {
      if (keyword == known) text.append(keyword).append("='").append(value).append("' ");
    }
  });
  return text;
}

bool is_known_keyword(std::string_view keyword) {
  bool found = false;
  for_each_keyword([&](std::string_view known) { found |= known == keyword; });
  return found;
}

}  // namespace pgrant::detail
