#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "pgrant/secret_store.hpp"
#include "secret_file.hpp"

namespace pgrant {
namespace {

error store_failure(const std::filesystem::path& path, std::string message, int number) {
  return error(errc::secret, std::move(message))
      .with_object("file " + path.string())
      .with_detail(std::generic_category().message(number));
}

std::filesystem::path store_path(const std::filesystem::path& directory, std::string_view login,
                                 std::string_view ending) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string name;
  for (const unsigned char c : login) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (plain) {
      name += static_cast<char>(c);
    } else {
      name += '%';
      name += digits[c >> 4];
      name += digits[c & 15];
    }
  }
  return directory / (name += ending);
}

result<std::optional<secret>> store_read(const std::filesystem::path& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::optional<secret>();
  BOOST_OUTCOME_TRY(auto found, detail::read_secret_file(path.string(), false));
  return std::optional<secret>(std::move(found));
}

// A rename is durable once its directory is.
result<void> store_flush(const std::filesystem::path& directory) {
  const int number = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) return store_failure(directory, "cannot open the directory of secrets", errno);
  const int failed = ::fsync(number) == 0 ? 0 : errno;
  ::close(number);
  if (failed != 0) return store_failure(directory, "cannot flush the directory of secrets", failed);
  return success();
}

result<void> store_write(const std::filesystem::path& path, const secret& what) {
  std::filesystem::path beside = path;
  beside += ".new";
  ::unlink(beside.c_str());
  const int number =
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (number < 0) return store_failure(beside, "cannot write the file of a secret", errno);
  int failed = 0;
  for (std::string_view left = what.reveal(); failed == 0 && !left.empty();) {
    const ssize_t written = ::write(number, left.data(), left.size());
    if (written > 0) left.remove_prefix(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR) failed = errno;
  }
  if (failed == 0 && ::fsync(number) != 0) failed = errno;
  if (::close(number) != 0 && failed == 0) failed = errno;
  if (failed == 0 && ::rename(beside.c_str(), path.c_str()) != 0) failed = errno;
  if (failed != 0) {
    ::unlink(beside.c_str());
    return store_failure(path, "cannot write the file of a secret", failed);
  }
  return store_flush(path.parent_path());
}

}  // namespace

result<void> file_secret_store::check() const {
  const auto refused = [this](std::string message, std::string detail) {
    return error(errc::secret, std::move(message))
        .with_field("directory")
        .with_object("directory " + directory_.string())
        .with_detail(std::move(detail))
        .with_hint("make one: mkdir -m 700 it, as the user of this process");
  };
  struct stat found{};
  if (directory_.native().find('\0') != std::string::npos)
    return refused("the directory of secrets has a NUL byte in its name", "");
  if (::stat(directory_.c_str(), &found) != 0)
    return refused("cannot find the directory of secrets", std::generic_category().message(errno));
  if (!S_ISDIR(found.st_mode)) return refused("secrets are kept in a directory", "");
  if ((found.st_uid != ::geteuid() && found.st_uid != 0) ||
      (found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refused("the directory of secrets is open to others", "");
  return success();
}

std::filesystem::path file_secret_store::current_path(std::string_view login) const {
  return store_path(directory_, login, ".password");
}

result<std::optional<secret>> file_secret_store::current(std::string_view login) const {
  return store_read(current_path(login));
}

result<std::optional<secret>> file_secret_store::pending(std::string_view login) {
  BOOST_OUTCOME_TRY(check());
  return store_read(store_path(directory_, login, ".pending"));
}

result<void> file_secret_store::put_pending(std::string_view login, const secret& fresh) {
  BOOST_OUTCOME_TRY(check());
  return store_write(store_path(directory_, login, ".pending"), fresh);
}

result<void> file_secret_store::promote(std::string_view login) {
  BOOST_OUTCOME_TRY(check());
  const auto waiting = store_path(directory_, login, ".pending");
  BOOST_OUTCOME_TRY(const auto fresh, store_read(waiting));
  if (!fresh) return success();
  BOOST_OUTCOME_TRY(const auto before, current(login));
  // A copy, not a rename: at no moment is there no password in use.
  if (before) {
    auto kept = store_write(store_path(directory_, login, ".old"), *before);
    if (!kept) return kept.error();
  }
  if (::rename(waiting.c_str(), current_path(login).c_str()) != 0)
    return store_failure(waiting, "cannot promote a secret", errno);
  return store_flush(directory_);
}

result<void> file_secret_store::retire(std::string_view login) {
  BOOST_OUTCOME_TRY(check());
  const auto old = store_path(directory_, login, ".old");
  if (::unlink(old.c_str()) != 0 && errno != ENOENT)
    return store_failure(old, "cannot remove the file of a secret", errno);
  return store_flush(directory_);
}

}  // namespace pgrant
