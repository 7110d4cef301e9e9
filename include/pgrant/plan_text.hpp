// A plan as text for people to review.
#pragma once

#include <string>
#include <string_view>

#include "pgrant/plan.hpp"

namespace pgrant {

class plan_text_options {
 public:
  plan_text_options() = default;
  /// Statements of more bytes are cut, with the number of bytes that are left out; 0: never.
  /// Default 0: who reviews a plan sees all of it.
  plan_text_options& longest_statement(std::size_t bytes);
  std::size_t longest_statement() const noexcept { return longest_statement_; }

 private:
  std::size_t longest_statement_ = 0;
};

/// A text from a server, safe to show: control characters, and those that turn the direction of
/// writing, become `\xNN`, so that no name can disguise itself as another or steer a terminal.
std::string printable(std::string_view text);

/// Per database every statement with its reason and authority; then what cannot be granted, with
/// the remedies, and the warnings. Ends with a line of numbers. Names are shown
/// as `printable` does.
std::string render(const plan& p, const plan_text_options& options = plan_text_options());

}  // namespace pgrant
