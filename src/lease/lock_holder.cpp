#include "lease/lock_holder.hpp"

#include "pgrant/sql.hpp"

namespace pgrant::detail {

error turn_taken(const std::string& database, const rows& holders) {
  const std::string where =
      database.empty() ? std::string("this instance") : "database " + quote_identifier(database);
  error why = error(errc::conflict, "another apply is at work on " + where)
                  .with_advice(retry::again)
                  .with_hint("wait until it is done, then plan again");
  if (holders.empty()) return why;
  // What a server hides of other roles' sessions is NULL.
  const row holder = holders[0];
  std::string who = "held by process " + holder[0].str() + ", user " + holder[1].str() +
                    ", application " + holder[2].str();
  if (!holder[3].is_null()) who += ", from " + holder[3].str();
  if (!holder[4].is_null()) who += ", connected since " + holder[4].str();
  return why.with_detail(std::move(who));
}

}  // namespace pgrant::detail
