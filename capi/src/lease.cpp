#include "result.hpp"

namespace capi = pgrant::capi;

namespace {

const pgrant::lease* lease_of(const pgrant_lease* lease) noexcept {
  return capi::is_handle(lease) ? lease->of : nullptr;
}

const char* lease_text(const pgrant_lease* lease, std::string pgrant::lease::* part) noexcept {
  const pgrant::lease* of = lease_of(lease);
  return of ? (of->*part).c_str() : "";
}

using label = std::map<std::string, std::string>::value_type;

const label* label_at(const pgrant_lease* lease, std::size_t index) noexcept {
  if (index >= pgrant_lease_label_count(lease)) return nullptr;
  return &*std::next(lease->of->labels.begin(), static_cast<std::ptrdiff_t>(index));
}

int64_t microseconds(pgrant::server_time when) noexcept {
  return when.time_since_epoch().count();
}

}  // namespace

const char* pgrant_lease_id(const pgrant_lease* lease) {
  return lease_text(lease, &pgrant::lease::id);
}

pgrant_lease_status pgrant_lease_state(const pgrant_lease* lease) {
  const pgrant::lease* of = lease_of(lease);
  if (!of) return 0;
  using enum pgrant::lease_state;
  if (of->state == active) return PGRANT_LEASE_ACTIVE;
  if (of->state == ending) return PGRANT_LEASE_ENDING;
  if (of->state == ended) return PGRANT_LEASE_ENDED;
  if (of->state == held) return PGRANT_LEASE_HELD;
  if (of->state == failed) return PGRANT_LEASE_FAILED;
  if (of->state == scheduled) return PGRANT_LEASE_SCHEDULED;
  return 0;
}

pgrant_grantee_kind pgrant_lease_kind(const pgrant_lease* lease) {
  const pgrant::lease* of = lease_of(lease);
  if (!of) return 0;
  return of->kind == pgrant::grantee_kind::existing_role ? PGRANT_GRANTEE_EXISTING_ROLE
                                                         : PGRANT_GRANTEE_EPHEMERAL_LOGIN;
}

const char* pgrant_lease_grantee(const pgrant_lease* lease) {
  return lease_text(lease, &pgrant::lease::grantee);
}

const char* pgrant_lease_person(const pgrant_lease* lease) {
  return lease_text(lease, &pgrant::lease::person);
}

const char* pgrant_lease_requester(const pgrant_lease* lease) {
  return lease_text(lease, &pgrant::lease::requester);
}

const char* pgrant_lease_reason(const pgrant_lease* lease) {
  return lease_text(lease, &pgrant::lease::reason);
}

const char* pgrant_lease_ticket(const pgrant_lease* lease) {
  return lease_text(lease, &pgrant::lease::ticket);
}

size_t pgrant_lease_label_count(const pgrant_lease* lease) {
  const pgrant::lease* of = lease_of(lease);
  return of ? of->labels.size() : 0;
}

const char* pgrant_lease_label_key(const pgrant_lease* lease, size_t index) {
  const label* found = label_at(lease, index);
  return found ? found->first.c_str() : "";
}

const char* pgrant_lease_label_value(const pgrant_lease* lease, size_t index) {
  const label* found = label_at(lease, index);
  return found ? found->second.c_str() : "";
}

size_t pgrant_lease_bundle_count(const pgrant_lease* lease) {
  const pgrant::lease* of = lease_of(lease);
  return of ? of->bundles.size() : 0;
}

const char* pgrant_lease_bundle(const pgrant_lease* lease, size_t index) {
  return index < pgrant_lease_bundle_count(lease) ? lease->of->bundles[index].c_str() : "";
}

int64_t pgrant_lease_granted_at(const pgrant_lease* lease) {
  const pgrant::lease* of = lease_of(lease);
  return of ? microseconds(of->granted_at) : PGRANT_NO_TIME;
}

int64_t pgrant_lease_starts_at(const pgrant_lease* lease) {
  const pgrant::lease* of = lease_of(lease);
  return of ? microseconds(of->starts_at) : PGRANT_NO_TIME;
}

int64_t pgrant_lease_expires_at(const pgrant_lease* lease) {
  const pgrant::lease* of = lease_of(lease);
  return of ? microseconds(of->expires_at) : PGRANT_NO_TIME;
}

int64_t pgrant_lease_ended_at(const pgrant_lease* lease) {
  const pgrant::lease* of = lease_of(lease);
  return of && of->ended_at ? microseconds(*of->ended_at) : PGRANT_NO_TIME;
}

const char* pgrant_lease_held_why(const pgrant_lease* lease) {
  return lease_text(lease, &pgrant::lease::held_why);
}
