#include "command/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>

#include "pgrant/plan_text.hpp"

namespace pgrant::command {

namespace {

bool has_colours() {
  static const bool on = [] {
    const char* unwanted = std::getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) != 0 && (unwanted == nullptr || *unwanted == '\0');
  }();
  return on;
}

// Columns on a terminal: emoji and Chinese take two, accents that are put on a letter none.
std::size_t width_of(std::string_view text) {
  std::size_t columns = 0;
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t c = 0;
    const std::size_t bytes = std::mbrtowc(&c, text.data(), text.size(), &state);
    if (bytes == 0 || bytes > text.size()) {  // No character in this locale: shown as one column.
      state = {};
      ++columns;
      text.remove_prefix(1);
      continue;
    }
    columns += static_cast<std::size_t>(std::max(0, wcwidth(c)));
    text.remove_prefix(bytes);
  }
  return columns;
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
  /// A line without its end; a signal ends it, too. While it waits, `blocked` are blocked.
  std::string read_line(const sigset_t* blocked = nullptr) const {
    std::string line;
    line.reserve(1024);  // A password is not to be left behind in memory that was outgrown.
    char c = 0;
    pollfd there{file_, POLLIN, 0};
    while (ppoll(&there, 1, nullptr, blocked) > 0 && read(file_, &c, 1) == 1 && c != '\n')
      line += c;
    return line;
  }

 private:
  int file_;
};

volatile std::sig_atomic_t interrupted_by = 0;

/// No echo as long as it lives. Who is interrupted meanwhile gets the terminal back as it was.
class no_echo {
 public:
  explicit no_echo(int terminal) : terminal_(terminal) {
    if (tcgetattr(terminal_, &before_) != 0) return;
    on_ = true;
    sigset_t noted;
    sigemptyset(&noted);
    struct sigaction note{};
    note.sa_handler = [](int signal) { interrupted_by = signal; };
    for (std::size_t i = 0; i < std::size(signals); ++i) {
      sigaction(signals[i], &note, &old_[i]);
      sigaddset(&noted, signals[i]);
    }
    // Blocked but for when we wait: one that comes just before must not be missed.
    sigprocmask(SIG_BLOCK, &noted, &unblocked_);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(terminal_, TCSAFLUSH, &quiet);
  }
  ~no_echo() {
    if (!on_) return;
    tcsetattr(terminal_, TCSAFLUSH, &before_);
    for (std::size_t i = 0; i < std::size(signals); ++i) sigaction(signals[i], &old_[i], nullptr);
    sigprocmask(SIG_SETMASK, &unblocked_, nullptr);
    if (interrupted_by != 0) std::raise(interrupted_by);
  }
  no_echo(const no_echo&) = delete;
  no_echo& operator=(const no_echo&) = delete;

  bool on() const noexcept { return on_; }
  const sigset_t* unblocked() const noexcept { return &unblocked_; }

 private:
  static constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

  int terminal_;
  bool on_ = false;
  termios before_{};
  sigset_t unblocked_{};
  struct sigaction old_[std::size(signals)] = {};
};

}  // namespace

bool has_terminal() {
  return terminal().there();
}

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

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
  const no_echo quiet(t.file());
  if (!quiet.on()) return error(errc::secret, "the terminal cannot be read");
  t.say(std::string(what) + ": ");
  secret given(t.read_line(quiet.unblocked()));
  t.say("\n");
  return given;
}

}  // namespace pgrant::command
