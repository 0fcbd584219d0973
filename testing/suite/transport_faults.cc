// SPDX-License-Identifier: Apache-2.0
#include "testing/suite/transport_faults.h"

#include "io/digest.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace rowhaul::testing {

std::ostream& operator<<(std::ostream& out, Fault fault) {
    constexpr std::array names{"NotDone", "HalfDone", "AnswerLost", "LinkDead", "LastDone", "DiskFull", "Damaged"};
    return out << names.at(static_cast<std::size_t>(fault));
}

void FaultPlan::strike(Fault fault, std::uint64_t call) {
    fault_ = fault;
    call_ = call;
    calls_ = 0;
}

void FaultTransport::break_link() {
    is_broken_ = true;
    throw Error(ErrorKind::Unavailable, "the test broke the link");
}

bool FaultTransport::strikes_next(Fault fault, int session) const {
    return plan_->fault_ == fault && !is_broken_ && session == session_ && plan_->calls_ + 1 == plan_->call_;
}

template <class Verb>
auto FaultTransport::call(int session, Verb&& verb) {
    const bool dies = plan_->fault_ == Fault::LinkDead || plan_->fault_ == Fault::LastDone;
    const bool is_dead = dies && plan_->has_struck();
    if (is_broken_ || is_dead || session != session_) {
        throw Error(ErrorKind::Unavailable, "the link is broken");
    }
    if (++plan_->calls_ != plan_->call_) {
        return verb();
    }
    switch (plan_->fault_) {
        case Fault::AnswerLost:
        case Fault::LastDone:
            verb();
            break_link();
        case Fault::DiskFull:
            throw Error(ErrorKind::Exhausted, "the test filled the disk");
        case Fault::Damaged:
            return verb();
        default:
            break_link();
    }
}

class FaultTransport::Input final : public InputStream {
public:
    Input(FaultTransport& transport, std::unique_ptr<InputStream> inner)
        : transport_(transport), session_(transport.session_), inner_(std::move(inner)) {}

    std::size_t read(const Context& context, std::span<std::byte> into) override {
        return transport_.call(session_, [&] {
            return inner_->read(context, into.first(std::min(into.size(), transport_.plan_->most_bytes)));
        });
    }

private:
    FaultTransport& transport_;
    const int session_;
    std::unique_ptr<InputStream> inner_;
};

class FaultTransport::Output final : public OutputStream {
public:
    Output(FaultTransport& transport, std::unique_ptr<OutputStream> inner)
        : transport_(transport), session_(transport.session_), inner_(std::move(inner)) {}

    void write(const Context& context, std::span<const std::byte> bytes) override {
        while (!bytes.empty()) {
            const auto bite = bytes.first(std::min(bytes.size(), transport_.plan_->most_bytes));
            bytes = bytes.subspan(bite.size());
            if (transport_.strikes_next(Fault::HalfDone, session_)) {
                inner_->write(context, bite.first(bite.size() / 2));
            }
            std::vector<std::byte> damaged;
            if (transport_.strikes_next(Fault::Damaged, session_)) {
                damaged.assign(bite.begin(), bite.end());
                damaged.front() ^= std::byte{1};
            }
            transport_.call(session_, [&] {
                inner_->write(context, damaged.empty() ? bite : std::span<const std::byte>(damaged));
            });
        }
    }
    void commit(const Context& context) override {
        transport_.call(session_, [&] { inner_->commit(context); });
    }

private:
    FaultTransport& transport_;
    const int session_;
    std::unique_ptr<OutputStream> inner_;
};

Capabilities FaultTransport::capabilities() const {
    auto can = inner_->capabilities();
    can.rename_replaces = can.rename_replaces && plan_->renames_replace;
    can.checksums = can.checksums || plan_->offers_checksums;
    return can;
}

void FaultTransport::reconnect() {
    is_broken_ = false;
    ++session_;
    inner_->reconnect();
}

std::optional<Entry> FaultTransport::stat(const Context& context, std::string_view path) {
    return call(session_, [&] { return inner_->stat(context, path); });
}

void FaultTransport::list(const Context& context, std::string_view folder,
                          const std::function<bool(const Entry&)>& each) {
    call(session_, [&] { inner_->list(context, folder, each); });
}

std::unique_ptr<InputStream> FaultTransport::read(const Context& context, std::string_view path, std::uint64_t offset) {
    return call(session_, [&] { return std::make_unique<Input>(*this, inner_->read(context, path, offset)); });
}

std::unique_ptr<OutputStream> FaultTransport::write(const Context& context, std::string_view path,
                                                    std::uint64_t offset) {
    return call(session_, [&] { return std::make_unique<Output>(*this, inner_->write(context, path, offset)); });
}

void FaultTransport::rename(const Context& context, std::string_view from, std::string_view to) {
    call(session_, [&] {
        if (!plan_->renames_replace && inner_->stat(context, to)) {
            throw Error(ErrorKind::Conflict, "this server cannot rename over an existing file");
        }
        inner_->rename(context, from, to);
    });
}

void FaultTransport::remove(const Context& context, std::string_view path) {
    call(session_, [&] { inner_->remove(context, path); });
}

void FaultTransport::make_folder(const Context& context, std::string_view path) {
    call(session_, [&] { inner_->make_folder(context, path); });
}

std::optional<Checksum> FaultTransport::checksum(const Context& context, std::string_view path) {
    return call(session_, [&]() -> std::optional<Checksum> {
        if (!plan_->offers_checksums) {
            return inner_->checksum(context, path);
        }
        const auto stream = inner_->read(context, path);
        Hash hash(HashAlgorithm::Sha256);
        std::vector<std::byte> buffer(4096);
        while (const auto count = stream->read(context, buffer)) {
            hash.update(std::span(buffer).first(count));
        }
        return Checksum{HashAlgorithm::Sha256, hash.finish()};
    });
}

}  // namespace rowhaul::testing
