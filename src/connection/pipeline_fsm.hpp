// A batch in pipeline mode: statements go out while the answers to earlier ones come in.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "connection/machine.hpp"
#include "connection/prepared_statements.hpp"
#include "pgrant/result.hpp"

namespace pgrant::detail {

/// libpq buffers without bound in non-blocking mode, on both sides. So at most this much may be
/// sent without an answer; a single larger statement goes alone.
struct pipeline_budget {
  std::size_t bytes = 1 << 20;
  std::size_t statements = 512;
};

class pipeline_fsm final : public machine {
 public:
  /// `keep`: what the server keeps prepared on this link; nothing: it is not to keep any.
  pipeline_fsm(pq& link, batch what, pipeline_budget budget = {},
               prepared_statements* keep = nullptr);

  wait_for resume(readiness ready) override;
  bool reusable() const override { return !stuck_; }
  bool started() const noexcept { return sent_ > 0; }
  /// The outcome. Also when the machine was stopped before its end: then every statement that has
  /// no confirmed answer fails for the reason `why`.
  result<batch_result> take(std::optional<pgrant::error> why = {});

 private:
  enum class state { starting, running, done };
  enum class asked { preparation, execution, sync };
  struct expected {  // in the order in which the server answers
    std::size_t statement;
    asked what;
    bool answered = false;

    bool is_sync() const noexcept { return what == asked::sync; }
  };

  bool send_more();
  bool send_next();
  bool may_send(const statement& next) const noexcept;
  bool read_all();
  void keep(answer next);
  void note_preparation(answer::kind outcome);
  void finish_statement();
  void finish_group();
  wait_for stop(const std::optional<pgrant::error>& why);
  void settle(std::size_t from, std::size_t to, const pgrant::error& why);

  pq* link_;
  batch what_;
  pipeline_budget budget_;
  prepared_statements* keep_;
  state state_ = state::starting;
  std::deque<expected> expected_;
  std::vector<std::optional<result<rows>>> answers_;
  std::size_t sent_ = 0;       // statements handed to libpq
  std::size_t confirmed_ = 0;  // statements whose group has ended
  std::size_t bytes_ahead_ = 0;
  int empty_answers_ = 0;        // in a row
  bool flush_requested_ = true;  // nothing is held back by the server
  std::optional<pgrant::error> group_failure_;
  std::optional<pgrant::error> lost_;
  std::optional<pgrant::error> refused_;  // nothing was sent
  bool stuck_ = false;
};

}  // namespace pgrant::detail
