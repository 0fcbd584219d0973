// SPDX-License-Identifier: Apache-2.0
// What every transport must do, tested against a real place. A transport's test instantiates it:
//
//     INSTANTIATE_TEST_SUITE_P(Local, TransportSuite, ::testing::Values(TransportCase{"plain", start}), name_of_case);
//
// and LinkedTransportSuite beside it when it goes over a network.
#pragma once
#include "testing/tcp_proxy.h"
#include "transport/transport.h"

#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <ostream>
#include <string>
#include <thread>

namespace rowhaul::testing {

// A server with an empty folder of its own, and how to reach it.
class TransportPlace {
public:
    virtual ~TransportPlace() = default;
    // A fresh session, through link() when there is one, with time-outs of about two seconds.
    virtual std::unique_ptr<Transport> connect() = 0;
    // The connection's folder as it lies on this machine's disk.
    virtual std::filesystem::path folder() const = 0;
    virtual TcpProxy* link() { return nullptr; }
};

struct TransportCase {
    std::string name;
    std::function<std::unique_ptr<TransportPlace>()> start;
};

inline std::ostream& operator<<(std::ostream& out, const TransportCase& transport_case) {
    return out << transport_case.name;
}

inline std::string name_of_case(const ::testing::TestParamInfo<TransportCase>& info) {
    return info.param.name;
}

class TransportSuite : public ::testing::TestWithParam<TransportCase> {
protected:
    TransportSuite();
    ~TransportSuite() override;

    // On the server, as seen from the disk.
    std::string on_disk(std::string_view path) const;
    bool exists_on_disk(std::string_view path) const;
    // Everything below the folder, sorted.
    std::vector<std::string> files_on_disk() const;

    std::unique_ptr<TransportPlace> place_;
    std::unique_ptr<Transport> transport_;
    StopSignal stop_;
    Context context_;
};

// For transports with a link to break.
class LinkedTransportSuite : public TransportSuite {
protected:
    TcpProxy& link() { return *place_->link(); }
    // What `verb` threw after a stop request that came while it hung; fails when it took a second.
    Error stopped_while(const std::function<void()>& verb);
};

// Deterministic bytes that no compression or repetition could hide a loss in.
std::string noise(std::size_t size);
std::string sha256_of(std::string_view text);
void write_text(const Context&, Transport&, std::string_view path, std::string_view text, std::uint64_t offset = 0);
std::string read_text(const Context&, Transport&, std::string_view path, std::uint64_t offset = 0);
// The kind of what `verb` throws; adds a failure when it throws nothing. `message` gets its text.
ErrorKind kind_thrown(const std::function<void()>& verb, std::string* message = nullptr);

}  // namespace rowhaul::testing
