// SPDX-License-Identifier: Apache-2.0
// A transport that tells a test of every step before it is taken and after it was, so that the test can
// do something to the other side, or die, just then: a decorator of Transport around any real one.
#pragma once
#include "transport/transport.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace rowhaul::testing {

enum class Step : std::uint8_t {
    Stat,
    List,
    OpenToRead,
    Read,  // some bytes of an open file
    OpenToWrite,
    Write,
    Commit,
    Rename,  // the path is the one that goes
    Remove,
    MakeFolder,
    Checksum,
};

// Shared by a test and the transports of its run; called on whichever thread takes the step.
struct Hooks {
    std::function<void(Step, std::string_view path)> before = [](Step, std::string_view) {};
    std::function<void(Step, std::string_view path)> after = [](Step, std::string_view) {};
    bool ignores_offsets = false;    // as a server that begins at the start whatever it is told
    std::int64_t says_too_much = 0;  // bytes that every size is wrong by
};

class HookedTransport final : public Transport {
public:
    HookedTransport(std::unique_ptr<Transport> inner, std::shared_ptr<Hooks> hooks)
        : inner_(std::move(inner)), hooks_(std::move(hooks)) {}

    Capabilities capabilities() const override { return inner_->capabilities(); }
    void reconnect() override { inner_->reconnect(); }
    std::optional<Entry> stat(const Context& context, std::string_view path) override {
        return step(Step::Stat, path, [&]() -> std::optional<Entry> {
            auto entry = inner_->stat(context, path);
            return entry ? std::optional(as_told(std::move(*entry))) : std::nullopt;
        });
    }
    void list(const Context& context, std::string_view folder, const std::function<bool(const Entry&)>& each) override {
        step(Step::List, folder,
             [&] { inner_->list(context, folder, [&](const Entry& entry) { return each(as_told(entry)); }); });
    }
    std::unique_ptr<InputStream> read(const Context& context, std::string_view path, std::uint64_t offset) override {
        return step(Step::OpenToRead, path, [&] {
            return std::make_unique<Input>(*this, path,
                                           inner_->read(context, path, hooks_->ignores_offsets ? 0 : offset));
        });
    }
    std::unique_ptr<OutputStream> write(const Context& context, std::string_view path, std::uint64_t offset) override {
        return step(Step::OpenToWrite, path,
                    [&] { return std::make_unique<Output>(*this, path, inner_->write(context, path, offset)); });
    }
    void rename(const Context& context, std::string_view from, std::string_view to) override {
        step(Step::Rename, from, [&] { inner_->rename(context, from, to); });
    }
    void remove(const Context& context, std::string_view path) override {
        step(Step::Remove, path, [&] { inner_->remove(context, path); });
    }
    void make_folder(const Context& context, std::string_view path) override {
        step(Step::MakeFolder, path, [&] { inner_->make_folder(context, path); });
    }
    std::optional<Checksum> checksum(const Context& context, std::string_view path) override {
        return step(Step::Checksum, path, [&] { return inner_->checksum(context, path); });
    }

private:
    class Input final : public InputStream {
    public:
        Input(HookedTransport& transport, std::string_view path, std::unique_ptr<InputStream> inner)
            : transport_(transport), path_(path), inner_(std::move(inner)) {}
        std::size_t read(const Context& context, std::span<std::byte> into) override {
            return transport_.step(Step::Read, path_, [&] { return inner_->read(context, into); });
        }

    private:
        HookedTransport& transport_;
        const std::string path_;
        std::unique_ptr<InputStream> inner_;
    };
    class Output final : public OutputStream {
    public:
        Output(HookedTransport& transport, std::string_view path, std::unique_ptr<OutputStream> inner)
            : transport_(transport), path_(path), inner_(std::move(inner)) {}
        void write(const Context& context, std::span<const std::byte> bytes) override {
            transport_.step(Step::Write, path_, [&] { inner_->write(context, bytes); });
        }
        void commit(const Context& context) override {
            transport_.step(Step::Commit, path_, [&] { inner_->commit(context); });
        }

    private:
        HookedTransport& transport_;
        const std::string path_;
        std::unique_ptr<OutputStream> inner_;
    };

    Entry as_told(Entry entry) const {
        if (entry.size) {
            *entry.size += static_cast<std::uint64_t>(hooks_->says_too_much);
        }
        return entry;
    }
    template <class Verb>
    std::invoke_result_t<Verb&> step(Step kind, std::string_view path, Verb verb) {
        hooks_->before(kind, path);
        if constexpr (std::is_void_v<std::invoke_result_t<Verb&>>) {
            verb();
            hooks_->after(kind, path);
        } else {
            auto result = verb();
            hooks_->after(kind, path);
            return result;
        }
    }

    std::unique_ptr<Transport> inner_;
    std::shared_ptr<Hooks> hooks_;
};

}  // namespace rowhaul::testing
