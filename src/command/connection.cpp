#include "command/connection.hpp"

#include <cstdlib>

#include "command/terminal.hpp"
#include "pgrant/secret_source.hpp"

namespace pgrant::command {

namespace {

result<connection_spec> spec_of(const arguments& given) {
  if (given.dsn.empty()) {
    const char* text = std::getenv("PGRANT_DSN");
    if (text == nullptr || *text == '\0')
      return error(errc::invalid_argument, "where to connect is not said")
          .with_field("dsn")
          .with_hint("give --dsn, or set PGRANT_DSN: \"host=… user=… dbname=… secret=file:PATH\"");
    return connection_spec::parse(text);
  }
  BOOST_OUTCOME_TRY(auto spec, connection_spec::parse(given.dsn));
  const bool literal = spec.secret_source().type() == secret_ref::kind::literal;
  if (literal || !spec.secret_settings().empty())
    return error(errc::invalid_argument,
                 "--dsn holds a password, which every user of this machine "
                 "can read in the list of processes")
        .with_field("dsn")
        .with_hint(
            "put it into a file and give --password-file, or secret=file:PATH or "
            "secret=env:NAME in the DSN; or set PGRANT_DSN");
  return spec;
}

result<resolved_secret> login_of(const connection_spec& spec, const std::string& password_file) {
  resolve_options options;
  options.prompt([](std::string_view what) { return ask_password(what); })
      .purpose("password of " + (spec.user().empty() ? std::string("the login") : spec.user()));
  if (!password_file.empty()) return resolve(secret_ref::file(password_file), options);
  // A Unix-domain socket mostly asks for none. Where nobody can be asked, the server may ask.
  const bool local = spec.get("host").starts_with('/');
  if (!spec.secret_source() && !local && has_terminal())
    return resolve(secret_ref::prompt(), options);
  return resolve(spec.secret_source(), options);
}

}  // namespace

result<secret> read_secret_file(const std::string& path, std::string_view what) {
  auto found = resolve(secret_ref::file(path));
  if (!found) return found.error().within(what);
  return std::move(found.assume_value().password);
}

result<session> session::open(const arguments& given, const std::string& password_file) {
  BOOST_OUTCOME_TRY(auto spec, spec_of(given));
  BOOST_OUTCOME_TRY(validate(spec));  // Nobody types a password for what cannot work.
  BOOST_OUTCOME_TRY(auto login, login_of(spec, password_file));
  if (spec.user().empty()) spec.user(login.user);
  connect_options connecting;
  if (!login.password.empty()) connecting.password(std::move(login.password));
  client_options options;
  options.keep_connections(false).connecting(std::move(connecting));
  options.leases(lease_settings()
                     .ledger_database(given.ledger_database)
                     .accept_restored_ledger(given.accept_restored));

  session made;
  made.context_ = std::make_unique<boost::asio::io_context>(1);
  made.client_ =
      std::make_unique<pgrant::client>(made.context_->get_executor(), std::move(spec), options);
  return made;
}

}  // namespace pgrant::command
