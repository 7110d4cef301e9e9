// From a secret reference to the secret.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "pgrant/result.hpp"
#include "pgrant/secret.hpp"

namespace pgrant {

/// What a reference leads to.
struct resolved_secret {
  std::string user;  ///< Empty unless the source names one.
  secret password;   ///< Empty for a reference of kind `none`.
};

/// How references are followed.
class resolve_options {
 public:
  /// Asks somebody for a secret without showing it; `what` says which. May block.
  using prompt_function = std::function<result<secret>(std::string_view what)>;

  resolve_options() = default;

  /// Needed for references of kind `prompt`; the library itself never touches a terminal.
  resolve_options& prompt(prompt_function ask) { return prompt_ = std::move(ask), *this; }
  /// What the prompt is told; default "password".
  resolve_options& purpose(std::string what) { return purpose_ = std::move(what), *this; }
  /// Take files that others may read, too: for containers whose secrets are mounted so.
  resolve_options& allow_shared_files(bool allow) { return allow_shared_files_ = allow, *this; }

  const prompt_function& prompt() const noexcept { return prompt_; }
  const std::string& purpose() const noexcept { return purpose_; }
  bool allow_shared_files() const noexcept { return allow_shared_files_; }

 private:
  prompt_function prompt_;
  std::string purpose_ = "password";
  bool allow_shared_files_ = false;
};

/// Follows a reference, at once and each time anew: secrets rotate. Blocks as long as the file, the
/// prompt or the function takes. Reads the environment only for `env` references; a host with
/// threads must not change its environment meanwhile.
///
/// *Files*: at most 64 KiB, regular or a pipe; without one line end at the end. As libpq wants it
/// of keys, they must belong to the process's user, with no access for others, or to root, with at
/// most read access for the group.
///
/// *JSON*: content that is a JSON object must have a text "password", and may have "username": the
/// shape in which vaults keep logins. Further keys are ignored. Applies to files and variables.
///
/// Fails with `errc::secret` if there is nothing to read, it is empty, too large or holds a NUL
/// byte, or the file's permissions are too wide. No error shows any of the content. What prompt and
/// functions fail with is passed on; exceptions of theirs become `errc::secret`.
result<resolved_secret> resolve(const secret_ref& ref, const resolve_options& options = {});

}  // namespace pgrant
