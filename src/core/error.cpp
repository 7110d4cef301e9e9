#include "pgrant/error.hpp"

#include "pgrant/result.hpp"

namespace pgrant {

struct error::data {
  errc code;
  std::string message, detail, hint, field, object;
  sqlstate state;
  retry advice = retry::never;
};

std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::invalid_argument:
      return "invalid_argument";
    case errc::not_found:
      return "not_found";
    case errc::conflict:
      return "conflict";
    case errc::denied:
      return "denied";
    case errc::stale:
      return "stale";
    case errc::connect:
      return "connect";
    case errc::tls:
      return "tls";
    case errc::authentication:
      return "authentication";
    case errc::server:
      return "server";
    case errc::timeout:
      return "timeout";
    case errc::cancelled:
      return "cancelled";
    case errc::closed:
      return "closed";
    case errc::not_granted:
      return "not_granted";
    case errc::secret:
      return "secret";
    case errc::io:
      return "io";
    case errc::unsupported:
      return "unsupported";
    case errc::internal:
      break;
  }
  return "internal";
}

error::error(errc code, std::string message)
    : data_(std::make_shared<const data>(data{code, std::move(message), {}, {}, {}, {}, {}})) {}

error::error(std::shared_ptr<const data> shared) noexcept : data_(std::move(shared)) {}

template <class Edit>
error error::edited(Edit edit) const {
  auto copy = std::make_shared<data>(*data_);
  edit(*copy);
  return error(std::move(copy));
}

errc error::code() const noexcept {
  return data_->code;
}
const std::string& error::message() const noexcept {
  return data_->message;
}
const std::string& error::detail() const noexcept {
  return data_->detail;
}
const std::string& error::hint() const noexcept {
  return data_->hint;
}
const std::string& error::field() const noexcept {
  return data_->field;
}
const std::string& error::object() const noexcept {
  return data_->object;
}
sqlstate error::state() const noexcept {
  return data_->state;
}
retry error::advice() const noexcept {
  return data_->advice;
}

error error::with_detail(std::string detail) const {
  return edited([&](data& d) { d.detail = std::move(detail); });
}
error error::with_hint(std::string hint) const {
  return edited([&](data& d) { d.hint = std::move(hint); });
}
error error::with_field(std::string field) const {
  return edited([&](data& d) { d.field = std::move(field); });
}
error error::with_object(std::string object) const {
  return edited([&](data& d) { d.object = std::move(object); });
}
error error::with_state(sqlstate state) const {
  return edited([&](data& d) {
    d.state = state;
    d.advice = retry_advice(state);
  });
}
error error::with_advice(retry advice) const {
  return edited([&](data& d) { d.advice = advice; });
}
error error::within(std::string_view context) const {
  return edited([&](data& d) { d.message = std::string(context) + ": " + d.message; });
}

std::string error::describe() const {
  std::string text = data_->message;
  if (data_->state) text += " [SQLSTATE " + data_->state.str() + "]";
  if (!data_->field.empty()) text += "\n  field:  " + data_->field;
  if (!data_->object.empty()) text += "\n  object: " + data_->object;
  if (!data_->detail.empty()) text += "\n  detail: " + data_->detail;
  if (!data_->hint.empty()) text += "\n  hint:   " + data_->hint;
  return text;
}

namespace detail {
void throw_failure(const error& why) {
  throw failure(why);
}
void throw_no_error() {
  throw std::logic_error("result<T>::error() called on a result with a value");
}
}  // namespace detail

}  // namespace pgrant
