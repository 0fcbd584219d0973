// SPDX-License-Identifier: Apache-2.0
// Everything that is wrong with a configuration, collected so that a person sees all of it at once,
// each with its place in the file.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

struct Position {
    std::shared_ptr<const std::string> file;  // as it was named when loaded; may be null
    int line = 0;                             // from 1; 0 = unknown
    int column = 0;

    std::string text() const;  // "rowhaul.yaml:12:5"; empty when nothing is known
};

// A message never holds the value of a secret, nor one that came from the environment or a file.
struct Problem {
    Position position;
    std::string path;  // of the option: "connections.partner.port"; may be empty
    std::string message;

    std::string text() const;  // `rowhaul.yaml:12:5: connections.partner.prot: unknown option`
};

class Node;

class Problems {
public:
    void add(Position position, std::string path, std::string message);
    void add(const Problems& others);
    // About an option of the map that is being parsed; for the `validate` of an options struct.
    void add(std::string_view option, std::string message);

    bool empty() const { return all_.empty(); }
    std::size_t size() const { return all_.size(); }
    // In the order of their places, files in the order in which they first came up.
    std::vector<Problem> sorted() const;
    // One line each.
    std::string text() const;
    // Throws one Invalid error with all lines.
    void throw_if_any() const;

    // While it lives, add(option, message) speaks of `map`, which stands at `path`.
    class Scope {
    public:
        Scope(Problems& problems, const Node& map, std::string path);
        ~Scope();
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        friend class Problems;
        Problems& problems_;
        const Node& map_;
        std::string path_;
        const Scope* outer_;
    };

private:
    std::vector<Problem> all_;
    const Scope* scope_ = nullptr;
};

// "connections" and "partner" make "connections.partner"; either may be empty.
std::string option_path(std::string_view path, std::string_view name);

}  // namespace rowhaul
