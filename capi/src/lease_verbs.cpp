// The verbs about leases and the audit trail.
#include "client_verb.hpp"
#include "text.hpp"

namespace capi = pgrant::capi;

namespace {

using capi::as_result;
using capi::begin_verb;
using capi::start_verb;
using capi::state_ptr;

std::string required(const char* text, std::size_t size, const char* what) {
  std::string given(capi::text_in(text, size, what));
  if (given.empty()) capi::refuse(what, std::string(what) + " is empty");
  return given;
}

}  // namespace

pgrant_status pgrant_client_grant_start(pgrant_client* client, const pgrant_options* options,
                                        pgrant_queue* queue, uint64_t tag,
                                        pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    auto what = capi::read_grant_options(options);
    return [&of, what = std::move(what)](const state_ptr& state) mutable {
      using report = pgrant::granted_lease;
      return begin_verb<report>(of, state, as_result<report>(), [&](pgrant::client& c, auto done) {
        c.async_grant(std::move(what), std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_leases_start(pgrant_client* client, const pgrant_options* options,
                                         pgrant_queue* queue, uint64_t tag,
                                         pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    auto what = capi::read_lease_options(options);
    return [&of, what = std::move(what)](const state_ptr& state) mutable {
      using report = std::vector<pgrant::lease>;
      return begin_verb<report>(of, state, as_result<report>(), [&](pgrant::client& c, auto done) {
        c.async_leases(std::move(what), std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_extend_start(pgrant_client* client, const pgrant_options* options,
                                         pgrant_queue* queue, uint64_t tag,
                                         pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    auto what = capi::read_extend_options(options);
    return [&of, what = std::move(what)](const state_ptr& state) mutable {
      auto make = [](pgrant::lease&& extended) {
        std::vector<pgrant::lease> one;
        one.push_back(std::move(extended));
        return capi::new_result(std::move(one));
      };
      return begin_verb<pgrant::lease>(of, state, make, [&](pgrant::client& c, auto done) {
        c.async_extend(std::move(what), std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_revoke_start(pgrant_client* client, const char* lease, size_t size,
                                         pgrant_queue* queue, uint64_t tag,
                                         pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    return [&of, id = required(lease, size, "lease")](const state_ptr& state) mutable {
      auto make = [](pgrant::lease_end&& end) { return capi::new_end_result(std::move(end)); };
      return begin_verb<pgrant::lease_end>(of, state, make, [&](pgrant::client& c, auto done) {
        c.async_revoke(std::move(id), std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_revoke_grantee_start(pgrant_client* client, const char* grantee,
                                                 size_t size, pgrant_queue* queue, uint64_t tag,
                                                 pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    return [&of, name = required(grantee, size, "grantee")](const state_ptr& state) mutable {
      using report = pgrant::sweep_report;
      return begin_verb<report>(of, state, as_result<report>(), [&](pgrant::client& c, auto done) {
        c.async_revoke_grantee(std::move(name), std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_revoke_bundle_start(pgrant_client* client, const char* bundle,
                                                size_t size, pgrant_queue* queue, uint64_t tag,
                                                pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    return [&of, name = required(bundle, size, "bundle")](const state_ptr& state) mutable {
      using report = pgrant::sweep_report;
      return begin_verb<report>(of, state, as_result<report>(), [&](pgrant::client& c, auto done) {
        c.async_revoke_bundle(std::move(name), std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_revoke_all_start(pgrant_client* client, pgrant_queue* queue,
                                             uint64_t tag, pgrant_operation** operation,
                                             pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    return [&of](const state_ptr& state) mutable {
      using report = pgrant::sweep_report;
      return begin_verb<report>(of, state, as_result<report>(), [&](pgrant::client& c, auto done) {
        c.async_revoke_all(std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_expire_start(pgrant_client* client, pgrant_queue* queue, uint64_t tag,
                                         pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    return [&of](const state_ptr& state) mutable {
      using report = pgrant::sweep_report;
      return begin_verb<report>(of, state, as_result<report>(), [&](pgrant::client& c, auto done) {
        c.async_expire(std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_adopt_start(pgrant_client* client, int32_t write, pgrant_queue* queue,
                                        uint64_t tag, pgrant_operation** operation,
                                        pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    auto what = write ? pgrant::adopt_mode::write : pgrant::adopt_mode::show;
    return [&of, what = std::move(what)](const state_ptr& state) mutable {
      using report = pgrant::adopt_report;
      return begin_verb<report>(of, state, as_result<report>(), [&](pgrant::client& c, auto done) {
        c.async_adopt(std::move(what), std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_audit_start(pgrant_client* client, const pgrant_options* options,
                                        pgrant_queue* queue, uint64_t tag,
                                        pgrant_operation** operation, pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    auto what = capi::read_audit_options(options);
    return [&of, what = std::move(what)](const state_ptr& state) mutable {
      using report = std::vector<pgrant::audit_record>;
      return begin_verb<report>(of, state, as_result<report>(), [&](pgrant::client& c, auto done) {
        c.async_audit(std::move(what), std::move(done));
      });
    };
  });
}

pgrant_status pgrant_client_verify_audit_start(pgrant_client* client, pgrant_queue* queue,
                                               uint64_t tag, pgrant_operation** operation,
                                               pgrant_error** err) {
  return start_verb(client, queue, tag, operation, err, [&](capi::client_state& of) {
    return [&of](const state_ptr& state) mutable {
      using report = pgrant::audit_verdict;
      return begin_verb<report>(of, state, as_result<report>(), [&](pgrant::client& c, auto done) {
        c.async_verify_audit(std::move(done));
      });
    };
  });
}
