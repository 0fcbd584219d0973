// SPDX-License-Identifier: Apache-2.0
#include "tests/flows/company.h"

#include "database/sqlite_handle.h"
#include "io/digest.h"
#include "io/stream.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>

namespace rowhaul::testing {

namespace {

std::string hex_digest(HashAlgorithm algorithm, std::string_view bytes) {
    Hash hash(algorithm);
    hash.update(as_bytes(bytes));
    return hash.finish();
}

}  // namespace

Company::Company() {
    std::filesystem::create_directory(folder_ / "out");
}

void Company::sql(std::string_view statements) const {
    SqliteHandle shop(folder_ / "shop.db", SqliteAccess::Create);
    shop.execute(statements);
}

void Company::configure(std::string_view rest, std::string_view more_connections) const {
    configure_exactly(
        fmt::format("version: 1\n"
                    "connections:\n"
                    "  shop: {{ type: sqlite, path: shop.db }}\n"
                    "  export: {{ type: local, folder: out }}\n"
                    "{}\n{}",
                    more_connections, rest));
}

std::vector<std::string> Company::command(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{ROWHAUL_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

Outcome Company::rowhaul(const std::vector<std::string>& arguments, ProcessOptions options) const {
    options.working_folder = folder_.path();
    return run(command(arguments), options);
}

Process Company::start(const std::vector<std::string>& arguments, ProcessOptions options) const {
    options.working_folder = folder_.path();
    options.output = folder_ / "said";
    return {command(arguments), options};
}

json::value Company::ask(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--output", "json"});
    const auto answer = rowhaul(arguments);
    json::error_code failure;
    auto value = json::parse(answer.output, failure);
    if (failure) {
        throw std::runtime_error(
            fmt::format("not JSON: {}\nstderr: {}\nexit code {}", answer.output, answer.errors, answer.status));
    }
    return value;
}

json::array Company::history(const std::string& name) const {
    std::vector<std::string> arguments{"history"};
    if (!name.empty()) {
        arguments.push_back(name);
    }
    return ask(arguments).as_array();
}

std::vector<std::string> Company::files(std::string_view folder) const {
    const std::filesystem::path root = folder_ / folder;
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        names.push_back(entry.path().lexically_relative(root).string());
    }
    std::ranges::sort(names);
    return names;
}

std::map<std::string, std::string> Company::contents() const {
    std::map<std::string, std::string> contents;
    for (const auto& name : files("")) {
        const std::filesystem::path path = folder_ / name;
        if (!name.starts_with(".rowhaul") && name != "said" && std::filesystem::is_regular_file(path)) {
            contents[name] = read_file(path);
        }
    }
    return contents;
}

long peak_of(Process& process) {
    long peak = 0;
    while (process.running()) {
        std::ifstream status(fmt::format("/proc/{}/status", process.id()));
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with("VmHWM:")) {
                peak = std::max(peak, std::stol(line.substr(6)));
            }
        }
    }
    return peak;
}

std::string md5_of(std::string_view bytes) {
    return hex_digest(HashAlgorithm::Md5, bytes);
}

std::string sha256_of(std::string_view bytes) {
    return hex_digest(HashAlgorithm::Sha256, bytes);
}

std::string text_at(const json::value& document, std::string_view pointer) {
    const auto& value = document.at_pointer(json::string_view(pointer));
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

}  // namespace rowhaul::testing
