#include "pgrant/secret.hpp"

#include <cstring>

namespace pgrant {
namespace {

constexpr std::string_view secret_file_prefix = "file:";
constexpr std::string_view secret_env_prefix = "env:";

bool secret_environment_name(std::string_view name) noexcept {
  return !name.empty() && name.find('=') == std::string_view::npos;
}

}  // namespace

void wipe(void* memory, std::size_t size) noexcept {
  // Stores through a volatile pointer are visible behaviour: the optimizer may not drop them.
  volatile unsigned char* byte = static_cast<unsigned char*>(memory);
  while (size-- > 0) *byte++ = 0;
}

secret::secret(std::string&& text) : secret(copy_of(text)) {
  wipe(text.data(), text.size());
  text.clear();
}

secret secret::copy_of(std::string_view text) {
  secret copy;
  if (text.empty()) return copy;
  copy.bytes_ = std::make_unique<char[]>(text.size() + 1);
  std::memcpy(copy.bytes_.get(), text.data(), text.size());
  copy.size_ = text.size();
  return copy;
}

secret& secret::operator=(secret&& other) noexcept {
  if (this == &other) return *this;
  clear();
  bytes_ = std::move(other.bytes_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void secret::clear() noexcept {
  if (bytes_) wipe(bytes_.get(), size_);
  bytes_.reset();
  size_ = 0;
}

bool operator==(const secret& a, const secret& b) noexcept {
  if (a.size_ != b.size_) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size_; ++i) {
    difference |= static_cast<unsigned char>(a.bytes_[i] ^ b.bytes_[i]);
  }
  return difference == 0;
}

result<secret_ref> secret_ref::parse(std::string_view text) {
  if (text.empty()) return secret_ref();
  const auto refuse = [](const char* why) {
    return error(errc::invalid_argument, why)
        .with_field("secret")
        .with_hint("write file:PATH, env:NAME or prompt");
  };
  if (text.find('\0') != std::string_view::npos) {
    return refuse("a secret reference holds a NUL byte");
  }
  if (text == "prompt") return prompt();
  if (text.starts_with(secret_file_prefix)) {
    const std::string_view path = text.substr(secret_file_prefix.size());
    if (path.empty()) return refuse("a secret reference names no file");
    return file(std::string(path));
  }
  if (text.starts_with(secret_env_prefix)) {
    const std::string_view name = text.substr(secret_env_prefix.size());
    if (!secret_environment_name(name)) {
      return refuse("a secret reference names no environment variable");
    }
    return env(std::string(name));
  }
  return refuse("not a secret reference (its text is not repeated, it may be a secret)");
}

secret_ref secret_ref::file(std::string path) {
  secret_ref ref;
  ref.type_ = kind::file;
  ref.target_ = std::move(path);
  return ref;
}

secret_ref secret_ref::env(std::string name) {
  secret_ref ref;
  ref.type_ = kind::env;
  ref.target_ = std::move(name);
  return ref;
}

secret_ref secret_ref::prompt() {
  secret_ref ref;
  ref.type_ = kind::prompt;
  return ref;
}

secret_ref secret_ref::literal(secret value) {
  secret_ref ref;
  ref.type_ = kind::literal;
  ref.value_ = std::make_shared<const secret>(std::move(value));
  return ref;
}

secret_ref secret_ref::callback(function ask) {
  secret_ref ref;
  ref.type_ = kind::callback;
  ref.source_ = std::make_shared<const function>(std::move(ask));
  return ref;
}

bool operator==(const secret_ref& a, const secret_ref& b) noexcept {
  if (a.type_ != b.type_ || a.target_ != b.target_ || a.source_ != b.source_) return false;
  return a.value_ && b.value_ ? *a.value_ == *b.value_ : a.value_ == b.value_;
}

std::string to_string(const secret_ref& ref) {
  switch (ref.type()) {
    case secret_ref::kind::none:
      return "none";
    case secret_ref::kind::file:
      return std::string(secret_file_prefix) + ref.target();
    case secret_ref::kind::env:
      return std::string(secret_env_prefix) + ref.target();
    case secret_ref::kind::prompt:
      return "prompt";
    case secret_ref::kind::literal:
      return "literal";
    case secret_ref::kind::callback:
      return "callback";
  }
  return "none";
}

}  // namespace pgrant
