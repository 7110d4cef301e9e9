#include "writer.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace pgrant::json_text {
namespace {

namespace bj = boost::json;

void write_pretty(std::string& text, const bj::value& value, const std::string& margin);

template <class Container, class Write>
void write_block(std::string& text, const Container& items, const char* brackets,
                 const std::string& margin, Write&& write) {
  text += brackets[0];
  const std::string inner = margin + "  ";
  bool first = true;
  for (const auto& item : items) {
    text += (first ? "\n" : ",\n") + inner;
    first = false;
    write(item, inner);
  }
  if (!first) text += '\n' + margin;
  text += brackets[1];
}

void write_pretty(std::string& text, const bj::value& value, const std::string& margin) {
  if (const bj::object* object = value.if_object()) {
    write_block(text, *object, "{}", margin, [&](const auto& entry, const std::string& inner) {
      text += bj::serialize(entry.key()) + ": ";
      write_pretty(text, entry.value(), inner);
    });
  } else if (const bj::array* array = value.if_array()) {
    write_block(text, *array, "[]", margin, [&](const auto& item, const std::string& inner) {
      write_pretty(text, item, inner);
    });
  } else {
    text += bj::serialize(value);
  }
}

}  // namespace

std::string to_pretty_text(const bj::value& value) {
  std::string text;
  write_pretty(text, value, "");
  text += '\n';
  return text;
}

}  // namespace pgrant::json_text
