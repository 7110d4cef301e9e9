#include "command/policy_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "command/yaml_json.hpp"
#include "pgrant/json/policy.hpp"

namespace pgrant::command {

namespace {

constexpr std::size_t max_file_bytes = std::size_t{16} << 20;

error file_error(const std::string& what, const std::string& path) {
  return error(errc::io, what).with_object(path).with_detail(std::strerror(errno));
}

}  // namespace

result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return file_error("cannot read the file", path);
  std::string text;
  char buffer[65536];
  while (file.read(buffer, sizeof buffer) || file.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(file.gcount()));
    if (text.size() > max_file_bytes)
      return error(errc::invalid_argument, "the file is larger than 16 MiB").with_object(path);
  }
  if (file.bad()) return file_error("cannot read the file", path);
  return text;
}

result<void> write_new_file(const std::string& path, const std::string& text, bool is_private) {
  const int file =
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, is_private ? 0600 : 0644);
  if (file < 0) return file_error("cannot make the file", path);
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = write(file, text.data() + written, text.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const error why = file_error("cannot write the file", path);
      close(file);
      return why;
    }
    written += static_cast<std::size_t>(n);
  }
  if (close(file) != 0) return file_error("cannot write the file", path);
  return success();
}

result<policy> read_policy_file(const std::string& path) {
  BOOST_OUTCOME_TRY(const auto text, read_file(path));
  const auto json_text = yaml_to_json(text);
  if (!json_text) return json_text.error().with_object(path);
  auto desired = policy_from_json(json_text.assume_value());
  if (!desired) return desired.error().with_object(path);
  const auto problems = validate(desired.assume_value());
  if (!problems.empty()) return problems.front().with_object(path);
  return desired;
}

}  // namespace pgrant::command
