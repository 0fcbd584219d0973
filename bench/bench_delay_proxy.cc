// SPDX-License-Identifier: Apache-2.0
// A link to a server on loopback on which every byte takes its time, in each direction. Prints its
// port and ends with its input.
//
//     bench_delay_proxy PORT MILLISECONDS
#include "testing/tcp_proxy.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: bench_delay_proxy PORT MILLISECONDS\n", stderr);
        return 2;
    }
    rowhaul::testing::TcpProxy proxy(std::atoi(argv[1]));
    proxy.delay(std::chrono::milliseconds(std::atoi(argv[2])));
    std::printf("%d\n", proxy.port());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    return 0;
}
