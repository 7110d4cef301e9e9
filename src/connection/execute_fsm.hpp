// One statement: send, flush, read its answer.
#pragma once

#include <optional>

#include "connection/machine.hpp"
#include "pgrant/result.hpp"

namespace pgrant::detail {

class execute_fsm final : public machine {
 public:
  execute_fsm(pq& link, statement what);

  wait_for resume(readiness ready) override;
  bool reusable() const override { return !stuck_; }
  /// Whether anything went to libpq, so that the server may have got it.
  bool started() const noexcept { return state_ != state::sending; }
  /// The outcome, once `resume` has said `nothing`; or `why`, for a machine stopped before.
  result<rows> take(std::optional<pgrant::error> why = {});

 private:
  enum class state { sending, flushing, reading, done };

  wait_for read(readiness ready);
  void keep(answer next);

  pq* link_;
  statement what_;
  state state_ = state::sending;
  std::shared_ptr<const pg_result> answer_;
  std::optional<pgrant::error> failure_;
  bool stuck_ = false;
};

/// Why libpq took no statement: the link is broken, or memory ran out.
pgrant::error send_failure(pq& link);

/// Refuses what libpq could not send as it stands: NUL bytes, too many parameters.
result<void> check_statement(const statement& what);

}  // namespace pgrant::detail
