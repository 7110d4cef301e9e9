#include "pgrant/plan_text.hpp"

#include "pgrant/sql.hpp"

namespace pgrant {

plan_text_options& plan_text_options::longest_statement(std::size_t bytes) {
  longest_statement_ = bytes;
  return *this;
}

namespace {

constexpr char plan_text_hex[] = "0123456789abcdef";

void plan_text_escape(std::string& text, unsigned char byte) {
  text += "\\x";
  text += plan_text_hex[byte >> 4];
  text += plan_text_hex[byte & 15];
}

/// How many bytes at `at` a terminal or an editor would obey instead of showing: C0 and C1
/// controls, DEL, and the characters that turn the direction of writing. 0: none.
std::size_t plan_text_unsafe(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) return 2;
  if (byte(0) != 0xe2) return 0;
  const bool marks = byte(1) == 0x80 && (byte(2) == 0x8e || byte(2) == 0x8f);
  const bool overrides = byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae;
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
  return marks || overrides || isolates ? 3 : 0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t unsafe = plan_text_unsafe(text, at);
    if (unsafe == 0) {
      shown += text[at++];
      continue;
    }
    for (std::size_t i = 0; i < unsafe; ++i)
      plan_text_escape(shown, static_cast<unsigned char>(text[at + i]));
    at += unsafe;
  }
  return shown;
}

namespace {

std::string plan_text_statement(const std::string& sql, std::size_t longest) {
  if (longest == 0 || sql.size() <= longest) return printable(sql);
  std::size_t cut = longest;
  while (cut > 0 && (static_cast<unsigned char>(sql[cut]) & 0xc0) == 0x80) --cut;
  return printable(std::string_view(sql).substr(0, cut)) + " ... (" +
         std::to_string(sql.size() - cut) + " bytes more)";
}

void plan_text_line(std::string& out, std::string_view label, std::string_view value) {
  if (value.empty()) return;
  out += "       ";
  out += label;
  out += printable(value);
  out += '\n';
}

std::string plan_text_count(std::size_t n, std::string_view one, std::string_view many) {
  return std::to_string(n) + " " + std::string(n == 1 ? one : many);
}

void plan_text_missing(std::string& out, const not_granted& missing) {
  out += "  - ";
  out += printable(missing.object);
  if (!missing.database.empty())
    out += " in database " + printable(quote_identifier(missing.database));
  if (!missing.privileges.empty()) {
    out += ": " + to_string(missing.privileges) + " for " + printable(missing.grantee);
  }
  out += '\n';
  plan_text_line(out, "why:    ", missing.reason);
  plan_text_line(out, "remedy: ", missing.remedy);
}

void plan_text_safety(std::string& out, const bundle_safety& of) {
  out += "  bundle " + printable(of.bundle) + ": grade " + std::string(to_string(of.grade));
  if (of.existing_role_grade != of.grade)
    out += ", for existing roles " + std::string(to_string(of.existing_role_grade));
  out += '\n';
  for (const safety_finding& f : of.findings) {
    if (f.severity == safety_severity::note) continue;
    out += "  - ";
    out += f.accepted ? "accepted: " : std::string(to_string(f.severity)) + ": ";
    out += f.name + ", " + printable(f.object) + '\n';
    if (f.accepted) continue;
    plan_text_line(out, "why:    ", f.reason);
    plan_text_line(out, "remedy: ", f.remedy);
  }
}

}  // namespace

std::string render(const plan& p, const plan_text_options& options) {
  std::string out = "plan for " + printable(quote_identifier(p.executor)) + " on PostgreSQL " +
                    std::to_string(p.server_version / 10000) + "." +
                    std::to_string(p.server_version % 10000) + ", cluster " +
                    printable(p.system_identifier) + ", as of " + printable(p.snapshot_taken_at) +
                    "\n";
  const std::string* database = nullptr;
  std::size_t number = 0;
  for (const step& s : p.steps) {
    if (!database || *database != s.database) {
      database = &s.database;
      out += s.database.empty() ? "\ncluster-wide\n"
                                : "\ndatabase " + printable(quote_identifier(s.database)) + "\n";
    }
    std::string label = std::to_string(++number) + ". ";
    if (label.size() < 5) label.insert(0, 5 - label.size(), ' ');
    out += "  " + label + plan_text_statement(s.sql, options.longest_statement()) + ";\n";
    plan_text_line(out, "why: ", s.reason);
    plan_text_line(out, "who: ", s.authority);
  }
  if (!p.not_granted.empty()) {
    out += "\ncannot be done by " + printable(quote_identifier(p.executor)) + "\n";
    for (const not_granted& missing : p.not_granted) plan_text_missing(out, missing);
  }
  if (!p.safety.empty()) {
    out += "\nsafety: how surely leases end\n";
    for (const bundle_safety& of : p.safety) plan_text_safety(out, of);
  }
  if (!p.warnings.empty()) {
    out += "\nwarnings\n";
    for (const std::string& warning : p.warnings) out += "  - " + printable(warning) + "\n";
  }
  out += "\n" + (p.empty() ? std::string("nothing to do")
                           : plan_text_count(p.steps.size(), "statement", "statements"));
  if (!p.not_granted.empty())
    out += ", " + std::to_string(p.not_granted.size()) + " that cannot be done";
  std::size_t refusals = 0, questions = 0;
  for (const bundle_safety& of : p.safety) {
    refusals += not_accepted(of, safety_severity::refusal).size();
    questions += not_accepted(of, safety_severity::question).size();
  }
  if (refusals != 0) out += ", " + plan_text_count(refusals, "refusal", "refusals");
  if (questions != 0) out += ", " + plan_text_count(questions, "question", "questions");
  if (!p.warnings.empty()) out += ", " + plan_text_count(p.warnings.size(), "warning", "warnings");
  return out + "\n";
}

}  // namespace pgrant
