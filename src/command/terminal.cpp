#include "command/terminal.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "pgrant/plan_text.hpp"

namespace pgrant::command {

namespace {

bool has_colours() {
  static const bool on = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  return on;
}

// Code points, which is close enough to columns for names and dates.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & '\xc0') != '\x80'; }));
}

class terminal {
 public:
  terminal() : file_(open("/dev/tty", O_RDWR | O_CLOEXEC)) {}
  ~terminal() {
    if (file_ >= 0) close(file_);
  }
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  bool there() const noexcept { return file_ >= 0 && isatty(STDIN_FILENO) != 0; }
  int file() const noexcept { return file_; }
  void say(std::string_view text) const {
    if (write(file_, text.data(), text.size()) < 0) return;
  }
  /// A line without its end.
  std::string read_line() const {
    std::string line;
    char c = 0;
    while (read(file_, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }

 private:
  int file_;
};

}  // namespace

std::string styled(std::string_view text, style how) {
  const char* code = nullptr;
  switch (how) {
    case style::plain:
      break;
    case style::bold:
      code = "1";
      break;
    case style::good:
      code = "32";
      break;
    case style::bad:
      code = "31";
      break;
    case style::warn:
      code = "33";
      break;
    case style::dim:
      code = "2";
      break;
  }
  if (code == nullptr || !has_colours()) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  std::vector<std::vector<std::string>> shown;
  for (const auto& row : rows) {
    auto& cells = shown.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells.push_back(printable(row[i]));
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], width_of(cells[i]));
    }
  }
  std::string text;
  for (std::size_t r = 0; r < shown.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < shown[r].size(); ++i) {
      line += shown[r][i];
      if (i + 1 < shown[r].size()) line.append(widths[i] - width_of(shown[r][i]) + 2, ' ');
    }
    text += (r == 0 ? styled(line, style::bold) : line) + "\n";
  }
  return text;
}

progress_bar::~progress_bar() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

void progress_bar::show(std::size_t done, std::size_t total, std::string_view where) {
  if (isatty(STDERR_FILENO) == 0 || total == 0) return;
  constexpr std::size_t cells = 24;
  const std::size_t filled = std::min(done, total) * cells / total;
  const std::string bar = std::string(filled, '#') + std::string(cells - filled, '.');
  std::fprintf(stderr, "\r\x1b[K%s [%s] %zu/%zu %s", what_.c_str(), bar.c_str(), done, total,
               printable(where).c_str());
  std::fflush(stderr);
  shown_ = true;
}

result<bool> confirm(std::string_view question) {
  const terminal t;
  if (!t.there())
    return error(errc::invalid_argument, "there is no terminal to ask on")
        .with_hint("give --yes to do it without a question");
  t.say(std::string(question) + " [y/N] ");
  const std::string answer = t.read_line();
  return answer == "y" || answer == "Y" || answer == "yes";
}

result<secret> ask_password(std::string_view what) {
  const terminal t;
  if (!t.there())
    return error(errc::secret, "there is no terminal to ask for a password on")
        .with_hint("give --password-file, or secret=file:PATH or secret=env:NAME in the DSN");
  termios before{};
  if (tcgetattr(t.file(), &before) != 0) return error(errc::secret, "the terminal cannot be read");
  termios quiet = before;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(t.file(), TCSAFLUSH, &quiet);
  t.say(std::string(what) + ": ");
  secret given(t.read_line());
  tcsetattr(t.file(), TCSAFLUSH, &before);
  t.say("\n");
  return given;
}

}  // namespace pgrant::command
