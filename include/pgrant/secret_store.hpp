// Where the passwords of logins are kept while they are rotated.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pgrant/secret.hpp"

namespace pgrant {

/// Where the password of a login is kept: at most three of it, the one in use,
/// a pending one that may or may not be the server's, and the one before.
///
/// Calls may block; rotation makes them on the operation's executor, one at a
/// time for each login. What a call has done is durable when it returns, and a
/// call that is repeated after a crash does no harm. Errors should be
/// `errc::secret`, and must not hold the secret.
class secret_store {
 public:
  virtual ~secret_store() = default;

  /// Nothing: there is none. An error means that nobody knows.
  virtual result<std::optional<secret>> pending(std::string_view login) = 0;
  virtual result<void> put_pending(std::string_view login, const secret& fresh) = 0;
  /// The pending one is in use from here on, the one in use is the one before.
  /// Nothing happens if none is pending.
  virtual result<void> promote(std::string_view login) = 0;
  /// Forgets the one before.
  virtual result<void> retire(std::string_view login) = 0;
};

/// The same for a store that answers later: one behind a network, or in another
/// language. Each call is made on the operation's executor and must return at
/// once; its function may be called from any thread, during the call or after.
/// The first answer counts; if all copies of the function are gone without one,
/// the store has failed. An answer to an operation that was cancelled meanwhile
/// is ignored.
class async_secret_store {
 public:
  using found = std::function<void(result<std::optional<secret>>)>;
  using stored = std::function<void(result<void>)>;

  virtual ~async_secret_store() = default;

  virtual void pending(std::string login, found answer) = 0;
  virtual void put_pending(std::string login, secret fresh, stored answer) = 0;
  virtual void promote(std::string login, stored answer) = 0;
  virtual void retire(std::string login, stored answer) = 0;
};

/// A store that answers during each call, by asking `store`, which blocks the
/// executor meanwhile. Null for null.
std::shared_ptr<async_secret_store> async_store(std::shared_ptr<secret_store> store);

/// Files of mode 0600 in one directory: `<login>.password` is in use,
/// `<login>.pending`,
/// `<login>.old`; bytes of the name other than [A-Za-z0-9_-] are written as
/// %XX. Each is written beside its place, flushed to disk and renamed, so that
/// a reader and a crash find a whole file or the one before. Files of others,
/// and those that others may read, are refused. For one process at a time.
class file_secret_store final : public secret_store {
 public:
  /// The directory must exist, belong to the user of this process or to root, and
  /// be closed to others (0700).
  explicit file_secret_store(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Whether the directory is so: `errc::secret` with field "directory". Every
  /// change asks it, too.
  result<void> check() const;

  /// The one in use; nothing: there is none.
  result<std::optional<secret>> current(std::string_view login) const;
  std::filesystem::path current_path(std::string_view login) const;

  result<std::optional<secret>> pending(std::string_view login) override;
  result<void> put_pending(std::string_view login, const secret& fresh) override;
  result<void> promote(std::string_view login) override;
  result<void> retire(std::string_view login) override;

 private:
  std::filesystem::path directory_;
};

}  // namespace pgrant
