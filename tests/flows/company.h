// SPDX-License-Identifier: Apache-2.0
// A small company for the length of a test: a folder with rowhaul.yaml, a database shop.db, a folder
// "out" for what leaves, and the real program to run on them.
#pragma once
#include "testing/eventually.h"
#include "testing/process.h"
#include "testing/temporary_folder.h"

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul::testing {

namespace json = boost::json;

class Company {
public:
    Company();

    std::string operator/(std::string_view name) const { return folder_ / name; }
    // Statements for shop.db.
    void sql(std::string_view statements) const;
    // rowhaul.yaml with the connections "shop" (shop.db) and "export" (the folder "out"), more
    // connections a line each, and what follows them.
    void configure(std::string_view rest, std::string_view more_connections = {}) const;
    // The same, to the letter.
    void configure_exactly(std::string_view yaml) const { write_file(folder_ / "rowhaul.yaml", yaml); }

    // Runs the program in this folder.
    Outcome rowhaul(const std::vector<std::string>& arguments, ProcessOptions options = {}) const;
    // The program with these arguments, as it stands on a command line.
    static std::vector<std::string> command(const std::vector<std::string>& arguments);
    // Started in this folder and left running; what it says lies in the file "said".
    Process start(const std::vector<std::string>& arguments, ProcessOptions options = {}) const;

    // What a command with --output json says.
    json::value ask(std::vector<std::string> arguments) const;
    // Latest first.
    json::array history(const std::string& name = {}) const;

    // Names of what lies in a folder and below it, hidden files too, sorted.
    std::vector<std::string> files(std::string_view folder = "out") const;
    std::string exported(std::string_view name) const { return read_file(folder_ / ("out/" + std::string(name))); }
    // Every file of the company with its content, but for the state in .rowhaul.
    std::map<std::string, std::string> contents() const;

private:
    TemporaryFolder folder_;
};

// The most memory that a process had resident, in kB, while it ran to its end.
long peak_of(Process& process);

// What md5sum and sha256sum would say.
std::string md5_of(std::string_view bytes);
std::string sha256_of(std::string_view bytes);

// A value in a JSON document by its pointer, as text.
std::string text_at(const json::value& document, std::string_view pointer);

}  // namespace rowhaul::testing
