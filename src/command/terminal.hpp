// What a person sees: tables, colours, progress, questions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "pgrant/result.hpp"
#include "pgrant/secret.hpp"

namespace pgrant::command {

/// Where a text goes decides whether it may have colours: only on a terminal, and not with
/// NO_COLOR set.
enum class style { plain, bold, good, bad, warn, dim };
std::string styled(std::string_view text, style how);

/// One word of a shell's command line, whatever is in it.
std::string shell_quoted(std::string_view text);

/// Rows with aligned columns; the first one is the heading. Cells are made `printable`.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// A bar on standard error, if that is a terminal.
class progress_bar {
 public:
  explicit progress_bar(std::string what) : what_(std::move(what)) {}
  ~progress_bar();
  void show(std::size_t done, std::size_t total, std::string_view where);

 private:
  std::string what_;
  bool shown_ = false;
};

/// Somebody can be asked.
bool has_terminal();
/// Asks on the terminal. Without one: `invalid_argument`, whose hint is --yes.
result<bool> confirm(std::string_view question);
/// Asks for a password on the terminal, which does not show it. Without one: `secret`.
result<secret> ask_password(std::string_view what);

}  // namespace pgrant::command
