// SPDX-License-Identifier: Apache-2.0
#include "transport/retry.h"

#include "transport/path.h"
#include "transport/renaming.h"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_set>

namespace rowhaul {

namespace {

constexpr std::size_t slice_bytes = std::size_t{256} << 10;

}  // namespace

RetryTransport::RetryTransport(std::unique_ptr<Transport> inner, RetryOptions options)
    : inner_(std::move(inner)), options_(options), random_(std::random_device{}()) {}

bool RetryTransport::may_retry(const Error& error, int attempt) const {
    return error.is_transient() && attempt < options_.attempts;
}

void RetryTransport::pause(const Context& context, const Error& error, int attempt) {
    inner_->reconnect();
    const auto doubled = options_.first_pause * (1LL << std::min(attempt - 1, 20));
    const auto longest = std::min<std::chrono::milliseconds>(doubled, options_.longest_pause);
    // Half of it is chance, so that many that failed together do not come back together.
    std::uniform_int_distribution<std::chrono::milliseconds::rep> chance(longest.count() / 2, longest.count());
    const auto length = std::max(std::chrono::milliseconds(chance(random_)), error.retry_after());
    context.log(Level::Warning,
                fmt::format("{}; try {} of {} in {} ms", error.what(), attempt + 1, options_.attempts, length.count()));
    context.sleep(length);
}

template <class Verb>
auto RetryTransport::retrying(const Context& context, Verb&& verb) {
    for (int attempt = 1;; ++attempt) {
        try {
            return verb();
        } catch (const Error& error) {
            if (!may_retry(error, attempt)) {
                throw;
            }
            pause(context, error, attempt);
        }
    }
}

class RetryTransport::Input final : public InputStream {
public:
    Input(RetryTransport& transport, std::string path, std::uint64_t offset, std::optional<Entry> entry,
          std::unique_ptr<InputStream> inner)
        : transport_(transport),
          path_(std::move(path)),
          offset_(offset),
          entry_(std::move(entry)),
          inner_(std::move(inner)) {}

    std::size_t read(const Context& context, std::span<std::byte> into) override {
        const auto count = transport_.retrying(context, [&] {
            if (!inner_) {
                reopen(context);
            }
            try {
                return inner_->read(context, into);
            } catch (const Error&) {
                inner_.reset();
                throw;
            }
        });
        offset_ += count;
        return count;
    }

private:
    void reopen(const Context& context) {
        const auto now = transport_.inner_->stat(context, path_);
        if (!now || (entry_ && (now->size != entry_->size || now->modified != entry_->modified))) {
            throw Error(ErrorKind::Conflict, fmt::format("{} changed while it was being read", in_quotes(path_)));
        }
        inner_ = transport_.inner_->read(context, path_, offset_);
    }

    RetryTransport& transport_;
    const std::string path_;
    std::uint64_t offset_;
    const std::optional<Entry> entry_;  // as it was when reading began
    std::unique_ptr<InputStream> inner_;
};

class RetryTransport::Output final : public OutputStream {
public:
    Output(RetryTransport& transport, std::string path, std::uint64_t offset, std::unique_ptr<OutputStream> inner)
        : transport_(transport),
          path_(std::move(path)),
          window_bytes_(
              std::min(transport.options_.most_window_bytes, slice_bytes + transport.capabilities().unconfirmed_bytes)),
          window_(std::make_unique_for_overwrite<std::byte[]>(window_bytes_)),
          start_(offset),
          end_(offset),
          inner_(std::move(inner)) {}

    void write(const Context& context, std::span<const std::byte> bytes) override {
        while (!bytes.empty()) {
            const auto slice = bytes.first(std::min({bytes.size(), slice_bytes, window_bytes_}));
            bytes = bytes.subspan(slice.size());
            remember(slice);
            try {
                if (!inner_) {
                    inner_ = transport_.inner_->write(context, path_, end_ - slice.size());
                }
                inner_->write(context, slice);
            } catch (const Error& error) {
                recover(context, error, 1);
            }
        }
    }

    void commit(const Context& context) override {
        for (int attempt = 1;; ++attempt) {
            try {
                if (inner_) {
                    inner_->commit(context);
                }
                return;
            } catch (const Error& error) {
                if (recover(context, error, attempt) == Recovered::EndOnServer) {
                    return;
                }
            }
        }
    }

private:
    enum class Recovered : std::uint8_t {
        Stream,       // inner_ has taken everything so far
        EndOnServer,  // the server's file ends where ours does; inner_ is none until more is to be written
    };

    std::uint64_t window_start() const { return std::max(start_, end_ - std::min<std::uint64_t>(end_, window_bytes_)); }

    void remember(std::span<const std::byte> bytes) {
        const auto at = static_cast<std::size_t>(end_ % window_bytes_);
        const auto first = std::min(bytes.size(), window_bytes_ - at);
        std::copy_n(bytes.data(), first, window_.get() + at);
        std::copy_n(bytes.data() + first, bytes.size() - first, window_.get());
        end_ += bytes.size();
    }

    Recovered recover(const Context& context, Error error, int attempt) {
        const std::string reason = error.what();
        while (true) {
            inner_.reset();
            if (!transport_.may_retry(error, attempt)) {
                throw error;
            }
            transport_.pause(context, error, attempt++);
            try {
                const auto offset = resume_offset(context);
                if (!offset) {
                    // The server may still be writing what it had received; a later look tells.
                    throw Error(ErrorKind::Unavailable,
                                fmt::format("{}: the link broke ({}) and the server's file cannot be continued",
                                            in_quotes(path_), reason));
                }
                if (*offset == end_ && end_ != 0) {
                    return Recovered::EndOnServer;
                }
                replay(context, *offset);
                return Recovered::Stream;
            } catch (const Error& next) {
                error = next;
            }
        }
    }

    // Where to go on; nothing when the window does not reach back to it.
    std::optional<std::uint64_t> resume_offset(const Context& context) {
        const auto entry = transport_.inner_->stat(context, path_);
        const auto size = entry ? entry->size.value_or(0) : 0;
        const auto can = transport_.inner_->capabilities();
        if (window_start() == 0 && (can.resume_anywhere || !can.resume_write)) {
            return 0;
        }
        if (!can.resume_write || size < window_start()) {
            return {};
        }
        // Pipelined writes may be carried out in any order: all that may be missing is sent again.
        if (can.resume_anywhere) {
            return window_start();
        }
        return size <= end_ ? std::optional(size) : std::nullopt;
    }

    void replay(const Context& context, std::uint64_t from) {
        inner_ = transport_.inner_->write(context, path_, from);
        while (from < end_) {
            const auto at = static_cast<std::size_t>(from % window_bytes_);
            const auto size = std::min<std::uint64_t>({window_bytes_ - at, end_ - from, slice_bytes});
            inner_->write(context, std::span(window_.get() + at, static_cast<std::size_t>(size)));
            from += size;
        }
    }

    RetryTransport& transport_;
    const std::string path_;
    const std::size_t window_bytes_;
    const std::unique_ptr<std::byte[]> window_;  // a ring: the byte at position p lies at p % window_bytes_
    const std::uint64_t start_;
    std::uint64_t end_;
    std::unique_ptr<OutputStream> inner_;
};

std::optional<Entry> RetryTransport::stat(const Context& context, std::string_view path) {
    return retrying(context, [&] { return inner_->stat(context, path); });
}

void RetryTransport::list(const Context& context, std::string_view folder,
                          const std::function<bool(const Entry&)>& each) {
    // Entries that were told already are not told again.
    std::unordered_set<std::string> told;
    retrying(context, [&] {
        inner_->list(context, folder,
                     [&](const Entry& entry) { return !told.insert(entry.path).second || each(entry); });
    });
}

std::unique_ptr<InputStream> RetryTransport::read(const Context& context, std::string_view path, std::uint64_t offset) {
    return retrying(context, [&] {
        auto entry = inner_->stat(context, path);
        auto inner = inner_->read(context, path, offset);
        return std::make_unique<Input>(*this, std::string(path), offset, std::move(entry), std::move(inner));
    });
}

std::unique_ptr<OutputStream> RetryTransport::write(const Context& context, std::string_view path,
                                                    std::uint64_t offset) {
    return retrying(context, [&] {
        return std::make_unique<Output>(*this, std::string(path), offset, inner_->write(context, path, offset));
    });
}

void RetryTransport::rename(const Context& context, std::string_view from, std::string_view to) {
    bool answer_lost = false;
    retrying(context, [&] {
        if (answer_lost && was_renamed(context, *inner_, from, to)) {
            return;
        }
        try {
            inner_->rename(context, from, to);
        } catch (const Error& error) {
            answer_lost = answer_lost || error.is_transient();
            throw;
        }
    });
}

void RetryTransport::remove(const Context& context, std::string_view path) {
    retrying(context, [&] { inner_->remove(context, path); });
}

void RetryTransport::make_folder(const Context& context, std::string_view path) {
    retrying(context, [&] { inner_->make_folder(context, path); });
}

std::optional<Checksum> RetryTransport::checksum(const Context& context, std::string_view path) {
    return retrying(context, [&] { return inner_->checksum(context, path); });
}

}  // namespace rowhaul
