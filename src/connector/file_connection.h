// SPDX-License-Identifier: Apache-2.0
// A transport and the formats as a connection: files as sources and targets.
#pragma once
#include "connector/catalog.h"
#include "connector/connection.h"

#include <memory>
#include <string>

namespace rowhaul {

class FileConnection final : public Connection {
public:
    // `catalog` gives the formats and must outlive this.
    FileConnection(const Catalog& catalog, const TransportType::Parsed& transport);

    std::unique_ptr<Source> source(const Node&, std::string_view path, const SourceRequest&, Problems&) override;
    std::unique_ptr<Target> target(const Node&, std::string_view path, const TargetRequest&, Problems&) override;
    void check(const Context&) override;
    Contents browse(const Context&, std::string_view object) override;
    void clean_up(const Context&, const std::string& execution, const std::vector<FileRecord>&) override;
    bool has_arrived(const Context&, const InterruptedDelivery&) override;

private:
    // Adds what a file seems to be and its first rows.
    void look_into(const Context&, const Entry&, Contents&);

    const Catalog& catalog_;
    PublishingOptions publishing_;
    std::unique_ptr<Transport> transport_;
};

}  // namespace rowhaul
