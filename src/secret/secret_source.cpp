#include "pgrant/secret_source.hpp"

#include <cstdlib>

#include "secret/secret_file.hpp"
#include "secret/secret_json.hpp"

namespace pgrant {
namespace {

error source_error(const secret_ref& ref, std::string message) {
  return error(errc::secret, std::move(message)).with_object("secret " + to_string(ref));
}

result<resolved_secret> source_checked(const secret_ref& ref, secret content) {
  if (content.reveal().find('\0') != std::string_view::npos) {
    return source_error(ref, "a secret holds a NUL byte");
  }
  if (content.empty()) return source_error(ref, "a secret is empty");
  return resolved_secret{{}, std::move(content)};
}

// Text that may be a vault's JSON object.
result<resolved_secret> source_text(const secret_ref& ref, secret content) {
  if (!detail::is_json_object(content.reveal())) return source_checked(ref, std::move(content));
  auto login = detail::parse_json_login(content.reveal());
  if (!login) return login.error().with_object("secret " + to_string(ref));
  BOOST_OUTCOME_TRY(auto checked, source_checked(ref, std::move(login.assume_value().password)));
  checked.user = std::move(login.assume_value().user);
  return checked;
}

secret source_without_line_end(secret content) {
  std::string_view text = content.reveal();
  if (!text.ends_with('\n')) return content;
  text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
  return secret::copy_of(text);
}

template <class Ask>
result<resolved_secret> source_asked(const secret_ref& ref, Ask&& ask) try {
  BOOST_OUTCOME_TRY(auto answer, ask());
  return source_checked(ref, std::move(answer));
} catch (...) {
  // Not its text: whoever wrote it did not think of where it might be printed.
  return source_error(ref, "the source of a secret threw an exception");
}

}  // namespace

result<resolved_secret> resolve(const secret_ref& ref, const resolve_options& options) {
  switch (ref.type()) {
    case secret_ref::kind::none:
      return resolved_secret{};
    case secret_ref::kind::file: {
      BOOST_OUTCOME_TRY(auto content,
                        detail::read_secret_file(ref.target(), options.allow_shared_files()));
      return source_text(ref, source_without_line_end(std::move(content)));
    }
    case secret_ref::kind::env: {
      const char* value = std::getenv(ref.target().c_str());
      if (value == nullptr) {
        return source_error(ref, "the environment variable of a secret is not set");
      }
      return source_text(ref, secret::copy_of(value));
    }
    case secret_ref::kind::prompt:
      if (!options.prompt()) {
        return source_error(ref, "there is nobody to ask for a secret")
            .with_hint("use a file or an environment variable");
      }
      return source_asked(ref, [&] { return options.prompt()(options.purpose()); });
    case secret_ref::kind::literal:
      return source_checked(ref, ref.value()->clone());
    case secret_ref::kind::callback:
      return source_asked(ref, [&] { return (*ref.source())(); });
  }
  return source_error(ref, "not a secret reference");
}

}  // namespace pgrant
