// SPDX-License-Identifier: Apache-2.0
// A transport whose link breaks at the call that a test names, and that can be made to carry a few
// bytes at a time: a decorator of Transport, as a retry is, around any real one.
//
// A call is a verb, or a read, write or commit of one of its streams. A link that broke stays broken
// for everything until reconnect(), as a session's does; streams made before stay broken for ever.
#pragma once
#include "transport/transport.h"

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <ostream>

namespace rowhaul::testing {

enum class Fault : std::uint8_t {
    NotDone,     // the link breaks before the server has heard anything
    HalfDone,    // a write breaks with half of its bytes there; other calls as NotDone
    AnswerLost,  // the server does it, and its answer never arrives
    LinkDead,    // the link breaks, and no new one can be made
    LastDone,    // the server does it, but no answer arrives, and no new link can be made
    DiskFull,    // the server refuses, with an error that no second try can mend
    Damaged,     // a write puts another byte there and nobody says so; other calls go well
};

std::ostream& operator<<(std::ostream&, Fault);

// Which call goes wrong, and how; shared by a test and the transports that it looks at. Calls are
// counted over all of them, which may be used by several threads, each by one at a time.
class FaultPlan {
public:
    // From now on call number `call`, counted from 1, goes wrong; calls made before do not count.
    void strike(Fault fault, std::uint64_t call);
    void heal() { strike(Fault::NotDone, never); }
    // Whether that call was made.
    bool has_struck() const { return calls_ >= call_; }

    std::size_t most_bytes = std::numeric_limits<std::size_t>::max();  // that one read or write carries
    bool renames_replace = true;    // false: as a server that cannot rename over an existing file
    bool offers_checksums = false;  // true: as a server that takes the SHA-256 of its files

private:
    friend class FaultTransport;
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

    Fault fault_ = Fault::NotDone;
    std::uint64_t call_ = never;
    std::atomic<std::uint64_t> calls_ = 0;
};

class FaultTransport final : public Transport {
public:
    FaultTransport(std::unique_ptr<Transport> inner, std::shared_ptr<FaultPlan> plan)
        : inner_(std::move(inner)), plan_(std::move(plan)) {}

    Capabilities capabilities() const override;
    void reconnect() override;
    std::optional<Entry> stat(const Context&, std::string_view path) override;
    void list(const Context&, std::string_view folder, const std::function<bool(const Entry&)>& each) override;
    std::unique_ptr<InputStream> read(const Context&, std::string_view path, std::uint64_t offset) override;
    std::unique_ptr<OutputStream> write(const Context&, std::string_view path, std::uint64_t offset) override;
    void rename(const Context&, std::string_view from, std::string_view to) override;
    void remove(const Context&, std::string_view path) override;
    void make_folder(const Context&, std::string_view path) override;
    std::optional<Checksum> checksum(const Context&, std::string_view path) override;

private:
    class Input;
    class Output;

    // Runs `verb`, as one call of the session with this number.
    template <class Verb>
    auto call(int session, Verb&& verb);
    bool strikes_next(Fault fault, int session) const;
    [[noreturn]] void break_link();

    std::unique_ptr<Transport> inner_;
    std::shared_ptr<FaultPlan> plan_;
    int session_ = 0;
    bool is_broken_ = false;
};

}  // namespace rowhaul::testing
