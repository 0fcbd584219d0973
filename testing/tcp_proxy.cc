// SPDX-License-Identifier: Apache-2.0
#include "testing/tcp_proxy.h"

#include "base/descriptor.h"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <deque>
#include <fcntl.h>
#include <list>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace rowhaul::testing {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t chunk_bytes = std::size_t{256} << 10;
// A slow link holds what is on its way; any other holds little, as real ones do.
constexpr std::size_t queue_bytes = std::size_t{1} << 20;
constexpr std::size_t slow_queue_bytes = std::size_t{64} << 20;
constexpr int socket_buffer_bytes = 256 << 10;
constexpr milliseconds quiet_before_cut{200};

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

void send_at_once(int descriptor) {
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// The system's own buffers would hold tens of megabytes where it is set up so.
void hold_little(int descriptor) {
    for (const int buffer : {SO_RCVBUF, SO_SNDBUF}) {
        ::setsockopt(descriptor, SOL_SOCKET, buffer, &socket_buffer_bytes, sizeof socket_buffer_bytes);
    }
}

struct Chunk {
    Clock::time_point due;
    std::vector<char> bytes;
    std::size_t sent = 0;
};

// One direction of a connection.
struct Direction {
    int from = -1;
    int to = -1;
    std::deque<Chunk> queue;
    std::size_t queued = 0;
    bool ended = false;   // `from` will send no more
    bool passed = false;  // and `to` knows

    bool takes_more(std::size_t most) const { return !ended && queued < most; }
    bool has_due(Clock::time_point now) const { return !queue.empty() && queue.front().due <= now; }
};

struct Connection {
    Descriptor client;
    Descriptor server;
    Direction up;
    Direction down;
    bool broken = false;
};

}  // namespace

class TcpProxy::Loop {
public:
    explicit Loop(int target_port) : target_port_(target_port) {
        listener_ = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        auto address = loopback(0);
        socklen_t size = sizeof address;
        if (::bind(listener_.number(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_.number(), 64) != 0 ||
            ::getsockname(listener_.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            throw std::runtime_error("the test proxy cannot listen");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }

    ~Loop() {
        change([this] { leaving_ = true; });
        thread_.join();
    }

    template <class Change>
    void change(Change&& apply) {
        {
            const std::lock_guard lock(mutex_);
            apply();
        }
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(wake_.number(), &one, sizeof one);
    }

    int port_ = 0;
    milliseconds delay_{0};
    bool stalled_ = false;
    bool loses_replies_ = false;
    bool cut_now_ = false;
    std::optional<std::uint64_t> bytes_until_cut_;
    std::atomic<int> connections_made_{0};
    std::atomic<std::uint64_t> bytes_to_server_{0};

private:
    void run() {
        while (true) {
            {
                const std::lock_guard lock(mutex_);
                if (leaving_) {
                    return;
                }
                if (cut_now_) {
                    cut_all();
                }
                move_bytes();
            }
            wait();
        }
    }

    // Needs the lock, as everything below but wait().
    void cut_all() {
        connections_.clear();
        cut_now_ = false;
        loses_replies_ = false;
        lost_at_.reset();
        bytes_until_cut_.reset();
    }

    void move_bytes() {
        accept_all();
        if (stalled_) {
            return;
        }
        for (auto& connection : connections_) {
            take(connection, connection.up);
            take(connection, connection.down);
            pass(connection, connection.up);
            pass(connection, connection.down);
        }
        connections_.remove_if([](const Connection& connection) {
            return connection.broken || (connection.up.passed && connection.down.passed);
        });
        if ((bytes_until_cut_ && *bytes_until_cut_ == 0) ||
            (lost_at_ && Clock::now() >= *lost_at_ + quiet_before_cut)) {
            cut_all();
        }
    }

    std::size_t most_queued() const { return delay_.count() > 0 ? slow_queue_bytes : queue_bytes; }

    void accept_all() {
        while (true) {
            Descriptor client(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (!client) {
                return;
            }
            ++connections_made_;
            Descriptor server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            if (delay_.count() == 0) {
                hold_little(client.number());
                hold_little(server.number());
            }
            const auto address = loopback(target_port_);
            if (::connect(server.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
                continue;
            }
            ::fcntl(server.number(), F_SETFL, O_NONBLOCK);
            send_at_once(client.number());
            send_at_once(server.number());
            auto& connection = connections_.emplace_back();
            connection.up.from = connection.down.to = client.number();
            connection.up.to = connection.down.from = server.number();
            connection.client = std::move(client);
            connection.server = std::move(server);
        }
    }

    void take(Connection& connection, Direction& direction) {
        while (direction.takes_more(most_queued()) && !connection.broken) {
            buffer_.resize(chunk_bytes);
            const auto count = ::recv(direction.from, buffer_.data(), buffer_.size(), 0);
            if (count < 0) {
                connection.broken = errno != EAGAIN && errno != EINTR;
                return;
            }
            if (count == 0) {
                direction.ended = true;
                return;
            }
            const bool is_reply = &direction == &connection.down;
            if (lost_at_ || (is_reply && loses_replies_)) {
                lost_at_ = Clock::now();
            }
            if (is_reply && loses_replies_) {
                continue;
            }
            direction.queued += static_cast<std::size_t>(count);
            direction.queue.push_back({Clock::now() + delay_, {buffer_.begin(), buffer_.begin() + count}, 0});
        }
    }

    void pass(Connection& connection, Direction& direction) {
        const bool is_upward = &direction == &connection.up;
        while (direction.has_due(Clock::now())) {
            auto& chunk = direction.queue.front();
            std::size_t size = chunk.bytes.size() - chunk.sent;
            if (is_upward && bytes_until_cut_) {
                size = static_cast<std::size_t>(std::min<std::uint64_t>(size, *bytes_until_cut_));
            }
            if (size == 0) {
                return;
            }
            const auto count = ::send(direction.to, chunk.bytes.data() + chunk.sent, size, MSG_NOSIGNAL);
            if (count < 0) {
                connection.broken = errno != EAGAIN && errno != EINTR;
                return;
            }
            const auto sent = static_cast<std::size_t>(count);
            chunk.sent += sent;
            direction.queued -= sent;
            if (is_upward) {
                bytes_to_server_ += sent;
                if (bytes_until_cut_) {
                    *bytes_until_cut_ -= sent;
                }
            }
            if (chunk.sent == chunk.bytes.size()) {
                direction.queue.pop_front();
            }
        }
        if (direction.ended && direction.queue.empty() && !direction.passed) {
            ::shutdown(direction.to, SHUT_WR);
            direction.passed = true;
        }
    }

    void wait() {
        std::vector<pollfd> watched{{wake_.number(), POLLIN, 0}, {listener_.number(), POLLIN, 0}};
        auto until = Clock::now() + milliseconds(1000);
        {
            const std::lock_guard lock(mutex_);
            const auto now = Clock::now();
            if (lost_at_) {
                until = std::min(until, *lost_at_ + quiet_before_cut);
            }
            for (auto& connection : connections_) {
                if (stalled_) {
                    break;
                }
                for (auto* direction : {&connection.up, &connection.down}) {
                    if (direction->takes_more(most_queued())) {
                        watched.push_back({direction->from, POLLIN, 0});
                    }
                    if (direction->has_due(now)) {
                        watched.push_back({direction->to, POLLOUT, 0});
                    } else if (!direction->queue.empty()) {
                        until = std::min(until, direction->queue.front().due);
                    }
                }
            }
        }
        const auto left = std::max(Clock::duration::zero(), until - Clock::now());
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
        const timespec limit{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
        ::ppoll(watched.data(), watched.size(), &limit, nullptr);
        std::uint64_t woken = 0;
        [[maybe_unused]] const auto taken = ::read(wake_.number(), &woken, sizeof woken);
    }

    const int target_port_;
    Descriptor listener_;
    Descriptor wake_;
    std::mutex mutex_;
    bool leaving_ = false;
    std::optional<Clock::time_point> lost_at_;
    std::list<Connection> connections_;
    std::vector<char> buffer_;
    std::thread thread_;
};

TcpProxy::TcpProxy(int target_port) : loop_(std::make_unique<Loop>(target_port)) {}

TcpProxy::~TcpProxy() = default;

int TcpProxy::port() const {
    return loop_->port_;
}

void TcpProxy::delay(milliseconds each_way) {
    loop_->change([&] { loop_->delay_ = each_way; });
}

void TcpProxy::stall() {
    loop_->change([&] { loop_->stalled_ = true; });
}

void TcpProxy::cut_after(std::uint64_t bytes) {
    loop_->change([&] { loop_->bytes_until_cut_ = bytes; });
}

void TcpProxy::lose_replies() {
    loop_->change([&] { loop_->loses_replies_ = true; });
}

void TcpProxy::cut() {
    loop_->change([&] { loop_->cut_now_ = true; });
}

void TcpProxy::heal() {
    loop_->change([&] {
        loop_->stalled_ = false;
        loop_->loses_replies_ = false;
        loop_->bytes_until_cut_.reset();
    });
}

int TcpProxy::connections() const {
    return loop_->connections_made_;
}

std::uint64_t TcpProxy::bytes_to_server() const {
    return loop_->bytes_to_server_;
}

}  // namespace rowhaul::testing
