// The header as C++20, included twice, with every function seen to have C linkage and no exception
// on its way. Compiling it is the test.
#include <pgrant.h>

extern "C" int32_t pgrant_abi_version(void);

int main() {
  return pgrant_abi_version() == PGRANT_ABI_MAJOR * 1000 + PGRANT_ABI_MINOR ? 0 : 1;
}
