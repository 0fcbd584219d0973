// SPDX-License-Identifier: Apache-2.0
#include "net/resolve.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace rowhaul {

namespace {

// Shared by the asking thread and the one that hangs in the resolver; whoever leaves last frees it.
struct Question {
    explicit Question(std::string name) : host(std::move(name)), done(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~Question() { ::close(done); }
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;

    const std::string host;
    const int done;  // readable once the rest is filled in
    int status = 0;
    std::vector<std::string> addresses;
};

void ask(Question& question) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    question.status = ::getaddrinfo(question.host.c_str(), nullptr, &hints, &found);
    for (const auto* entry = found; question.status == 0 && entry != nullptr; entry = entry->ai_next) {
        char text[NI_MAXHOST];
        if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0 &&
            std::ranges::find(question.addresses, text) == question.addresses.end()) {
            question.addresses.emplace_back(text);
        }
    }
    if (found != nullptr) {
        ::freeaddrinfo(found);
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(question.done, &one, sizeof one);
}

}  // namespace

std::vector<std::string> resolve(const Context& context, const std::string& host, std::chrono::milliseconds timeout) {
    context.check();
    const auto question = std::make_shared<Question>(host);
    try {
        std::thread([question] { ask(*question); }).detach();
    } catch (const std::system_error& error) {
        throw Error(ErrorKind::Exhausted, std::string("cannot start a thread: ") + error.what());
    }
    if (!context.wait(question->done, Readiness::Read, timeout)) {
        throw Error(ErrorKind::Unavailable, "host \"" + host + "\": the name servers do not answer");
    }
    // The event orders the other thread's writes before this thread's reads.
    std::uint64_t count = 0;
    [[maybe_unused]] const auto taken = ::read(question->done, &count, sizeof count);
    if (question->status == EAI_AGAIN || question->status == EAI_SYSTEM) {
        throw Error(ErrorKind::Unavailable,
                    "host \"" + host + "\": the name servers cannot be asked: " + ::gai_strerror(question->status));
    }
    if (question->status != 0 || question->addresses.empty()) {
        throw Error(ErrorKind::NotFound, "host \"" + host + "\" is not known")
            .advise("Check the spelling of host, and whether this machine can resolve it.");
    }
    return question->addresses;
}

bool is_loopback(std::string_view address) {
    return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

}  // namespace rowhaul
