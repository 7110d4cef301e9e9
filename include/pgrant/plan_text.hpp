// A plan as text for people to review.
#pragma once

#include <string>

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

/// Per database every statement with its reason and authority; then what cannot be granted, with
/// the remedies, and the warnings. Ends with a line of numbers. Control characters in names, and
/// those that turn the direction of writing, are shown as `\xNN`: no name can disguise another.
std::string render(const plan& p, const plan_text_options& options = plan_text_options());

}  // namespace pgrant
