#include "pgrant/connection.hpp"

#include <utility>

#include "connection/connection_impl.hpp"
#include "connection/encrypt_password.hpp"

namespace pgrant {
namespace detail {

void PGRANT_DETAIL_BOOST_GUARD() noexcept {}

template <class T>
delivery<T> deliver_to(const std::shared_ptr<connection_impl>& impl, completion<T> handler) {
  return delivery<T>(std::move(handler), impl->executor());
}

void start_connect(const std::shared_ptr<connection_impl>& impl, connection_spec spec,
                   connect_options options, completion<void> handler) {
  impl->connect(std::move(spec), std::move(options), deliver_to(impl, std::move(handler)));
}

void start_execute(const std::shared_ptr<connection_impl>& impl, statement what,
                   execute_options options, completion<rows> handler) {
  impl->execute(std::move(what), options, deliver_to(impl, std::move(handler)));
}

void start_batch(const std::shared_ptr<connection_impl>& impl, batch what, execute_options options,
                 completion<batch_result> handler) {
  impl->execute_batch(std::move(what), options, deliver_to(impl, std::move(handler)));
}

void start_cancel(const std::shared_ptr<connection_impl>& impl, completion<void> handler) {
  impl->cancel_statement(deliver_to(impl, std::move(handler)));
}

void start_close(const std::shared_ptr<connection_impl>& impl, completion<void> handler) {
  impl->close(deliver_to(impl, std::move(handler)));
}

result<secret> encrypt_password(const connection& with, const std::string& user,
                                const secret& password) {
  return with.implementation()->link().encrypt_password(user, password);
}

}  // namespace detail

connection::connection(executor_type executor)
    : impl_(std::make_shared<detail::connection_impl>(std::move(executor))) {}

connection::connection(connection&&) noexcept = default;

connection& connection::operator=(connection&& other) noexcept {
  if (this == &other) return *this;
  if (impl_) impl_->close();
  impl_ = std::move(other.impl_);
  return *this;
}

connection::~connection() {
  if (impl_) impl_->close();
}

connection::executor_type connection::get_executor() const noexcept {
  return impl_->executor();
}
void connection::close() {
  impl_->close();
}
bool connection::is_open() const noexcept {
  return impl_->is_open();
}
transaction_status connection::transaction() const noexcept {
  return impl_->transaction();
}
int connection::server_version() const noexcept {
  return impl_->facts().server_version;
}
int connection::backend_pid() const noexcept {
  return impl_->facts().backend_pid;
}
const std::string& connection::user() const noexcept {
  return impl_->user();
}
const std::string& connection::database() const noexcept {
  return impl_->database();
}
const std::string& connection::host() const noexcept {
  return impl_->host();
}
const std::string& connection::address() const noexcept {
  return impl_->address();
}
std::optional<tls_info> connection::tls() const {
  return impl_->facts().tls;
}

std::string connection::parameter_status(const std::string& name) const {
  return impl_->link().parameter_status(name);
}

}  // namespace pgrant
