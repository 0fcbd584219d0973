// SPDX-License-Identifier: Apache-2.0
// One exception type for every failure that ends an operation. Expected outcomes are return
// values; a bad row is a Reject (data/reject.h); a bug is an assertion.
#pragma once
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace rowhaul {

// What the caller may do about it; chosen where the failure is understood.
enum class ErrorKind : std::uint8_t {
    Invalid,      // options, schema or query are wrong; retrying cannot help
    NotFound,     // the named thing does not exist
    Denied,       // credentials, permissions, untrusted host key or certificate
    Conflict,     // the other side changed, exists already, or a constraint refused the write
    Unavailable,  // network, lock, overload; may work when tried again after `retry_after`
    Exhausted,    // disk full, quota exceeded: nothing helps but a person
    Guarded,      // a limit that a person had set was exceeded
    Cancelled,    // the run was asked to stop
    Internal,     // a bug in Rowhaul
};

std::string_view name_of(ErrorKind kind);

// The message says what happened, where, and which option would help.
class Error : public std::exception {
public:
    Error(ErrorKind kind, std::string message, std::chrono::milliseconds retry_after = {})
        : kind_(kind), retry_after_(retry_after), message_(std::move(message)) {}

    ErrorKind kind() const noexcept { return kind_; }
    bool is_transient() const noexcept { return kind_ == ErrorKind::Unavailable; }
    std::chrono::milliseconds retry_after() const noexcept { return retry_after_; }
    const char* what() const noexcept override { return message_.c_str(); }

    // One sentence that tells a person what to try next; empty when there is none.
    const std::string& advice() const noexcept { return advice_; }
    Error& advise(std::string advice) {
        advice_ = std::move(advice);
        return *this;
    }

    // Prepends what was being done, outermost first: "orders.csv: line 18: ...".
    Error& while_doing(std::string_view doing) {
        message_.insert(0, std::string(doing) + ": ");
        return *this;
    }

private:
    ErrorKind kind_;
    std::chrono::milliseconds retry_after_;
    std::string message_;
    std::string advice_;
};

}  // namespace rowhaul
