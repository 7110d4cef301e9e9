// result<T>: a value or a pgrant::error. The only header that names Boost.Outcome's types.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/base.hpp>
#include <boost/outcome/try.hpp>
#include <stdexcept>

#include "pgrant/error.hpp"

namespace pgrant {

/// Thrown by `result<T>::value()` on a result that holds an error, and by nothing else in pgrant.
class failure : public std::runtime_error {
 public:
  explicit failure(pgrant::error why) : std::runtime_error(why.describe()), why_(std::move(why)) {}
  const pgrant::error& why() const noexcept { return why_; }

 private:
  pgrant::error why_;
};

namespace detail {
[[noreturn]] void throw_failure(const error& why);
[[noreturn]] void throw_no_error();

struct result_policy : BOOST_OUTCOME_V2_NAMESPACE::policy::base {
  template <class Impl>
  static constexpr void wide_value_check(Impl&& self) {
    if (!base::_has_value(self)) throw_failure(base::_error(self));
  }
  template <class Impl>
  static constexpr void wide_error_check(Impl&& self) {
    if (!base::_has_error(self)) throw_no_error();
  }
  template <class Impl>
  static constexpr void wide_exception_check(Impl&&) {}
};
}  // namespace detail

/// Every operation that can fail returns this. `if (r)`, `r.value()` (throws `failure`),
/// `r.error()`, `r.assume_value()`. Inside functions: `BOOST_OUTCOME_TRY(auto x, f());`.
template <class T>
using result = BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, error, detail::result_policy>;

/// `return pgrant::success();` from a function that gives `result<void>`.
using BOOST_OUTCOME_V2_NAMESPACE::success;

}  // namespace pgrant
