// SPDX-License-Identifier: Apache-2.0
// Files in a folder of this machine (or of a file system mounted here).
//
// Stays inside its folder whatever lies there: symbolic links below it are never followed. A file
// written from its start is always a new inode, so a hard link elsewhere keeps its content. What
// commit() and rename() confirmed survives a power cut.
#pragma once
#include "base/descriptor.h"
#include "transport/publishing.h"
#include "transport/transport.h"

namespace rowhaul {

struct LocalOptions : PublishingOptions {
    std::string folder;
    bool sync = true;

    static constexpr auto spec = [] {
        return joined(options(option("folder", &LocalOptions::folder, "Folder of the files; it must exist.")
                                  .required()
                                  .example("/srv/export"),
                              option("sync", &LocalOptions::sync,
                                     "Forces every finished file to the disk before it counts as written.")
                                  .advanced()),
                      PublishingOptions::spec);
    }();
};

class LocalTransport final : public Transport {
public:
    using Options = LocalOptions;
    static constexpr std::string_view type = "local";
    static constexpr std::string_view title = "Files in a local folder.";

    explicit LocalTransport(LocalOptions options) : options_(std::move(options)) {}

    Capabilities capabilities() const override;
    void reconnect() override { root_.close(); }
    std::optional<Entry> stat(const Context&, std::string_view path) override;
    void list(const Context&, std::string_view folder, const std::function<bool(const Entry&)>& each) override;
    std::unique_ptr<InputStream> read(const Context&, std::string_view path, std::uint64_t offset) override;
    std::unique_ptr<OutputStream> write(const Context&, std::string_view path, std::uint64_t offset) override;
    void rename(const Context&, std::string_view from, std::string_view to) override;
    void remove(const Context&, std::string_view path) override;
    void make_folder(const Context&, std::string_view path) override;
    std::optional<Checksum> checksum(const Context&, std::string_view) override { return {}; }

private:
    const Descriptor& root(const Context&);
    // Opens a folder below the connection's, part by part; "" gives a copy of the root.
    Descriptor open_folder(const Context&, std::string_view folder);
    std::string full(std::string_view path) const;

    LocalOptions options_;
    Descriptor root_;
};

}  // namespace rowhaul
