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

}  // namespace pgrant::json_text
