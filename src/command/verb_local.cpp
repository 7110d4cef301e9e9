// The verbs that need no server.
#include <cstdio>

#include "command/describe.hpp"
#include "command/verbs.hpp"
#include "pgrant/json/integration.hpp"
#include "pgrant/json/policy.hpp"
#include "pgrant/password.hpp"
#include "pgrant/scram.hpp"

namespace pgrant::command {

int run_schema(const arguments& given) {
  std::fputs((given.subject == "policy" ? policy_schema() : integration_schema()).c_str(), stdout);
  return exit_done;
}

int run_password(const arguments& given) {
  const auto password = generate_password(static_cast<std::size_t>(given.length));
  if (!password) return report_error(password.error(), given.json);
  const auto verifier =
      scram_verifier(password.assume_value(), scram_options().iterations(given.iterations));
  if (!verifier) return report_error(verifier.error(), given.json);
  // Both consist of characters that neither JSON nor a terminal reads in any other way.
  const char* form = given.json ? "{\"format\": \"pgrant.password/1\",\n\"password\": \"%s\",\n"
                                  "\"verifier\": \"%s\"}\n"
                                : "password  %s\nverifier  %s\n";
  std::printf(form, password.assume_value().reveal().data(),
              verifier.assume_value().reveal().data());
  return exit_done;
}

}  // namespace pgrant::command
