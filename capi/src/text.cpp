#include "text.hpp"

#include <cstring>

#include "json/utf8.hpp"

namespace pgrant::capi {

namespace {

std::string_view bytes_in(const char* text, std::size_t size, const char* what) {
  if (!text) {
    if (size == 0 || size == PGRANT_NUL_TERMINATED) return {};
    refuse(what, std::string(what) + " is NULL, but has a length");
  }
  if (size == PGRANT_NUL_TERMINATED) size = ::strnlen(text, PGRANT_MAX_TEXT + std::size_t{1});
  if (size > PGRANT_MAX_TEXT) refuse(what, std::string(what) + " is too long");
  const std::string_view bytes(text, size);
  if (bytes.find('\0') != bytes.npos) refuse(what, std::string(what) + " holds a NUL byte");
  return bytes;
}

bool is_ascii(std::string_view text) noexcept {
  for (const char c : text)
    if (static_cast<unsigned char>(c) > 127) return false;
  return true;
}

}  // namespace

std::string_view text_in(const char* text, std::size_t size, const char* what) {
  const std::string_view bytes = bytes_in(text, size, what);
  if (!is_ascii(bytes) && json_text::to_valid_utf8(bytes) != bytes)
    refuse(what, std::string(what) + " is not UTF-8");
  return bytes;
}

std::string_view secret_in(const char* text, std::size_t size, const char* what) {
  const std::string_view bytes = bytes_in(text, size, what);
  if (bytes.empty()) refuse(what, std::string(what) + " is empty");
  return bytes;
}

pgrant_text* new_text(std::string text) {
  return new_text(secret(std::move(text)));
}

pgrant_text* new_text(secret text) {
  auto* made = new pgrant_text;
  made->bytes = std::move(text);
  return made;
}

}  // namespace pgrant::capi

const char* pgrant_text_data(const pgrant_text* text) {
  return pgrant::capi::is_handle(text) ? text->bytes.reveal().data() : "";
}

size_t pgrant_text_size(const pgrant_text* text) {
  return pgrant::capi::is_handle(text) ? text->bytes.size() : 0;
}

void pgrant_text_destroy(pgrant_text* text) {
  if (pgrant::capi::is_handle(text)) delete text;
}
