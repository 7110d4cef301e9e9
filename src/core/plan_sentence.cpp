// What a statement's reason says, and what is said about what cannot be granted.
#include <algorithm>

#include "pgrant/platform.hpp"
#include "plan_statement.hpp"
#include "plan_words.hpp"

namespace pgrant::planning {
namespace {

/// So many names are told of objects that cannot be granted on; the rest is a number.
constexpr std::size_t names_told = 20;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

std::string bundle_words(const std::string& names) {
  return (names.find(", ") == std::string::npos ? "bundle " : "bundles ") + names;
}

}  // namespace

std::vector<std::string> statement_writer::names_of(std::span<const std::uint32_t> grantees) const {
  std::vector<std::string> names;
  for (const std::uint32_t at : grantees) names.push_back(ctx_.grantees[at].name);
  return names;
}

std::string statement_writer::bundles_of(std::span<const std::uint32_t> grantees) const {
  std::vector<std::string> names;
  for (const std::uint32_t at : grantees) names.push_back(ctx_.grantees[at].bundle);
  return bundle_words(joined(names));
}

std::string statement_writer::objects_in_words(object_kind kind,
                                               std::span<const std::uint32_t> part) const {
  const auto same_kind = [&](std::uint32_t at) {
    return targets_[at].kind == targets_[part[0]].kind;
  };
  const object_kind shown =
      std::all_of(part.begin(), part.end(), same_kind) ? targets_[part[0]].kind : kind;
  if (part.size() == 1) return std::string(to_string(shown)) + " " + name_of(part[0]).str();
  std::string text = std::to_string(part.size()) + " " + std::string(plural(shown));
  if (!schema_.empty()) text += " in schema " + quote_identifier(schema_);
  return text;
}

std::string statement_writer::reason_of(const group<change>& g,
                                        std::span<const std::uint32_t> part) const {
  const std::string what = to_string(g.what.privileges);
  const std::string objects = objects_in_words(g.kind, part);
  const std::string others = g.what.cascade ? ", with what it passed on" : "";
  switch (g.what.why) {
    case purpose::bundle:
      return bundles_of(g.grantees) + ": " + what + " on " + objects;
    case purpose::reach:
      return bundles_of(g.grantees) + ": " + what + " needed to reach what is in " + objects;
    case purpose::surplus: {
      const std::string option = g.what.option ? "the grant option for " : "";
      return "not in " + bundles_of(g.grantees) + ": " + option + what + " on " + objects + others;
    }
    case purpose::dropped:
      return bundles_of(g.grantees) + " to be dropped" + others;
    case purpose::direct:
    case purpose::closed:
      break;
  }
  const std::string& given = ctx_.reasons[g.what.reason];
  return given.empty() ? "policy: " + what + " on " + objects : given;
}

void statement_writer::write(const group<shortfall>& g) const {
  const shortfall& what = g.what;
  const std::span<const std::uint32_t> all = g.targets;
  const std::span<const std::uint32_t> told = all.first(std::min(all.size(), names_told));
  const std::vector<std::string> names = names_of(g.grantees);
  const std::string executor = ctx_.executor_name();
  const std::string owner = ctx_.state.role_name(what.owner);

  if (what.public_has_it) {
    ctx_.plan.warnings.push_back(
        bundles_of(g.grantees) + " has " + to_string(what.privileges) + " on " +
        objects_in_words(g.kind, all) +
        (database_.empty() ? std::string() : " in database " + quote_identifier(database_)) +
        " only as long as PUBLIC has it: " + executor + " cannot grant it");
    return;
  }

  not_granted missing;
  missing.database = database_;
  missing.object = std::string(all.size() == 1 ? to_string(targets_[all[0]].kind) : plural(g.kind));
  for (std::size_t i = 0; i < told.size(); ++i)
    missing.object += (i == 0 ? " " : ", ") + name_of(told[i]).str();
  if (told.size() < all.size())
    missing.object += " and " + std::to_string(all.size() - told.size()) + " more";
  if (!what.column.empty()) missing.object += ", column " + quote_identifier(what.column);
  missing.grantee = joined(names);
  missing.privileges = what.privileges;

  change wanted;
  wanted.revoke = what.revoke;
  wanted.privileges = what.privileges;
  wanted.option = what.option;
  wanted.column = what.column;
  std::string sql = what.why == obstacle::unnameable
                        ? std::string()
                        : statement(wanted, g.kind, names, objects_of(g.kind, told)).str();
  if (told.size() < all.size()) sql += ", and so for the rest";

  const pgrant::role* owning = ctx_.state.find_role(what.owner);
  const platform_profile& platform = profile_of(ctx_.state.platform);
  switch (what.why) {
    case obstacle::unnameable:
      missing.reason = "its list of arguments is not in the server's form";
      missing.remedy = "read the snapshot again";
      break;
    case obstacle::circular:
      missing.reason = "the only grantor at hand has its grant options from the grantee";
      missing.remedy = "as " + owner + ": " + sql;
      break;
    case obstacle::of_another:
      missing.reason = "granted by " + ctx_.state.role_name(what.grantor) +
                       ", whose entries a REVOKE by " + executor + " does not touch";
      missing.remedy = "as " + ctx_.state.role_name(what.grantor) + ": " + sql;
      break;
    case obstacle::left_behind: {
      const std::string grantor = ctx_.state.role_name(what.grantor);
      missing.reason = "granted by " + grantor +
                       ", which is to be dropped and keeps no grant option to take it back with";
      // Only the owner can: an entry goes with the option that it hangs on.
      const std::string holder[] = {grantor};
      change again = wanted;
      again.revoke = false;
      again.option = true;
      wanted.cascade = true;
      const sql_text objects = objects_of(g.kind, told);
      missing.remedy = "as " + owner + ": " + statement(again, g.kind, holder, objects).str() +
                       "; " + statement(wanted, g.kind, holder, objects).str();
      break;
    }
    case obstacle::no_usage: {
      const database* db = ctx_.state.find_database(database_);
      const schema* in = db ? db->find_schema(schema_) : nullptr;
      missing.reason = executor + " has no USAGE on schema " + quote_identifier(schema_) +
                       ", which a GRANT on what is in it needs";
      missing.remedy = "as " + ctx_.state.role_name(in ? in->owner : 0) +
                       ": GRANT USAGE ON SCHEMA " + quote_identifier(schema_) + " TO " +
                       quote_identifier(executor) + ", then plan again";
      break;
    }
    case obstacle::no_authority:
      if (owning && owning->superuser && !platform.operator_superuser.empty() &&
          owner == platform.operator_superuser) {
        missing.reason = "owned by " + owner + ", the platform's superuser";
        missing.remedy = "none: the platform keeps this to itself";
        break;
      }
      missing.reason =
          "owned by " + owner + "; " + executor + " has neither its privileges nor a grant option";
      missing.remedy = "as " + owner + ": " + sql;
      if (owning && !owning->superuser && !owner.starts_with("pg_")) {
        missing.remedy += "; or let " + executor + " act for it: GRANT " + quote_identifier(owner) +
                          " TO " + quote_identifier(executor);
      }
      break;
  }
  ctx_.plan.not_granted.push_back(std::move(missing));
}

}  // namespace pgrant::planning
