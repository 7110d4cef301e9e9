// Sees to it that no server outlives the test process, also when that one is killed.
#pragma once

#include <filesystem>

namespace test {

/// Once this process is gone, the server in that sandbox directory is stopped and the directory is
/// deleted, if they are still there.
void watch_over(const std::filesystem::path& sandbox_directory);

}  // namespace test
