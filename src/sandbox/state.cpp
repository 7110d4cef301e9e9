#include "sandbox/state.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "sandbox/process.hpp"

namespace pgrant::detail {

namespace {

bool write_fully(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

result<void> write_private_file(const std::filesystem::path& path, std::string_view content) {
  const std::filesystem::path draft = path.string() + ".new";
  ::unlink(draft.c_str());
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return system_failure("could not create " + draft.string(), errno);
  const bool written = write_fully(file, content);
  const int why = errno;
  ::close(file);
  if (!written) return system_failure("could not write " + draft.string(), why);
  if (::rename(draft.c_str(), path.c_str()) != 0)
    return system_failure("could not rename " + draft.string(), errno);
  return success();
}

result<std::string> read_whole_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return system_failure("could not open " + path.string(), errno);
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

result<sandbox_state> read_state(const sandbox_layout& layout) {
  BOOST_OUTCOME_TRY(const std::string text, read_whole_file(layout.state()));
  return sandbox_state_from_json(text);
}

result<void> write_state(const sandbox_layout& layout, const sandbox_state& state) {
  return write_private_file(layout.state(), sandbox_state_to_json(state));
}

}  // namespace pgrant::detail
