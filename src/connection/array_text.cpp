#include "connection/array_text.hpp"

namespace pgrant::detail {
namespace {

using array_elements = std::vector<std::optional<std::string>>;

/// Reads one element and stops at the comma or brace after it. False: not the text of an array.
bool read_array_element(std::string_view& text, array_elements& out) {
  std::string value;
  bool quoted = false;
  if (text.starts_with('"')) {
    quoted = true;
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
      if (text.front() == '\\') text.remove_prefix(1);
      if (text.empty()) return false;
      value += text.front();
      text.remove_prefix(1);
    }
    if (text.empty()) return false;
    text.remove_prefix(1);
  } else {
    while (!text.empty() && text.front() != ',' && text.front() != '}') {
      if (text.front() == '{' || text.front() == '"') return false;
      if (text.front() == '\\') text.remove_prefix(1);
      if (text.empty()) return false;
      value += text.front();
      text.remove_prefix(1);
    }
    if (value.empty()) return false;
  }
  if (!quoted && value == "NULL") {
    out.emplace_back(std::nullopt);
  } else {
    out.emplace_back(std::move(value));
  }
  return !text.empty() && (text.front() == ',' || text.front() == '}');
}

}  // namespace

std::optional<array_elements> parse_array(std::string_view text) {
  if (text.starts_with('[')) {
    const auto brace = text.find("={");
    if (brace == text.npos || text.substr(1, brace).find('[') != text.npos) return std::nullopt;
    text.remove_prefix(brace + 1);
  }
  if (!text.starts_with('{')) return std::nullopt;
  text.remove_prefix(1);
  array_elements elements;
  if (text == "}") return elements;
  for (;;) {
    if (!read_array_element(text, elements)) return std::nullopt;
    const bool more = text.front() == ',';
    text.remove_prefix(1);
    if (!more) break;
  }
  if (!text.empty()) return std::nullopt;
  return elements;
}

}  // namespace pgrant::detail
