// Reads a snapshot with pgrant; prints wall seconds, ACL entries, and bytes of memory per entry.
//   bench_snapshot CONNINFO
#include <pgrant/client.hpp>
#include <pgrant/wait.hpp>

#include <malloc.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>

namespace {

std::size_t allocated_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t acl_entries(const pgrant::snapshot& state) {
  std::size_t n = 0;
  for (const auto& db : state.databases) {
    n += db.acl.items().size();
    for (const auto& s : db.schemas) n += s.acl.items().size();
    for (const auto& o : db.objects) n += o.acl.items().size();
  }
  return n;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: bench_snapshot CONNINFO\n", stderr), 2;
  const auto spec = pgrant::connection_spec::parse(argv[1]);
  if (!spec) return std::fputs(spec.error().describe().c_str(), stderr), 1;
  const auto start = std::chrono::steady_clock::now();
  boost::asio::io_context context(1);
  pgrant::client client(context.get_executor(), spec.assume_value(),
                        pgrant::client_options().keep_connections(false));
  auto read = pgrant::wait(context, client.async_inspect());
  if (!read) return std::fputs(read.error().describe().c_str(), stderr), 1;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const pgrant::snapshot kept = read.assume_value();  // Without what reading it left over.
  const std::size_t with_both = allocated_bytes();
  read = pgrant::error(pgrant::errc::internal, "");
  const std::size_t one = with_both - allocated_bytes();
  const std::size_t entries = acl_entries(kept);
  std::printf("%.3f %zu %.1f\n", took.count(), entries,
              entries == 0 ? 0.0 : static_cast<double>(one) / static_cast<double>(entries));
}
