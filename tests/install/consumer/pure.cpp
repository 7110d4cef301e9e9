// Uses the pure part alone: it must link without libpq.
#include <pgrant/sql.hpp>

#include <cstdio>

int main() {
  std::puts(pgrant::quote_qualified("Odd.Schema", "orders").c_str());
}
