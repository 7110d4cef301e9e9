// What every state machine of this folder is: something that the driver resumes until it is done.
#pragma once

#include "connection/pq.hpp"

namespace pgrant::detail {

class machine {
 public:
  virtual ~machine() = default;
  /// Goes on as far as it can without waiting. First called with nothing ready.
  virtual wait_for resume(readiness ready) = 0;
  /// Asked once done: false if the connection must not be used any more.
  virtual bool reusable() const { return true; }
};

}  // namespace pgrant::detail
