#include "name_pattern.hpp"

#include <algorithm>

#include "pgrant/sql.hpp"

namespace pgrant {
namespace {

constexpr std::uint16_t pattern_one = 256;
constexpr std::uint16_t pattern_many = 257;

error pattern_refusal(std::string why) {
  return error(errc::invalid_argument, std::move(why))
      .with_hint("* stands for any bytes, ? for one byte, \\ takes the next character literally");
}

}  // namespace

result<name_pattern> name_pattern::compile(std::string_view text) {
  if (text.empty()) return pattern_refusal("pattern is empty");
  if (text.find('\0') != std::string_view::npos) return pattern_refusal("pattern holds a NUL byte");
  name_pattern compiled;
  bool wild = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint16_t token = static_cast<unsigned char>(text[i]);
    if (text[i] == '\\') {
      if (++i == text.size()) return pattern_refusal("pattern ends in a backslash");
      token = static_cast<unsigned char>(text[i]);
    } else if (text[i] == '*') {
      token = pattern_many;
    } else if (text[i] == '?') {
      token = pattern_one;
    }
    wild = wild || token >= pattern_one;
    const bool repeated =
        token == pattern_many && !compiled.glob_.empty() && compiled.glob_.back() == pattern_many;
    if (!repeated) compiled.glob_.push_back(token);
  }
  if (!wild) {
    for (const std::uint16_t byte : compiled.glob_) compiled.name_ += static_cast<char>(byte);
    compiled.glob_.clear();
    if (auto valid = check_name(compiled.name_, "object"); !valid) return valid.error();
    return compiled;
  }
  compiled.shape_ =
      compiled.glob_.size() == 1 && compiled.glob_[0] == pattern_many ? shape::any : shape::glob;
  return compiled;
}

bool name_pattern::matches(std::string_view text) const noexcept {
  if (shape_ == shape::any) return true;
  if (shape_ == shape::literal) return text == name_ && !name_.empty();

  // After a mismatch the last star takes one byte more; earlier stars never need to.
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t at = 0, token = 0, star = none, resume = 0;
  while (at < text.size()) {
    const bool more = token < glob_.size();
    if (more && glob_[token] == pattern_many) {
      star = token++;
      resume = at;
    } else if (more && (glob_[token] == pattern_one ||
                        glob_[token] == static_cast<unsigned char>(text[at]))) {
      ++token;
      ++at;
    } else if (star != none) {
      token = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  return std::all_of(glob_.begin() + static_cast<std::ptrdiff_t>(token), glob_.end(),
                     [](std::uint16_t left) { return left == pattern_many; });
}

}  // namespace pgrant
