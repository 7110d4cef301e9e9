// The first program of the documentation does what it says.
#include <doctest/doctest.h>

#include <fstream>
#include <iostream>
#include <sstream>

#include "support/main_job.hpp"

namespace first_program {
#define main program_main
#include "../../examples/first_program.cpp"
#undef main
}  // namespace first_program

TEST_SUITE("integration") {
  TEST_CASE("the first program grants a bundle, shows the login, and takes it back") {
    const auto where = test::own_server(test::versions().back());
    test::main_job job(*where);
    job.bootstrap();
    job.apply(test::shop_policy());
    const auto file = where->directory() / "connector-password";
    std::ofstream(file) << job.connector_password() << '\n';
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    const std::string connection =
        where->conninfo("postgres", job.connector_name()) + " secret=file:" + file.string();

    std::ostringstream said;
    std::streambuf* const terminal = std::cout.rdbuf(said.rdbuf());
    const auto done = first_program::run(connection.c_str(), "sales-read");
    std::cout.rdbuf(terminal);
    CHECK_MESSAGE(done, done.error().describe());
    CHECK(said.str().find("TLSv1.3") != std::string::npos);
    CHECK(said.str().find("ended") != std::string::npos);
    CHECK(test::value_of(job.run(job.connector().async_leases())).empty());
  }
}
