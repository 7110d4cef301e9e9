#include "json/time.hpp"

#include <cstdio>

namespace pgrant::json_text {

namespace {

std::string iso_seconds(std::chrono::sys_seconds t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(t - day);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", int(date.year()),
                unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                int(clock.minutes().count()), int(clock.seconds().count()));
  return text;
}

class iso_reader {
 public:
  explicit iso_reader(std::string_view text) : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<unsigned> digit() {
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return std::nullopt;
    const auto value = static_cast<unsigned>(rest_.front() - '0');
    rest_.remove_prefix(1);
    return value;
  }
  std::optional<unsigned> digits(int count, unsigned least, unsigned most) {
    unsigned number = 0;
    for (int i = 0; i < count; ++i) {
      const auto next = digit();
      if (!next) return std::nullopt;
      number = number * 10 + *next;
    }
    return number < least || number > most ? std::nullopt : std::optional(number);
  }
  // 1 to 6 digits, as microseconds.
  std::optional<unsigned> fraction() {
    unsigned number = 0, count = 0;
    for (auto next = digit(); next; next = digit(), ++count) number = number * 10 + *next;
    if (count == 0 || count > 6) return std::nullopt;
    for (; count < 6; ++count) number *= 10;
    return number;
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::string iso_time(std::chrono::sys_seconds t) {
  return iso_seconds(t) + "Z";
}

std::string iso_time(std::chrono::sys_time<std::chrono::microseconds> t) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06d", int((t - seconds).count()));
  return iso_seconds(seconds) + fraction + "Z";
}

std::optional<std::chrono::sys_time<std::chrono::microseconds>> parse_iso_time(
    std::string_view text) {
  iso_reader in(text);
  const auto year = in.digits(4, 0, 9999);
  const auto month = in.take('-') ? in.digits(2, 1, 12) : std::nullopt;
  const auto day = in.take('-') ? in.digits(2, 1, 31) : std::nullopt;
  if (!year || !month || !day) return std::nullopt;
  const auto date = std::chrono::year_month_day(std::chrono::year(int(*year)),
                                                std::chrono::month(*month), std::chrono::day(*day));
  if (!date.ok()) return std::nullopt;
  std::chrono::sys_time<std::chrono::microseconds> time = std::chrono::sys_days(date);
  if (in.at_end()) return time;
  if (!in.take('T') && !in.take('t') && !in.take(' ')) return std::nullopt;
  const auto hour = in.digits(2, 0, 23);
  const auto minute = in.take(':') ? in.digits(2, 0, 59) : std::nullopt;
  if (!hour || !minute) return std::nullopt;
  time += std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (in.take(':')) {
    const auto second = in.digits(2, 0, 59);
    if (!second) return std::nullopt;
    time += std::chrono::seconds(*second);
    if (in.take('.')) {
      const auto fraction = in.fraction();
      if (!fraction) return std::nullopt;
      time += std::chrono::microseconds(*fraction);
    }
  }
  if (!in.take('Z') && !in.take('z')) return std::nullopt;
  return in.at_end() ? std::optional(time) : std::nullopt;
}

}  // namespace pgrant::json_text
