#include "command/yaml_json.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cstdint>
#include <optional>
#include <sstream>
#include <vector>

namespace pgrant::command {

namespace {

namespace json = boost::json;

constexpr std::size_t max_depth = 32;

error yaml_error(const YAML::Mark& at, const std::string& why) {
  return error(errc::invalid_argument, why)
      .with_field("line " + std::to_string(at.line + 1) + ", column " +
                  std::to_string(at.column + 1));
}

json::value plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed == std::errc() && end == text.data() + text.size()) return number;
  return json::string(text);
}

/// Makes a JSON value of the parser's events. The events show what a tree of nodes hides: which
/// scalar was quoted, and where an alias stood. After the first problem the rest is not looked at.
class json_maker : public YAML::EventHandler {
 public:
  const std::optional<error>& problem() const noexcept { return problem_; }
  const json::value& made() const noexcept { return whole_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override {
    if (is_plain(at, "", anchor)) put(at, nullptr, "");
  }
  void OnAlias(const YAML::Mark& at, YAML::anchor_t) override { refuse_anchor(at); }
  void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (!is_plain(at, tag, anchor)) return;
    put(at, tag == "!" ? json::value(json::string(text)) : plain_scalar(text), text);
  }
  void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    if (is_plain(at, tag, anchor)) begin(at, json::array());
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    if (is_plain(at, tag, anchor)) begin(at, json::object());
  }
  void OnMapEnd() override { end(); }

 private:
  struct level {
    json::value value;
    YAML::Mark at;
    std::optional<std::string> key;  ///< In a map: the key whose value comes next.
  };

  void refuse(const YAML::Mark& at, const std::string& why, const std::string& hint = "") {
    if (!problem_) problem_ = yaml_error(at, why).with_hint(hint);
  }
  void refuse_anchor(const YAML::Mark& at) {
    refuse(at, "anchors and aliases are not taken",
           "write it out, or put it into quotes if it is a text");
  }

  bool is_plain(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse_anchor(at);
    if (!tag.empty() && tag != "?" && tag != "!") refuse(at, "tags are not taken: " + tag);
    return !problem_;
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().value.is_object() && !open_.back().key;
  }

  void put_key(const YAML::Mark& at, const std::string& key) {
    if (key == "<<") return refuse(at, "merge keys are not taken");
    if (open_.back().value.get_object().contains(key))
      return refuse(at, "key \"" + key + "\" comes twice");
    open_.back().key = key;
  }

  /// `text` is what stood there, in case it is a key.
  void put(const YAML::Mark& at, json::value value, const std::string& text) {
    if (expects_key()) return put_key(at, text);
    if (open_.empty()) {
      whole_ = std::move(value);
    } else if (level& top = open_.back(); top.value.is_object()) {
      top.value.get_object().emplace(*top.key, std::move(value));
      top.key.reset();
    } else {
      top.value.get_array().push_back(std::move(value));
    }
  }

  void begin(const YAML::Mark& at, json::value empty) {
    if (expects_key()) return refuse(at, "a key must be a text");
    if (open_.size() >= max_depth) return refuse(at, "nested too deeply");
    open_.push_back({std::move(empty), at, std::nullopt});
  }

  void end() {
    if (problem_ || open_.empty()) return;
    level done = std::move(open_.back());
    open_.pop_back();
    put(done.at, std::move(done.value), "");
  }

  std::vector<level> open_;
  json::value whole_;
  std::optional<error> problem_;
};

}  // namespace

result<std::string> yaml_to_json(const std::string& text) {
  const error not_one(errc::invalid_argument, "the file must hold one document");
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    json_maker maker, further;
    if (!parser.HandleNextDocument(maker)) return not_one;
    if (maker.problem()) return *maker.problem();
    if (parser.HandleNextDocument(further)) return not_one;
    return json::serialize(maker.made());
  } catch (const YAML::Exception& why) {
    return yaml_error(why.mark, "not well-formed YAML: " + why.msg);
  }
}

}  // namespace pgrant::command
