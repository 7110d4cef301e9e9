#include "secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

namespace pgrant::detail {
namespace {

class secret_descriptor {
 public:
  explicit secret_descriptor(const std::string& path)
      : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)) {}
  secret_descriptor(const secret_descriptor&) = delete;
  secret_descriptor& operator=(const secret_descriptor&) = delete;
  ~secret_descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const noexcept { return number_; }

 private:
  int number_;
};

struct secret_buffer : std::vector<char> {
  secret_buffer() : std::vector<char>(max_secret_bytes + 1) {}
  ~secret_buffer() { wipe(data(), size()); }
};

error secret_file_error(const std::string& path, std::string message) {
  return error(errc::secret, std::move(message)).with_object("file " + path);
}

error secret_system_error(const std::string& path, int number) {
  return secret_file_error(path, "cannot read the file of a secret")
      .with_detail(std::generic_category().message(number));
}

// What libpq asks of key files: ours and closed to others, or root's and at most readable by the
// group.
bool secret_is_private(const struct stat& file) noexcept {
  if (file.st_uid == ::geteuid() && (file.st_mode & (S_IRWXG | S_IRWXO)) == 0) return true;
  return file.st_uid == 0 && (file.st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) == 0;
}

}  // namespace

result<secret> read_secret_file(const std::string& path, bool allow_shared) {
  if (path.find('\0') != std::string::npos) {
    return error(errc::secret, "the path of a secret's file holds a NUL byte");
  }
  const secret_descriptor opened(path);
  struct stat file{};
  if (opened.number() < 0 || ::fstat(opened.number(), &file) != 0) {
    return secret_system_error(path, errno);
  }
  if (!S_ISREG(file.st_mode) && !S_ISFIFO(file.st_mode)) {
    return secret_file_error(path, "a secret is read from a regular file or a pipe only");
  }
  if (!allow_shared && !secret_is_private(file)) {
    return secret_file_error(path, "others may read the file of a secret")
        .with_hint("chmod 600 it, and let it belong to the user of this process or to root");
  }
  secret_buffer content;
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::read(opened.number(), content.data() + size, content.size() - size);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return secret_system_error(path, errno);
    size += static_cast<std::size_t>(got);
  }
  if (size > max_secret_bytes) return secret_file_error(path, "a secret of more than 64 KiB");
  return secret::copy_of({content.data(), size});
}

}  // namespace pgrant::detail
