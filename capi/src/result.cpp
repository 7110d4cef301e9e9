#include "result.hpp"

#include <algorithm>

#include "documents.hpp"
#include "pgrant/json/audit.hpp"
#include "pgrant/json/check.hpp"
#include "pgrant/json/lease.hpp"
#include "pgrant/json/plan.hpp"
#include "pgrant/json/rotation.hpp"
#include "text.hpp"

namespace capi = pgrant::capi;

using pgrant::check_report;
using pgrant::granted_lease;
using pgrant::lease_end;
using pgrant::sweep_report;
using pgrant::capi::applied_plan;
using pgrant::capi::inventory;

pgrant_result::pgrant_result(capi::result_value of) : value(std::move(of)) {
  const auto show = [this](std::size_t count, auto&& lease_at) {
    leases = std::make_unique<pgrant_lease[]>(count);
    lease_count = count;
    for (std::size_t i = 0; i < count; ++i) leases[i].of = &lease_at(i);
  };
  if (const auto* granted = std::get_if<granted_lease>(&value)) {
    show(1, [&](std::size_t) -> const pgrant::lease& { return granted->lease; });
  } else if (const auto* list = std::get_if<std::vector<pgrant::lease>>(&value)) {
    show(list->size(), [&](std::size_t i) -> const pgrant::lease& { return (*list)[i]; });
  } else if (const auto* adopted = std::get_if<pgrant::adopt_report>(&value)) {
    show(adopted->leases.size(),
         [&](std::size_t i) -> const pgrant::lease& { return adopted->leases[i]; });
  } else if (const auto* sweep = std::get_if<sweep_report>(&value)) {
    show(sweep->ends.size(),
         [&](std::size_t i) -> const pgrant::lease& { return sweep->ends[i].lease; });
    for (const pgrant::failed_end& one : sweep->failures)
      failures.push_back(std::make_unique<pgrant_error>(capi::status_of(one.why.code()), one.why));
  }
}

std::unique_ptr<pgrant_result> capi::new_end_result(lease_end&& end) {
  sweep_report sweep;
  sweep.ends.push_back(std::move(end));
  return new_result(std::move(sweep));
}

namespace {

template <class T>
const T* part(const pgrant_result* result) noexcept {
  return capi::is_handle(result) ? std::get_if<T>(&result->value) : nullptr;
}

std::size_t finding_count(const pgrant_result* result, pgrant::finding_severity of) noexcept {
  const auto* report = part<check_report>(result);
  if (!report) return 0;
  return static_cast<std::size_t>(
      std::count_if(report->findings.begin(), report->findings.end(),
                    [of](const pgrant::finding& one) { return one.severity == of; }));
}

const pgrant::credentials* login_of(const pgrant_result* result) noexcept {
  const auto* granted = part<granted_lease>(result);
  return granted && granted->credentials ? &*granted->credentials : nullptr;
}

const lease_end* end_at(const pgrant_result* result, std::size_t index) noexcept {
  const auto* sweep = part<sweep_report>(result);
  return sweep && index < sweep->ends.size() ? &sweep->ends[index] : nullptr;
}

struct document_writer {
  std::string operator()(const check_report& report) const { return pgrant::to_json(report); }
  std::string operator()(const inventory& found) const {
    return pgrant::to_json(found.state, found.written);
  }
  std::string operator()(const pgrant::plan& made) const {
    return capi::take(pgrant::to_json(made));
  }
  std::string operator()(const applied_plan& done) const {
    return capi::apply_document(done.plan, done.report);
  }
  std::string operator()(const granted_lease& granted) const {
    return pgrant::to_json_with_password(granted);
  }
  std::string operator()(const std::vector<pgrant::lease>& list) const {
    return pgrant::to_json(list);
  }
  std::string operator()(const sweep_report& sweep) const { return pgrant::to_json(sweep); }
  std::string operator()(const pgrant::adopt_report& report) const {
    return pgrant::to_json(report);
  }
  std::string operator()(const std::vector<pgrant::audit_record>& rows) const {
    return pgrant::to_json(rows);
  }
  std::string operator()(const pgrant::audit_verdict& verdict) const {
    return pgrant::to_json(verdict);
  }
  std::string operator()(const pgrant::rotation_report& report) const {
    return pgrant::to_json(report);
  }
  std::string operator()(const pgrant::sandbox_report& report) const {
    return capi::sandbox_document(report);
  }
};

}  // namespace

pgrant_result_type pgrant_result_kind(const pgrant_result* result) {
  // The alternatives stand in the order of the constants.
  return capi::is_handle(result) ? static_cast<pgrant_result_type>(result->value.index()) + 1 : 0;
}

pgrant_status pgrant_result_to_json(const pgrant_result* result, pgrant_text** json,
                                    pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(json, "json");
    out = capi::new_text(std::visit(document_writer(), capi::checked(result, "result").value));
  });
}

void pgrant_result_destroy(pgrant_result* result) {
  if (capi::is_handle(result)) delete result;
}

size_t pgrant_result_problem_count(const pgrant_result* result) {
  return finding_count(result, pgrant::finding_severity::problem);
}

size_t pgrant_result_warning_count(const pgrant_result* result) {
  return finding_count(result, pgrant::finding_severity::warning);
}

size_t pgrant_result_step_count(const pgrant_result* result) {
  const auto* made = part<pgrant::plan>(result);
  return made ? made->steps.size() : 0;
}

size_t pgrant_result_not_granted_count(const pgrant_result* result) {
  const auto* made = part<pgrant::plan>(result);
  return made ? made->not_granted.size() : 0;
}

size_t pgrant_result_audit_count(const pgrant_result* result) {
  if (const auto* verdict = part<pgrant::audit_verdict>(result))
    return static_cast<std::size_t>(verdict->entries);
  const auto* rows = part<std::vector<pgrant::audit_record>>(result);
  return rows ? rows->size() : 0;
}

size_t pgrant_result_broken_count(const pgrant_result* result) {
  const auto* verdict = part<pgrant::audit_verdict>(result);
  return verdict ? verdict->broken.size() : 0;
}

const char* pgrant_result_broken(const pgrant_result* result, size_t index) {
  const auto* verdict = part<pgrant::audit_verdict>(result);
  return verdict && index < verdict->broken.size() ? verdict->broken[index].c_str() : "";
}

const char* pgrant_result_login(const pgrant_result* result) {
  const auto* rotated = part<pgrant::rotation_report>(result);
  return rotated ? rotated->login.c_str() : "";
}

int32_t pgrant_result_resumed(const pgrant_result* result) {
  const auto* rotated = part<pgrant::rotation_report>(result);
  return rotated && rotated->resumed;
}

size_t pgrant_result_lease_count(const pgrant_result* result) {
  return capi::is_handle(result) ? result->lease_count : 0;
}

const pgrant_lease* pgrant_result_lease(const pgrant_result* result, size_t index) {
  return index < pgrant_result_lease_count(result) ? &result->leases[index] : nullptr;
}

int32_t pgrant_result_has_credentials(const pgrant_result* result) {
  return login_of(result) != nullptr;
}

const char* pgrant_result_user(const pgrant_result* result) {
  const auto* login = login_of(result);
  return login ? login->user.c_str() : "";
}

const char* pgrant_result_password(const pgrant_result* result) {
  const auto* login = login_of(result);
  return login ? login->password.reveal().data() : "";
}

const char* pgrant_result_conninfo(const pgrant_result* result) {
  const auto* login = login_of(result);
  return login ? login->conninfo.c_str() : "";
}

int32_t pgrant_result_sessions_ended(const pgrant_result* result, size_t index) {
  const auto* end = end_at(result, index);
  return end ? end->sessions_ended : 0;
}

int32_t pgrant_result_login_dropped(const pgrant_result* result, size_t index) {
  const auto* end = end_at(result, index);
  return end && end->login_dropped;
}

size_t pgrant_result_kept_count(const pgrant_result* result, size_t index) {
  const auto* end = end_at(result, index);
  return end ? end->kept.size() : 0;
}

const char* pgrant_result_kept(const pgrant_result* result, size_t index, size_t kept) {
  const auto* end = end_at(result, index);
  return end && kept < end->kept.size() ? end->kept[kept].c_str() : "";
}

size_t pgrant_result_failure_count(const pgrant_result* result) {
  return capi::is_handle(result) ? result->failures.size() : 0;
}

const char* pgrant_result_failure_lease(const pgrant_result* result, size_t index) {
  const auto* sweep = part<sweep_report>(result);
  return sweep && index < sweep->failures.size() ? sweep->failures[index].lease.c_str() : "";
}

const pgrant_error* pgrant_result_failure(const pgrant_result* result, size_t index) {
  return index < pgrant_result_failure_count(result) ? result->failures[index].get() : nullptr;
}

int32_t pgrant_result_ghost_sessions(const pgrant_result* result) {
  const auto* sweep = part<sweep_report>(result);
  return sweep ? sweep->ghost_sessions : 0;
}
