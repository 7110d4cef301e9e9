#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "pgrant/secret_source.hpp"

namespace {

using pgrant::secret_ref;

// A directory with files for one test.
class source_directory {
 public:
  source_directory() { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  ~source_directory() {
    for (int i = 0; i < files_; ++i) ::unlink(file(i).c_str());
    ::rmdir(path_.c_str());
  }

  std::string write(std::string_view content, mode_t mode = 0600) {
    const std::string path = add();
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(descriptor >= 0);
    REQUIRE(::write(descriptor, content.data(), content.size()) ==
            static_cast<ssize_t>(content.size()));
    REQUIRE(::fchmod(descriptor, mode) == 0);
    ::close(descriptor);
    return path;
  }
  std::string add() { return file(files_++); }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string file(int number) const { return path_ + '/' + std::to_string(number); }

  std::string path_ = "/tmp/pgrant-secret-XXXXXX";
  int files_ = 0;
};

std::string source_password(const secret_ref& ref, const pgrant::resolve_options& options = {}) {
  auto found = pgrant::resolve(ref, options);
  REQUIRE(found);
  return std::string(found.value().password.reveal());
}

pgrant::error source_refusal(const secret_ref& ref, const pgrant::resolve_options& options = {}) {
  auto found = pgrant::resolve(ref, options);
  REQUIRE_FALSE(found);
  CHECK(found.error().code() == pgrant::errc::secret);
  CHECK(found.error().describe().find("hunter2") == std::string::npos);
  return found.error();
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("secret source: a file, without one line end") {
    source_directory files;
    const auto read = [&](std::string_view content) {
      return source_password(secret_ref::file(files.write(content)));
    };
    CHECK(read("hunter2") == "hunter2");
    CHECK(read("hunter2\n") == "hunter2");
    CHECK(read("hunter2\r\n") == "hunter2");
    CHECK(read("hunter2\n\n") == "hunter2\n");
    CHECK(read(" hunter2 ") == " hunter2 ");
    CHECK(read("{hunter2") == "{hunter2");
    CHECK(read("[\"hunter2\"]") == "[\"hunter2\"]");
    CHECK(read(std::string(65'536, 'x')).size() == 65'536);
  }

  TEST_CASE("secret source: files with nothing fit to read") {
    source_directory files;
    const auto refuse = [&](std::string_view content) {
      return source_refusal(secret_ref::file(files.write(content)));
    };
    refuse("");
    refuse("\n");
    refuse(std::string_view("hunter2\0", 8));
    refuse(std::string(65'537, 'x'));
    CHECK(source_refusal(secret_ref::file(files.path() + "/none")).detail() ==
          "No such file or directory");
    source_refusal(secret_ref::file(files.path()));
    source_refusal(secret_ref::file("/dev/null"));
    source_refusal(secret_ref::file(std::string("/dev\0/null", 10)));
  }

  TEST_CASE("secret source: files that others may read are refused unless allowed") {
    source_directory files;
    for (mode_t mode : {0644, 0604, 0660, 0666}) {
      const auto ref = secret_ref::file(files.write("hunter2", mode));
      CAPTURE(mode);
      CHECK(source_refusal(ref).hint().find("chmod 600") != std::string::npos);
      CHECK(source_password(ref, pgrant::resolve_options().allow_shared_files(true)) == "hunter2");
    }
    const auto group = secret_ref::file(files.write("hunter2", 0640));
    // Read access for the group is fine on root's files only.
    CHECK(pgrant::resolve(group).has_value() == (::geteuid() == 0));
    CHECK(source_password(secret_ref::file(files.write("hunter2", 0400))) == "hunter2");
  }

  TEST_CASE("secret source: a pipe") {
    source_directory files;
    const std::string path = files.add();
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    std::thread writer([&] {
      const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
      [[maybe_unused]] const auto written = ::write(descriptor, "hunter2\n", 8);
      ::close(descriptor);
    });
    CHECK(source_password(secret_ref::file(path)) == "hunter2");
    writer.join();
  }

  TEST_CASE("secret source: a vault's JSON object") {
    source_directory files;
    const auto resolve = [&](std::string_view content) {
      return pgrant::resolve(secret_ref::file(files.write(content)));
    };
    const auto login =
        resolve("{\"username\": \"ada\", \"password\": \"hunt\\\"er2\\u00e9\", \"port\": 5432}\n");
    REQUIRE(login);
    CHECK(login.value().user == "ada");
    CHECK(login.value().password.reveal() == "hunt\"er2\xc3\xa9");
    CHECK(resolve(" {\"password\":\"x\"}").value().user.empty());
    for (const char* text :
         {"{}", "{\"username\":\"ada\"}", "{\"password\":\"\"}", "{\"password\":7}",
          "{\"password\":\"hunter2\",\"username\":[]}", "{\"password\":\"hunter2\\u0000\"}"}) {
      CAPTURE(text);
      source_refusal(secret_ref::file(files.write(text)));
    }
  }

  TEST_CASE("secret source: environment variables") {
    ::setenv("PGRANT_UNIT_TEST_SECRET", "hunter2\n", 1);
    CHECK(source_password(secret_ref::env("PGRANT_UNIT_TEST_SECRET")) == "hunter2\n");
    ::setenv("PGRANT_UNIT_TEST_SECRET", "{\"password\":\"x\",\"username\":\"u\"}", 1);
    CHECK(pgrant::resolve(secret_ref::env("PGRANT_UNIT_TEST_SECRET")).value().user == "u");
    ::setenv("PGRANT_UNIT_TEST_SECRET", "", 1);
    source_refusal(secret_ref::env("PGRANT_UNIT_TEST_SECRET"));
    ::unsetenv("PGRANT_UNIT_TEST_SECRET");
    CHECK(source_refusal(secret_ref::env("PGRANT_UNIT_TEST_SECRET")).object() ==
          "secret env:PGRANT_UNIT_TEST_SECRET");
  }

  TEST_CASE("secret source: prompts, values, functions, nothing") {
    source_refusal(secret_ref::prompt());
    std::string asked_for;
    const auto options = pgrant::resolve_options()
                             .purpose("password of ada")
                             .prompt([&](std::string_view what) -> pgrant::result<pgrant::secret> {
                               asked_for = what;
                               return pgrant::secret("hunter2");
                             });
    CHECK(source_password(secret_ref::prompt(), options) == "hunter2");
    CHECK(asked_for == "password of ada");
    CHECK(source_password(secret_ref::literal(pgrant::secret("x"))) == "x");
    source_refusal(secret_ref::literal(pgrant::secret()));
    CHECK(source_password(secret_ref()) == "");

    const auto refusing = secret_ref::callback([]() -> pgrant::result<pgrant::secret> {
      return pgrant::error(pgrant::errc::timeout, "vault does not answer");
    });
    CHECK(pgrant::resolve(refusing).error().code() == pgrant::errc::timeout);
    source_refusal(secret_ref::callback(
        []() -> pgrant::result<pgrant::secret> { throw std::runtime_error("hunter2"); }));
    source_refusal(secret_ref::callback(pgrant::secret_ref::function()));
  }
}
