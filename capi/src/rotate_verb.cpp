// The verb that gives logins new passwords.
#include <algorithm>
#include <array>
#include <limits>

#include "client_verb.hpp"
#include "store_desk.hpp"

namespace pgrant::capi {

namespace {

constexpr std::array<std::string_view, 5> rotation_steps = {"pending", "alter", "prove", "promote",
                                                            "retire"};

auto steps_into(const state_ptr& state) {
  return [state](std::string_view step) {
    const auto found = std::find(rotation_steps.begin(), rotation_steps.end(), step);
    state->progress(std::string(step), static_cast<std::uint64_t>(found - rotation_steps.begin()),
                    rotation_steps.size());
  };
}

}  // namespace

rotate_settings read_rotate_options(const pgrant_options* from) {
  const option_reader read(from, PGRANT_OPTIONS_ROTATE);
  rotate_settings made;
  bool ask = false;
  read.text("login", [&](const std::string& name) { made.options = rotation_options(name); });
  read.text("directory", [&](const std::string& path) { made.directory = path; });
  read.flag("ask_store", [&](bool on) { ask = on; });
  if (made.directory && made.directory->empty()) refuse("directory", "directory is empty");
  if (!ask && !made.directory)
    refuse("directory", "a rotation needs a directory for passwords, or a host that keeps them");
  if (ask && made.directory)
    refuse("ask_store", "passwords are kept either in a directory or by the host");
  read.integer("password_iterations", 1, std::numeric_limits<std::int32_t>::max(),
               [&](std::int64_t n) { made.options.password_iterations(static_cast<int>(n)); });
  read.flag("during_leases", [&](bool on) { made.options.during_leases(on); });
  return made;
}

}  // namespace pgrant::capi

namespace capi = pgrant::capi;

namespace {

std::shared_ptr<pgrant::async_secret_store> directory_store(std::filesystem::path directory) {
  auto files = std::make_shared<pgrant::file_secret_store>(std::move(directory));
  capi::take(files->check());
  return pgrant::async_store(std::move(files));
}

std::shared_ptr<pgrant::async_secret_store> host_store(capi::engine& on, pgrant_queue* queue,
                                                       std::uint64_t tag) {
  if (!queue)
    capi::refuse("queue", "there is no queue in which the host could be asked for its passwords");
  auto desk = std::make_shared<capi::store_desk>(capi::checked(queue, "queue").shared, tag);
  on.add(desk);
  return desk;
}

}  // namespace

pgrant_status pgrant_client_rotate_start(pgrant_client* client, const pgrant_options* options,
                                         pgrant_queue* queue, uint64_t tag,
                                         pgrant_operation** operation, pgrant_error** err) {
  return capi::start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    auto read = capi::read_rotate_options(options);
    auto store = read.directory ? directory_store(std::move(*read.directory))
                                : host_store(*of.runs_on(), queue, tag);
    return [&of, how = std::move(read.options),
            store = std::move(store)](const capi::state_ptr& state) mutable {
      how.on_step(capi::steps_into(state));
      using report = pgrant::rotation_report;
      return capi::begin_verb<report>(
          of, state, capi::as_result<report>(), [&](pgrant::client& c, auto done) {
            c.async_rotate(std::move(store), std::move(how), std::move(done));
          });
    };
  });
}
