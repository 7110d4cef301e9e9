#include "connection/prepared_statements.hpp"

namespace pgrant::detail {
namespace {

constexpr std::size_t most_statements = 200;

}  // namespace

prepared_statements::use prepared_statements::next(const statement& what) {
  if (!what.is_constant()) return {};
  auto found = known_.find(what.text());
  if (found == known_.end()) {
    if (known_.size() < most_statements) {
      known_.emplace(what.text(), entry{state::seen, "pgrant_" + std::to_string(known_.size())});
    }
    return {};
  }
  entry& kept = found->second;
  if (kept.is == state::there) return {&kept.name, false};
  if (kept.is != state::seen) return {};
  kept.is = state::asked;
  return {&kept.name, true};
}

void prepared_statements::prepared(const statement& what) {
  known_.at(what.text()).is = state::there;
}

void prepared_statements::skipped(const statement& what) {
  known_.at(what.text()).is = state::seen;
}

void prepared_statements::failed(const statement& what) {
  known_.at(what.text()).is = state::unfit;
}

}  // namespace pgrant::detail
