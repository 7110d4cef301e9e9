#include "pgrant/sandbox.hpp"

#include "documents.hpp"
#include "operation.hpp"
#include "options.hpp"
#include "spec.hpp"
#include "text.hpp"

namespace capi = pgrant::capi;

namespace {

std::filesystem::path directory_in(const char* text, std::size_t size) {
  const auto given = capi::text_in(text, size, "directory");
  if (given.empty()) capi::refuse("directory", "directory is empty");
  return std::filesystem::path(given);
}

pgrant::sandbox_options read_sandbox_options(std::filesystem::path directory,
                                             const pgrant_options* from) {
  const capi::option_reader read(from, PGRANT_OPTIONS_SANDBOX);
  pgrant::sandbox_options made(std::move(directory));
  read.text("postgresql", [&](const std::string& bin) { made.postgresql(bin); });
  read.list("search_path", [&](const std::vector<std::string>& path) {
    made.search_path({path.begin(), path.end()});
  });
  read.integer("major", 0, 99, [&](std::int64_t n) { made.major(static_cast<int>(n)); });
  read.integer("port", 0, 65'535,
               [&](std::int64_t n) { made.port(static_cast<std::uint16_t>(n)); });
  read.text("profile", [&](const std::string& name) {
    made.profile(capi::take(pgrant::parse_sandbox_profile(name)));
  });
  read.text("administrator", [&](const std::string& name) { made.administrator(name); });
  read.flag("tls", [&](bool on) { made.tls(on); });
  read.flag("content", [&](bool on) { made.content(on); });
  read.family<std::string>("setting", [&](std::string name, const std::string& value) {
    made.setting(std::move(name), value);
  });
  read.text("copy_from", [&](const std::string& directory_of) { made.copy_from(directory_of); });
  return made;
}

// Runs `work`, which gives a report, on a thread of its own.
template <class Work>
void start_work(pgrant_runtime* runtime, pgrant_queue* queue, std::uint64_t tag,
                pgrant_operation** operation, Work work) {
  const auto on = capi::checked(runtime, "runtime").shared;
  on->process().check();
  capi::start_operation(on, queue, tag, operation, [&](const auto& state) {
    on->run_blocking([state, work = std::move(work)] {
      capi::complete_with(*state, [&] { return capi::new_result(work()); });
    });
    return std::weak_ptr<capi::stop_line>();
  });
}

// The same for work on a sandbox that is there already.
pgrant_status start_on(pgrant_runtime* runtime, const char* directory, std::size_t size,
                       pgrant_queue* queue, std::uint64_t tag, pgrant_operation** operation,
                       pgrant_error** err,
                       pgrant::result<void> (pgrant::sandbox::*what)()) noexcept {
  return capi::guard(err, [&] {
    if (operation) *operation = nullptr;
    start_work(runtime, queue, tag, operation, [where = directory_in(directory, size), what] {
      auto box = capi::take(pgrant::sandbox::open(where));
      capi::take((box.*what)());
      return box.status();
    });
  });
}

}  // namespace

pgrant_status pgrant_sandbox_create_start(pgrant_runtime* runtime, const char* directory,
                                          size_t size, const pgrant_options* options,
                                          pgrant_queue* queue, uint64_t tag,
                                          pgrant_operation** operation, pgrant_error** err) {
  return capi::guard(err, [&] {
    if (operation) *operation = nullptr;
    start_work(runtime, queue, tag, operation,
               [how = read_sandbox_options(directory_in(directory, size), options)] {
                 return capi::take(pgrant::sandbox::start(how)).status();
               });
  });
}

pgrant_status pgrant_sandbox_resume_start(pgrant_runtime* runtime, const char* directory,
                                          size_t size, pgrant_queue* queue, uint64_t tag,
                                          pgrant_operation** operation, pgrant_error** err) {
  return start_on(runtime, directory, size, queue, tag, operation, err, &pgrant::sandbox::resume);
}

pgrant_status pgrant_sandbox_stop_start(pgrant_runtime* runtime, const char* directory, size_t size,
                                        pgrant_queue* queue, uint64_t tag,
                                        pgrant_operation** operation, pgrant_error** err) {
  return start_on(runtime, directory, size, queue, tag, operation, err, &pgrant::sandbox::stop);
}

pgrant_status pgrant_sandbox_remove_start(pgrant_runtime* runtime, const char* directory,
                                          size_t size, pgrant_queue* queue, uint64_t tag,
                                          pgrant_operation** operation, pgrant_error** err) {
  return start_on(runtime, directory, size, queue, tag, operation, err, &pgrant::sandbox::remove);
}

pgrant_status pgrant_sandbox_status(const char* directory, size_t size, pgrant_text** json,
                                    pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(json, "json");
    const auto box = capi::take(pgrant::sandbox::open(directory_in(directory, size)));
    out = capi::new_text(capi::sandbox_document(box.status()));
  });
}

pgrant_status pgrant_sandbox_spec(const char* directory, size_t size, pgrant_spec** spec,
                                  pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(spec, "spec");
    const auto box = capi::take(pgrant::sandbox::open(directory_in(directory, size)));
    auto made = std::make_unique<pgrant_spec>();
    made->connection = capi::take(pgrant::connection_spec::parse(box.status().admin_dsn));
    out = made.release();
  });
}

pgrant_status pgrant_sandbox_password(const char* directory, size_t size, const char* login,
                                      size_t login_size, pgrant_text** password,
                                      pgrant_error** err) {
  return capi::guard(err, [&] {
    auto& out = capi::checked_output(password, "password");
    const auto box = capi::take(pgrant::sandbox::open(directory_in(directory, size)));
    out = capi::new_text(capi::take(box.password(capi::text_in(login, login_size, "login"))));
  });
}
