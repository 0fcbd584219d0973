// SPDX-License-Identifier: Apache-2.0
// Blocks of memory that cells point into: shared by a reader and the batches it filled, and used
// again when the last of them has let go.
#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace rowhaul {

class BlockPool {
public:
    // Blocks of this size come back; larger ones, made for one huge row, are freed.
    explicit BlockPool(std::size_t ordinary_bytes) : spare_(std::make_shared<Spare>()), bytes_(ordinary_bytes) {}

    // At least `bytes` of any content. May be let go on any thread, also after the pool is gone.
    std::shared_ptr<char> take(std::size_t bytes) {
        if (bytes > bytes_) {
            return {new char[bytes], std::default_delete<char[]>()};
        }
        std::unique_ptr<char[]> block;
        {
            const std::lock_guard lock(spare_->mutex);
            if (!spare_->blocks.empty()) {
                block = std::move(spare_->blocks.back());
                spare_->blocks.pop_back();
            }
        }
        if (!block) {
            block = std::make_unique_for_overwrite<char[]>(bytes_);
        }
        return {block.release(), [spare = spare_](char* returned) {
                    std::unique_ptr<char[]> owned(returned);
                    const std::lock_guard lock(spare->mutex);
                    if (spare->blocks.size() < most_spare) {
                        spare->blocks.push_back(std::move(owned));
                    }
                }};
    }

private:
    static constexpr std::size_t most_spare = 8;
    struct Spare {
        std::mutex mutex;
        std::vector<std::unique_ptr<char[]>> blocks;
    };
    std::shared_ptr<Spare> spare_;
    std::size_t bytes_;
};

}  // namespace rowhaul
