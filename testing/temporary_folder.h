// SPDX-License-Identifier: Apache-2.0
// A folder that exists for the length of a test.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace rowhaul::testing {

class TemporaryFolder {
public:
    enum class Place : std::uint8_t {
        Disk,
        Memory,  // where the machine has such a place: for hundreds of runs that would all wait for the disk
    };
    explicit TemporaryFolder(Place place = Place::Disk);
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
