#include "fault/message_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <string_view>

namespace test {
namespace {

constexpr std::size_t longest_label = 70;

int unix_socket(const std::string& path, bool listening) {
  const int s = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (s < 0 || path.size() >= sizeof(name.sun_path)) return -1;
  std::strcpy(name.sun_path, path.c_str());
  const auto* address = reinterpret_cast<const sockaddr*>(&name);
  const bool done = listening ? ::bind(s, address, sizeof name) == 0 && ::listen(s, 64) == 0
                              : ::connect(s, address, sizeof name) == 0;
  if (done) return s;
  ::close(s);
  return -1;
}

bool send_all(int socket, std::string_view bytes) {
  return ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

std::size_t length_at(std::string_view bytes, std::size_t at) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return length;
}

// Takes one message out of a buffer, if it is there as a whole.
std::optional<std::string> take_message(std::string& buffer, bool typed) {
  const std::size_t before = typed ? 1 : 0;
  if (buffer.size() < before + 4) return std::nullopt;
  const std::size_t size = before + length_at(buffer, before);
  if (buffer.size() < size) return std::nullopt;
  std::string message = buffer.substr(0, size);
  buffer.erase(0, size);
  return message;
}

std::string label_of(std::string_view sql) {
  std::string label;
  for (const char c : sql) {
    if (label.size() >= longest_label) break;
    if (c != '\n') label += c;
  }
  return label;
}

}  // namespace

// One client's connection, served by a thread of its own.
class message_proxy::line {
 public:
  line(message_proxy& owner, int client, int upstream)
      : owner_(owner), client_(client), upstream_(upstream) {}
  line(const line&) = delete;
  line& operator=(const line&) = delete;
  ~line() {
    ::close(client_);
    ::close(upstream_);
  }

  void serve() {
    pollfd ends[2] = {{client_, POLLIN, 0}, {upstream_, POLLIN, 0}};
    while (!owner_.stop_) {
      ::poll(ends, 2, 100);
      if ((ends[1].revents & (POLLIN | POLLHUP)) != 0 && !from_server(true)) return;
      if ((ends[0].revents & (POLLIN | POLLHUP)) != 0 && !from_client()) return;
    }
  }

 private:
  static bool read_some(int socket, std::string& buffer) {
    char bytes[16384];
    const auto got = ::read(socket, bytes, sizeof bytes);
    if (got > 0) buffer.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }

  bool from_client() {
    if (!read_some(client_, asked_)) return false;
    while (auto message = take_message(asked_, started_)) {
      if (!pass(*message)) return false;
    }
    return true;
  }

  // Passes the message on, unless this is where the line ends.
  bool pass(const std::string& message) {
    const std::string what = describe(message);
    const bool counts = !what.empty();
    if (!counts || !owner_.is_the_point(what)) {
      note_asked(message, counts);
      return send_all(upstream_, message);
    }
    const strike& now = owner_.strike_;
    if (now.answered) {
      note_asked(message, counts);
      // The server keeps its answers to itself until it is asked for them.
      const std::string flush("H\0\0\0\4", 5);
      const bool executes = started_ && message[0] == 'E';
      if (send_all(upstream_, executes ? message + flush : message)) wait_for_answer();
    }
    owner_.struck_ = true;
    if (now.act) now.act();
    return false;
  }

  // Empty for messages that only prepare others.
  std::string describe(const std::string& message) {
    if (!started_) {
      return length_at(message, 4) >> 16 == 3 ? "start" : "";
    }
    switch (message[0]) {
      case 'P': {
        const std::size_t name = message.find('\0', 5);
        parsed_[message.substr(5, name - 5)] = label_of(message.c_str() + name + 1);
        return "";
      }
      case 'B': {
        const std::size_t portal = message.find('\0', 5);
        bound_ = parsed_[std::string(message.c_str() + portal + 1)];
        return "";
      }
      case 'E':
        return bound_;
      case 'Q':
        return label_of(message.c_str() + 5);
      case 'S':
        return "sync";
      default:
        return "";
    }
  }

  void note_asked(const std::string& message, bool counts) {
    const bool start = !started_;
    if (start && counts) started_ = true;
    if (counts && !(skipping_ && message[0] == 'E')) open_.push_back(start ? 'Q' : message[0]);
  }

  bool from_server(bool forward) {
    std::string bytes;
    if (!read_some(upstream_, bytes)) return false;
    answers_ += bytes;
    while (auto message = take_message(answers_, true)) note_answer((*message)[0]);
    return !forward || send_all(client_, bytes);
  }

  void note_answer(char type) {
    if (open_.empty()) return;
    if (type == 'C' || type == 'I' || type == 's') {
      if (open_.front() == 'E') open_.pop_front();
    } else if (type == 'E') {
      skipping_ = open_.front() == 'E';
      while (!open_.empty() && open_.front() == 'E') open_.pop_front();
    } else if (type == 'Z') {
      skipping_ = false;
      open_.pop_front();
    }
  }

  void wait_for_answer() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    pollfd end{upstream_, POLLIN, 0};
    while (!open_.empty() && std::chrono::steady_clock::now() < deadline) {
      ::poll(&end, 1, 100);
      if (end.revents != 0 && !from_server(false)) return;
    }
  }

  message_proxy& owner_;
  int client_, upstream_;
  bool started_ = false;
  std::string asked_, answers_;
  std::map<std::string, std::string> parsed_;
  std::string bound_;
  std::deque<char> open_;  // what the server has not answered yet
  bool skipping_ = false;  // after an error, until the end of the group
};

message_proxy::message_proxy(const server& where)
    : target_(where.socket_directory() + "/.s.PGSQL." + std::to_string(where.port())) {
  static std::atomic<int> count = 0;
  directory_ = where.directory() / ("proxy" + std::to_string(++count));
  std::filesystem::create_directories(directory_);
  listener_ = unix_socket((directory_ / ".s.PGSQL.5432").string(), true);
  REQUIRE(listener_ >= 0);
  acceptor_ = std::thread([this] { accept_all(); });
}

message_proxy::~message_proxy() {
  stop_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& one : lines_) one.join();
  ::close(listener_);
}

void message_proxy::arm(strike next) {
  settle();
  const std::lock_guard lock(guard_);
  for (std::thread& one : lines_) one.join();
  lines_.clear();
  strike_ = std::move(next);
  struck_ = false;
  seen_.clear();
}

std::vector<std::string> message_proxy::seen() const {
  const std::lock_guard lock(guard_);
  return seen_;
}

void message_proxy::settle() {
  while (open_lines_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void message_proxy::accept_all() {
  for (;;) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int upstream = unix_socket(target_, false);
    if (upstream < 0) {  // the server is down
      ::close(client);
      continue;
    }
    ++open_lines_;
    const std::lock_guard lock(guard_);
    lines_.emplace_back([this, client, upstream] {
      line(*this, client, upstream).serve();
      --open_lines_;
    });
  }
}

bool message_proxy::is_the_point(std::string what) {
  const std::lock_guard lock(guard_);
  seen_.push_back(std::move(what));
  return static_cast<int>(seen_.size()) == strike_.at;
}

}  // namespace test
