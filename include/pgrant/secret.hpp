// Passwords and tokens, and where they come from.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "pgrant/result.hpp"

namespace pgrant {

/// Overwrites memory with zeros in a way that the optimizer keeps.
void wipe(void* memory, std::size_t size) noexcept;

/// A password or token. Owns its bytes at one place in memory from start to end (moving hands over
/// the place) and wipes them when it dies. It cannot be copied, printed or converted by accident.
/// Not thread-safe to change; any number of threads may read.
class secret {
 public:
  /// The empty secret: none.
  secret() noexcept = default;
  /// Takes the bytes over; `text` is wiped, and empty afterwards.
  explicit secret(std::string&& text);
  static secret copy_of(std::string_view text);

  secret(secret&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  secret& operator=(secret&& other) noexcept;
  ~secret() { clear(); }

  secret clone() const { return copy_of(reveal()); }
  void clear() noexcept;

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  /// The bytes, followed by a NUL byte that does not count. Valid as long as the secret is neither
  /// changed nor moved. The name is to be searched for in reviews.
  std::string_view reveal() const noexcept {
    return bytes_ ? std::string_view(bytes_.get(), size_) : std::string_view("", 0);
  }

  /// Takes the same time wherever two texts of one length differ.
  friend bool operator==(const secret& a, const secret& b) noexcept;

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

/// Where a secret comes from. A regular value that is safe to print and to store: it never shows
/// what it leads to. Copies share a value that was given in the process.
///
/// As text: `file:/run/secrets/pgrant`, `env:NAME`, `prompt`. Values and functions that a program
/// gives print as `literal` and `callback` and cannot be written in a text.
class secret_ref {
 public:
  enum class kind { none, file, env, prompt, literal, callback };
  /// Is called each time the secret is needed, on the thread that resolves it; may block.
  using function = std::function<result<secret>()>;

  /// No secret: the server is expected to ask for none.
  secret_ref() = default;
  /// Takes the text form; an empty text means none. Fails with `invalid_argument`, in words that do
  /// not repeat the text: somebody may have written the password itself in its place.
  static result<secret_ref> parse(std::string_view text);

  /// A file whose content, without one line end at its end, is the secret. See secret_source.hpp
  /// for who may be allowed to read it, and for files that hold a JSON object.
  static secret_ref file(std::string path);
  /// An environment variable, read when the secret is needed.
  static secret_ref env(std::string name);
  /// Somebody types it; the program that resolves the reference says how.
  static secret_ref prompt();
  static secret_ref literal(secret value);
  static secret_ref callback(function ask);

  kind type() const noexcept { return type_; }
  explicit operator bool() const noexcept { return type_ != kind::none; }
  /// The path of `file`, the name of `env`, else empty.
  const std::string& target() const noexcept { return target_; }
  /// The value of `literal`, else null.
  const std::shared_ptr<const secret>& value() const noexcept { return value_; }
  /// The function of `callback`, else null.
  const std::shared_ptr<const function>& source() const noexcept { return source_; }

  /// Literals are equal if their values are, callbacks if they are the same one.
  friend bool operator==(const secret_ref& a, const secret_ref& b) noexcept;

 private:
  kind type_ = kind::none;
  std::string target_;
  std::shared_ptr<const secret> value_;
  std::shared_ptr<const function> source_;
};

/// The text form, or `none`, `literal`, `callback`.
std::string to_string(const secret_ref& ref);

}  // namespace pgrant
