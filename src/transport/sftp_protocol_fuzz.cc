// SPDX-License-Identifier: Apache-2.0
// Whatever a server sends, it is a packet or an Error.
#include "base/error.h"
#include "transport/sftp_protocol.h"

#include <algorithm>

namespace {

using namespace rowhaul;

void take_apart(std::span<const std::byte> packet) {
    SftpPacketReader reader(packet);
    switch (reader.type()) {
        case SftpType::Version:
            reader.u32();
            while (!reader.at_end()) {
                reader.string();
                reader.string();
            }
            break;
        case SftpType::Name:
            reader.u32();
            for (auto count = reader.u32(); count > 0; --count) {
                reader.string();
                reader.string();
                reader.attributes();
            }
            break;
        case SftpType::Attributes:
            reader.u32();
            reader.attributes();
            break;
        case SftpType::Status:
            reader.u64();
            reader.string();
            break;
        default:
            reader.u32();
            reader.bytes();
            break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::span<const std::byte> input(reinterpret_cast<const std::byte*>(data), size);
    SftpFrames frames;
    try {
        while (!input.empty()) {
            // Pieces of uneven sizes, so that packets are torn at every place.
            const auto piece = input.first(std::min<std::size_t>(input.size(), 1 + input.size() % 17));
            std::copy(piece.begin(), piece.end(), frames.room(piece.size()).begin());
            frames.filled(piece.size());
            input = input.subspan(piece.size());
            while (const auto packet = frames.next()) {
                try {
                    take_apart(*packet);
                } catch (const Error&) {  // the answer to a bad packet
                }
            }
        }
    } catch (const Error&) {  // the answer to a bad length
    }
    return 0;
}
