// SPDX-License-Identifier: Apache-2.0
// Files on a transport as a source: chosen, unpacked, read one after the other as one table.
//
// Bytes are fetched and digested on a thread of their own. A file is compared with what the server
// said of it before and after, so that none counts that changed, or came short, or otherwise
// differs. Files whose bytes were taken in before are left out: at once where name, size and time
// say so beyond doubt, else when their digest is known.
#pragma once
#include "connector/connection.h"
#include "connector/file_choice.h"
#include "connector/set_aside_note.h"
#include "format/format.h"
#include "transport/publishing.h"
#include "transport/transport.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

class FileSource final : public Source {
public:
    struct Plan {
        FileSourceOptions options;
        std::unique_ptr<Format> format;
        PublishingOptions publishing = {};
        SourceRequest request;
        Clock clock = {};
        // Set for --input, which reads another place than the connection's.
        std::unique_ptr<Transport> own_transport = {};
    };
    // `transport` must outlive this and is not used by others while files are read.
    FileSource(Transport& transport, Plan plan);
    ~FileSource() override;

    std::string object() const override;
    bool prepare(const Context&) override;
    Schema schema(const Context&) override;
    std::string doubt() const override;
    ValueNotations notations() const override { return plan_.format->notations(); }
    std::unique_ptr<RowReader> open(const Context&, const std::vector<std::string>& columns, Rejects) override;
    std::vector<SourceFile> files() const override;
    std::vector<Warning> warnings() const override;
    std::uint64_t unread_parts() const override;
    bool set_aside(const Error&) override;
    void conclude(const Context&) override;

private:
    class Reader;
    struct Opened;
    enum class State : std::uint8_t {
        Waiting,    // to be read
        Read,       // to its end
        Taken,      // its bytes were taken in before
        Vanished,   // between looking and reading
        Unsettled,  // written again between looking and reading
        Bad,        // cannot be read
    };
    struct File {
        Entry entry;
        State state = State::Waiting;
        bool is_empty = false;  // without even a header
        SourceFile record;
        std::optional<ManifestEntry> promised;
        std::vector<Reject> rejects;  // the first ones
        SetAsideNote note;            // of a bad one
    };

    void choose(const Context&);
    // Whether the bytes of a file were surely taken in before; reads it where that is needed to know.
    bool was_taken(const Context&, File&);
    std::string digest_of(const Context&, const Entry&);
    // Opens the next file that has columns; none at the end.
    std::unique_ptr<Opened> open_next(const Context&);
    std::unique_ptr<Opened> open_file(const Context&, File&);
    void open_reader(const Context&, Opened&);
    // Throws when a file turns out not to be what it seemed.
    void finish(const Context&, Opened&);
    void blame(File&, State verdict, Error&);
    void check_unchanged(const Context&, const File&);
    static std::optional<HashAlgorithm> other_digest(const File&);
    // Throws Invalid when the file is not what its manifest says.
    static void check_promise(const File&, const std::string& other_digest);
    std::string taken_by(const std::string& sha256, const File& file) const;
    void conclude_file(const Context&, File&);
    void write_note(const Context&, File&);
    void warn(std::string code, std::string message);

    Transport& transport_;
    Plan plan_;
    bool has_chosen_ = false;
    std::deque<File> files_;       // names in it are pointed to by batches
    std::size_t next_ = 0;         // in files_
    File* suspect_ = nullptr;      // the one that the last error is about
    std::uint64_t unsettled_ = 0;  // files that were not even begun
    State verdict_ = State::Bad;   // on the suspect
    std::unique_ptr<Opened> first_;
    Rejects rejects_;
    std::vector<Warning> warnings_;
};

}  // namespace rowhaul
