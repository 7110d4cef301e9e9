#include "command/arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "pgrant/json/lease.hpp"

namespace pgrant::command {

namespace {

class parser {
 public:
  parser()
      : app_("Manages access to PostgreSQL on Azure: bundles of privileges, granted for a time.") {
    app_.name("pgrant");
    app_.set_version_flag("--version", "pgrant " PGRANT_VERSION);
    app_.require_subcommand(1);
    app_.footer(
        "The connection is --dsn or PGRANT_DSN: a libpq URI or key/value string. The password "
        "comes\n"
        "from secret=file:PATH or secret=env:NAME in it, from --password-file, or from a prompt.\n"
        "Exit status: 0 done, 1 failed, 2 bad usage or input, 3 plan --check found something to "
        "do.");
    add_check();
    add_bootstrap();
    add_inventory();
    add_plan();
    add_apply();
    add_grant();
    add_leases();
    add_extend();
    add_revoke();
    add_expire();
    add_audit();
    add_adopt();
    add_rotate();
    add_schema();
    add_password();
    add_sandbox();
  }

  parsed parse(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& why) {
      if (app_.exit(why) == 0) return {std::nullopt, exit_done};  // It was --help.
      if (std::find(argv, argv + argc, std::string_view("--json")) != argv + argc)
        std::cout << to_json(error(errc::invalid_argument, why.what()).with_hint("see --help"));
      return {std::nullopt, exit_usage};
    }
    return {std::move(given_), exit_done};
  }

 private:
  CLI::App* verb(const std::string& name, const std::string& about, const std::string& example) {
    CLI::App* made = app_.add_subcommand(name, about);
    made->footer("Example:\n  " + example);
    made->add_flag("--json", given_.json, "Print JSON (a documented, versioned shape)");
    made->callback([this, name] { given_.verb = name; });
    return made;
  }

  CLI::App* connected(const std::string& name, const std::string& about, const std::string& example,
                      bool own_password = true) {
    CLI::App* made = verb(name, about, example);
    add_connection(made, own_password);
    return made;
  }

  void add_connection(CLI::App* made, bool own_password) {
    made->add_option(
            "--dsn", given_.dsn,
            "Where to connect: a libpq URI or key/value string without a password; default: "
            "the environment variable PGRANT_DSN")
        ->type_name("DSN");
    if (own_password)
      made->add_option("--password-file", given_.password_file,
                       "A file whose content is the login's password")
          ->type_name("FILE");
    made->add_option("--ledger-database", given_.ledger_database,
                     "The database that keeps the ledger")
        ->type_name("NAME")
        ->capture_default_str();
  }

  void add_yes(CLI::App* to) { to->add_flag("--yes,-y", given_.yes, "Do it without asking"); }

  void add_check() {
    connected(
        "check", "Looks at the connection, the server and the login, and says what to mend",
        "pgrant check --dsn 'host=shop.postgres.database.azure.com user=pgadmin dbname=postgres'");
  }

  void add_bootstrap() {
    CLI::App* v = connected(
        "bootstrap", "Sets up the connector role, as an administrator; shows the plan and asks",
        "pgrant bootstrap --profile guide --connector apono_connector --password-file "
        "connector.password",
        false);
    v->add_option("--profile", given_.profile,
                  "guide: what the vendor guide's statements do; least: a connector that can do "
                  "nothing but leases, through issuers")
        ->check(CLI::IsMember({"guide", "least"}))
        ->capture_default_str();
    v->add_option("--connector", given_.connector, "The connector role's name")
        ->required()
        ->type_name("ROLE");
    v->add_option("--password-file", given_.password_file,
                  "A file whose content is the connector's new password, or its SCRAM verifier")
        ->required()
        ->type_name("FILE");
    v->add_option(
         "--admin-password-file", given_.admin_password_file,
         "A file whose content is the administrator's password, unless the DSN has a secret")
        ->type_name("FILE");
    v->add_option("--database", given_.databases,
                  "A database to manage; may be repeated; default: all but the platform's own")
        ->type_name("NAME");
    v->add_option(
         "--creator", given_.creators,
         "A role whose future objects bundles may cover: the connector becomes its member; "
         "may be repeated")
        ->type_name("ROLE");
    v->add_option("--issuers", given_.issuers,
                  "How many issuer roles make logins for the connector: from PostgreSQL 16 on, one "
                  "for each 100 that live at a time; default: none for guide, 1 for least")
        ->type_name("N");
    v->add_flag("--reset-password", given_.reset_password,
                "Give a connector that exists the password of the file");
    add_yes(v);
  }

  void add_inventory() {
    CLI::App* v =
        connected("inventory", "Lists databases, schemas, objects, roles, and who owns them",
                  "pgrant inventory --database shop --objects");
    v->add_option("--database", given_.databases, "Only this database; may be repeated")
        ->type_name("NAME");
    v->add_flag("--objects", given_.objects, "List every table, view, sequence and routine");
  }

  void add_plan() {
    CLI::App* v = connected("plan", "Shows what has to be done so that a policy is true",
                            "pgrant plan policy.yaml --out plan.json");
    v->add_option("policy", given_.policy_file, "The policy, YAML or JSON")
        ->required()
        ->type_name("FILE");
    v->add_flag("--check", given_.check, "Exit with 3 if there is something to do");
    v->add_option("--out", given_.out, "Write the plan to this file, for apply --plan")
        ->type_name("FILE");
  }

  void add_apply() {
    CLI::App* v = connected("apply", "Makes a policy true; shows the plan and asks",
                            "pgrant apply policy.yaml");
    auto* policy =
        v->add_option("policy", given_.policy_file, "The policy, YAML or JSON")->type_name("FILE");
    auto* plan =
        v->add_option("--plan", given_.plan_file, "Apply this plan of `plan --out` instead")
            ->type_name("FILE");
    policy->excludes(plan);
    add_yes(v);
  }

  void add_grant() {
    CLI::App* v = connected("grant", "Gives bundles to somebody for a time",
                            "pgrant grant sales-read --to ada --for 1h --reason 'late orders' "
                            "--ticket OPS-4711");
    v->add_option("bundles", given_.bundles, "The bundles; the lease has all of them or none")
        ->type_name("BUNDLE");
    auto* person =
        v->add_option("--to", given_.person, "Make a login for this person")->type_name("PERSON");
    auto* role = v->add_option("--to-role", given_.role, "Grant to this role, which exists")
                     ->type_name("ROLE");
    person->excludes(role);
    v->add_option("--for", given_.duration, "How long: 45s, 30m, 8h, 1d")->type_name("TIME");
    v->add_option("--reason", given_.reason, "Why; stands in the ledger")->type_name("TEXT");
    add_requester(v);
    v->add_option("--key", given_.key, "The same key twice is one lease")->type_name("TEXT");
    v->add_option("--ticket", given_.ticket, "The ticket that it is for")->type_name("TEXT");
    add_labels(v, "A label to find the lease by; may be repeated");
    auto* at = v->add_option("--starting-at", given_.start,
                             "When it starts, in UTC: 2026-11-24T22:00Z; `expire` starts it then")
                   ->type_name("WHEN");
    auto* in =
        v->add_option("--starting-in", given_.start_in, "How long from now it starts: 30m, 8h")
            ->type_name("TIME");
    at->excludes(in);
    v->add_option("--connection-limit", given_.session_limit,
                  "How many sessions the new login may have at once")
        ->check(CLI::Range(1, 10'000))
        ->type_name("N");
    v->add_option("--request", given_.request_file,
                  "A file with the whole request, YAML or JSON, instead of bundles and options; "
                  "it may ask for ad-hoc privileges")
        ->type_name("FILE");
    add_accept_restored(v);
    v->add_option(
         "--credentials-file", given_.credentials_file,
         "Write lease and credentials to this new file (mode 0600, JSON) instead of showing them")
        ->type_name("FILE");
    add_yes(v);
  }

  void add_requester(CLI::App* to) {
    to->add_option("--requester", given_.requester, "Who asks, if somebody else")
        ->type_name("NAME");
  }

  void add_labels(CLI::App* to, const std::string& about) {
    to->add_option("--label", given_.labels, about)->type_name("KEY=VALUE");
  }

  void add_accept_restored(CLI::App* to) {
    to->add_flag("--accept-restored", given_.accept_restored,
                 "Go on although the ledger was restored to an earlier time; see check");
  }

  void add_leases() {
    CLI::App* v = connected("leases", "Lists leases", "pgrant leases --grantee ada");
    v->add_flag("--all", given_.all, "Also those that are over");
    v->add_option("--state", given_.states, "Only in this state; may be repeated")
        ->check(CLI::IsMember({"scheduled", "active", "ending", "ended", "held", "failed"}));
    v->add_option("--bundle", given_.bundle, "Only of this bundle")->type_name("BUNDLE");
    v->add_option("--grantee", given_.grantee, "Only of this person or role")->type_name("NAME");
    v->add_option("--requester", given_.requester, "Only what this person asked for")
        ->type_name("NAME");
    v->add_option("--ticket", given_.ticket, "Only for this ticket")->type_name("TEXT");
    add_labels(v, "Only with this label; may be repeated");
    v->add_option("--expiring-in", given_.within, "Only those that end within this time: 2h")
        ->type_name("TIME");
    add_limit(v);
  }

  void add_limit(CLI::App* to) {
    to->add_option("--limit", given_.limit, "At most so many, the newest")
        ->check(CLI::Range(1, 100'000))
        ->type_name("N");
  }

  void add_extend() {
    CLI::App* v = connected("extend", "Lets a lease end later",
                            "pgrant extend k3v7qd2n5xia2b4c --by 1h --reason 'not done yet'");
    v->add_option("lease", given_.lease, "The lease's id")->required()->type_name("LEASE");
    v->add_option("--by", given_.duration, "How much later: 45s, 30m, 8h, 1d")
        ->required()
        ->type_name("TIME");
    v->add_option("--reason", given_.reason, "Why; stands in the audit trail")
        ->required()
        ->type_name("TEXT");
    add_requester(v);
    v->add_option("--key", given_.key, "The same key twice extends once")->type_name("TEXT");
    add_accept_restored(v);
  }

  void add_audit() {
    CLI::App* v = verb("audit", "Lists the audit trail, or verifies it", "pgrant audit list");
    v->require_subcommand(1);
    CLI::App* list = audit_verb(v, "list", "Lists the audit trail, the newest first",
                                "pgrant audit list --action grant --within 1d");
    list->add_option("--lease", given_.lease, "Only about this lease")->type_name("LEASE");
    list->add_option("--action", given_.action, "Only this action: grant, extend, revoke, end, …")
        ->type_name("WORD");
    list->add_option("--actor", given_.requester, "Only what this person wanted")
        ->type_name("NAME");
    list->add_option("--since", given_.since, "From this time on, in UTC: 2026-11-24T09:00Z")
        ->type_name("WHEN");
    list->add_option("--before", given_.before, "Before this time")->type_name("WHEN");
    list->add_option("--within", given_.within, "Not older than this: 2h, 7d")->type_name("TIME");
    add_limit(list);
    audit_verb(v, "verify",
               "Computes every hash of the trail anew; exits with 1 if a row was changed or is "
               "missing",
               "pgrant audit verify");
  }

  CLI::App* audit_verb(CLI::App* under, const std::string& name, const std::string& about,
                       const std::string& example) {
    CLI::App* made = under->add_subcommand(name, about);
    made->footer("Example:\n  " + example);
    made->add_flag("--json", given_.json, "Print JSON (a documented, versioned shape)");
    add_connection(made, true);
    made->callback([this, name] { given_.subject = name; });
    return made;
  }

  void add_adopt() {
    CLI::App* v = connected("adopt",
                            "Rebuilds leases from what the server shows, after the ledger was "
                            "lost; without --yes it only shows them",
                            "pgrant adopt");
    v->add_flag("--yes,-y", given_.yes, "Write what was found");
  }

  void add_revoke() {
    CLI::App* v = connected("revoke", "Ends access now: membership, sessions, login",
                            "pgrant revoke k3v7qd2n5xia");
    auto* lease = v->add_option("lease", given_.lease, "The lease's id")->type_name("LEASE");
    auto* grantee = v->add_option("--grantee", given_.grantee, "Every lease of this person or role")
                        ->type_name("NAME");
    auto* bundle = v->add_option("--bundle", given_.bundle, "Every lease that has this bundle")
                       ->type_name("BUNDLE");
    auto* all = v->add_flag("--all", given_.all, "Every lease of the instance");
    lease->excludes(grantee)->excludes(bundle)->excludes(all);
    grantee->excludes(bundle)->excludes(all);
    bundle->excludes(all);
    v->add_flag("--yes,-y", given_.yes, "With --bundle or --all: do it without asking");
  }

  void add_expire() {
    CLI::App* v = connected(
        "expire",
        "Ends what has expired and what earlier ends have left, starts what is due; to be run "
        "now and then",
        "pgrant expire");
    add_accept_restored(v);
  }

  void add_rotate() {
    CLI::App* v =
        connected("rotate", "Gives a login a new password, without a moment in which none is known",
                  "pgrant rotate --store /etc/pgrant/secrets");
    v->add_option("--store", given_.directory,
                  "The directory of the passwords: <login>.password is the one in use")
        ->required()
        ->type_name("DIR");
    v->add_option("--login", given_.login, "Whose password; default: this login's own")
        ->type_name("ROLE");
    v->add_flag("--during-leases", given_.during_leases, "Also while the login has a lease");
  }

  void add_schema() {
    CLI::App* v = verb("schema", "Prints the JSON Schema of a document", "pgrant schema policy");
    v->add_option("document", given_.subject, "integration or policy")
        ->required()
        ->check(CLI::IsMember({"integration", "policy"}));
  }

  void add_password() {
    CLI::App* v = verb("password", "Makes a random password and its SCRAM-SHA-256 verifier",
                       "pgrant password --length 32");
    v->add_option("--length", given_.length, "Characters, 23 to 128")->capture_default_str();
    v->add_option("--iterations", given_.iterations, "Rounds of PBKDF2 in the verifier")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
  }

  void add_sandbox() {
    CLI::App* v = verb("sandbox", "A throwaway server that behaves like Azure's",
                       "pgrant sandbox start --directory /tmp/sandbox --major 18");
    v->require_subcommand(1);
    for (const auto& [name, about] : {std::pair("start", "Makes a sandbox and starts it"),
                                      std::pair("stop", "Stops the server"),
                                      std::pair("status", "Says where it is and who may log in")}) {
      CLI::App* s = v->add_subcommand(name, about);
      s->footer(std::string("Example:\n  pgrant sandbox ") + name + " --directory /tmp/sandbox");
      s->add_option("--directory", given_.directory, "Where everything of it lies")
          ->required()
          ->type_name("DIR");
      s->add_flag("--json", given_.json, "Print JSON (a documented, versioned shape)");
      s->callback([this, subject = std::string(name)] { given_.subject = subject; });
    }
    CLI::App* start = v->get_subcommand("start");
    start
        ->add_option("--major", given_.major,
                     "PostgreSQL's version, 14 to 18; default: the newest found")
        ->check(CLI::Range(14, 18));
    start->add_option("--port", given_.port, "TCP port; default: a free one")
        ->check(CLI::Range(1, 65535));
    start
        ->add_option(
            "--postgresql", given_.postgresql,
            "Where versions are: a directory with MAJOR/bin/postgres in it; Debian's are found "
            "without")
        ->type_name("DIR");
    start
        ->add_option("--profile", given_.sandbox_profile,
                     "azure, or superuser: the administrator of a stock server")
        ->check(CLI::IsMember({"azure", "superuser"}))
        ->capture_default_str();
    v->get_subcommand("stop")->add_flag("--remove", given_.remove, "Delete its directory, too");
  }

  CLI::App app_;
  arguments given_;
};

}  // namespace

parsed parse_arguments(int argc, char** argv) {
  return parser().parse(argc, argv);
}

}  // namespace pgrant::command
