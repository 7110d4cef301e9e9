#include "command/policy_file.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "pgrant/json/policy.hpp"

namespace pgrant::command {

namespace {

namespace json = boost::json;

constexpr std::size_t max_file_bytes = std::size_t{16} << 20;
constexpr int max_depth = 32;

error yaml_error(const YAML::Mark& at, const std::string& why) {
  return error(errc::invalid_argument, why)
      .with_field("line " + std::to_string(at.line + 1) + ", column " +
                  std::to_string(at.column + 1));
}

json::value scalar_value(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return json::string(text);  // It was quoted.
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true") return true;
  if (text == "false") return false;
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed == std::errc() && end == text.data() + text.size()) return number;
  return json::string(text);
}

class converter {
 public:
  result<json::value> convert(const YAML::Node& node, int depth) {
    if (depth > max_depth) return yaml_error(node.Mark(), "nested too deeply");
    const std::string& tag = node.Tag();
    if (!tag.empty() && tag != "?" && tag != "!")
      return yaml_error(node.Mark(), "tags are not taken: " + tag);
    switch (node.Type()) {
      case YAML::NodeType::Map:
        return convert_map(node, depth);
      case YAML::NodeType::Sequence:
        return convert_list(node, depth);
      case YAML::NodeType::Scalar:
        return scalar_value(node);
      default:
        return json::value(nullptr);
    }
  }

 private:
  result<json::value> convert_map(const YAML::Node& node, int depth) {
    json::object made;
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) return yaml_error(pair.first.Mark(), "a key must be a text");
      const std::string& key = pair.first.Scalar();
      if (key == "<<") return yaml_error(pair.first.Mark(), "merge keys are not taken");
      if (made.contains(key))
        return yaml_error(pair.first.Mark(), "key \"" + key + "\" comes twice");
      BOOST_OUTCOME_TRY(auto value, convert(pair.second, depth + 1));
      made.emplace(key, std::move(value));
    }
    return json::value(std::move(made));
  }

  result<json::value> convert_list(const YAML::Node& node, int depth) {
    json::array made;
    for (const auto& element : node) {
      BOOST_OUTCOME_TRY(auto value, convert(element, depth + 1));
      made.push_back(std::move(value));
    }
    return json::value(std::move(made));
  }
};

// Aliases can make a small text grow without bound, and yaml-cpp follows them by itself: refused
// before. `&` and `*` mean them only where a value starts.
std::optional<std::size_t> line_with_alias(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    char quote = 0, before = ' ';
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      const bool at_start = std::strchr(" \t[{,:-", before) != nullptr;
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if ((c == '"' || c == '\'') && at_start) {
        quote = c;
      } else if (c == '#' && (i == 0 || before == ' ')) {
        break;
      } else if ((c == '*' || c == '&') && at_start && i + 1 < line.size() &&
                 std::isalnum(static_cast<unsigned char>(line[i + 1])) != 0 &&
                 (i == 0 || std::strchr(" \t[{,", before) != nullptr)) {
        return number;
      }
      before = c;
    }
  }
  return std::nullopt;
}

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

result<std::string> yaml_to_json(const std::string& text) {
  if (const auto line = line_with_alias(text))
    return error(errc::invalid_argument, "anchors and aliases are not taken")
        .with_field("line " + std::to_string(*line))
        .with_hint("write it out, or put it into quotes if it is a text");
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() != 1)
      return error(errc::invalid_argument, "the file must hold one document");
    BOOST_OUTCOME_TRY(const auto value, converter().convert(documents.front(), 0));
    return json::serialize(value);
  } catch (const YAML::Exception& why) {
    return yaml_error(why.mark, "not well-formed YAML: " + why.msg);
  }
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
