// SPDX-License-Identifier: Apache-2.0
// A folder that exists for the length of a test.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace rowhaul::testing {

class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::string operator/(std::string_view name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

// Whole content of a file; fails the test's assumption with std::runtime_error when unreadable.
std::string read_file(const std::filesystem::path&);
void write_file(const std::filesystem::path&, std::string_view content);

}  // namespace rowhaul::testing
