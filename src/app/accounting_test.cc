// SPDX-License-Identifier: Apache-2.0
// P1 and P8 as a property: whatever files partners send, every row is delivered, left out by the rule or
// rejected with what it takes to correct it, and what was corrected comes in once.
//
// Deliveries are made at random, row by row, so that what must become of each is known without reading
// it. ROWHAUL_LONG_TESTS=1 makes thousands; ROWHAUL_SEED=N makes the one of a failure that was told.
#include "app/components.h"
#include "connector/rejects_file.h"
#include "execution/executor.h"
#include "testing/suite/transport_faults.h"
#include "testing/suite/wrapped_catalog.h"
#include "testing/temporary_folder.h"
#include "testing/thoroughness.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <map>
#include <random>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

using Value = std::optional<std::string>;  // nothing = NULL
using Values = std::vector<Value>;

// ---- one row a batch

class OneRowFormat final : public Format {
public:
    explicit OneRowFormat(std::unique_ptr<Format> inner) : inner_(std::move(inner)) {}

    std::optional<Sniffed> sniff(const Context& context, std::string_view bytes) const override {
        return inner_->sniff(context, bytes);
    }
    std::string_view file_ending() const override { return inner_->file_ending(); }
    std::unique_ptr<FileReader> reader(const Context& context, InputStream& in, const SpoolPlace& spool,
                                       Rejects rejects) const override {
        return std::make_unique<Reader>(inner_->reader(context, in, spool, std::move(rejects)));
    }
    std::unique_ptr<FileReader> reader_of_raw_rows(const Context& context, InputStream& in,
                                                   Rejects rejects) const override {
        return std::make_unique<Reader>(inner_->reader_of_raw_rows(context, in, std::move(rejects)));
    }
    std::unique_ptr<RowWriter> writer(OutputStream& out, const Schema& schema, Rejects rejects) const override {
        return inner_->writer(out, schema, std::move(rejects));
    }

private:
    class Reader final : public FileReader {
    public:
        explicit Reader(std::unique_ptr<FileReader> inner)
            : inner_(std::move(inner)), batch_(inner_->schema().size()) {}
        const Schema& schema() const override { return inner_->schema(); }
        void choose(std::vector<std::size_t> columns) override {
            batch_ = Batch(columns.size());
            inner_->choose(std::move(columns));
        }
        std::string header() const override { return inner_->header(); }
        std::vector<Warning> warnings() const override { return inner_->warnings(); }
        bool next(const Context& context, Batch& out) override {
            out.clear();
            while (at_ == batch_.rows()) {
                at_ = 0;
                if (!inner_->next(context, batch_)) {
                    return false;
                }
            }
            for (std::size_t column = 0; column < out.width(); ++column) {
                const Cell cell = batch_.column(column)[at_];
                out.build(column).push_back(cell.is_null() ? Cell() : Cell(out.arena().copy(cell.text())));
            }
            auto origin = batch_.origins().at(at_);
            origin.raw = out.arena().copy(origin.raw);
            out.origins().push_back(origin);
            out.set_first_row(origin.row);
            out.set_rows(1);
            ++at_;
            return true;
        }

    private:
        std::unique_ptr<FileReader> inner_;
        Batch batch_;
        std::size_t at_ = 0;
    };

    std::unique_ptr<Format> inner_;
};

// ---- what a partner sends

enum class Fate : std::uint8_t { Delivered, Filtered, Rejected };

struct Row {
    std::string raw;  // as it stands in its file, without its line end
    Fate fate = Fate::Delivered;
    Values delivered;       // as it is, or as it will be when corrected
    std::string corrected;  // raw, when rejected
};

struct File {
    std::string name;
    std::string content;
    std::vector<Row> rows;
};

// Rows with the columns id, grp, qty, div and note in a dialect, and the mapping that reads them.
class Delivery {
public:
    explicit Delivery(std::uint64_t seed) : random_(seed) {
        is_json_ = chance(30);
        delimiter_ = pick<std::string>({",", ";", "|", "\\t"});
        ending_ = pick<std::string>({"\n", "\r\n", is_json_ ? "\n" : "\r"});
        escapes_by_backslash_ = chance(30);
        quotes_always_ = chance(30);
        target_is_narrow_ = chance(40);
        const auto count = 1 + below(3);
        for (std::size_t number = 0; number < count; ++number) {
            files_.push_back(make_file(fmt::format("f{}.{}", number, is_json_ ? "jsonl" : "csv")));
        }
    }

    const std::vector<File>& files() const { return files_; }
    bool is_json() const { return is_json_; }
    bool has_header() const { return !is_json_; }
    std::string mapping(std::string_view max_rejects) const {
        const auto format = is_json_ ? std::string("{ type: jsonl }")
                                     : fmt::format("{{ type: csv, delimiter: \"{}\", escape: {} }}", delimiter_,
                                                   escapes_by_backslash_ ? "backslash" : "double");
        return fmt::format(
            "    source: {{ connection: in, files: 'f*', format: {}, after: {{ move: done }} }}\n"
            "    where: grp <> 'out'\n"
            "    fields:\n"
            "      - id\n"
            "      - {{ to: qty, from: qty, type: integer }}\n"
            "      - {{ to: share, value: 'cast(100 as integer) / cast(div as integer)' }}\n"
            "      - {{ to: note, from: note }}\n"
            "    target: {{ connection: out, file: '{{sequence}}.csv', format: {{ type: csv, encoding: {} }} }}\n{}",
            format, target_is_narrow_ ? "windows-1252" : "utf-8", max_rejects);
    }
    bool target_is_narrow() const { return target_is_narrow_; }

    std::size_t count(Fate fate) const {
        std::size_t count = 0;
        for (const auto& file : files_) {
            count += static_cast<std::size_t>(std::ranges::count(file.rows, fate, &Row::fate));
        }
        return count;
    }
    std::vector<Values> delivered() const {
        std::vector<Values> all;
        for (const auto& file : files_) {
            for (const auto& row : file.rows) {
                if (row.fate == Fate::Delivered) {
                    all.push_back(row.delivered);
                }
            }
        }
        return all;
    }
    std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }
    bool chance(std::size_t percent) { return below(100) < percent; }

private:
    static constexpr std::array<std::string_view, 5> names{"id", "grp", "qty", "div", "note"};

    template <class T>
    T pick(const std::vector<T>& choices) {
        return choices[below(choices.size())];
    }
    std::string delimiter() const { return delimiter_ == "\\t" ? "\t" : delimiter_; }

    File make_file(std::string name) {
        File file{.name = std::move(name), .content = {}, .rows = {}};
        std::vector<std::size_t> order{0, 1, 2, 3, 4};
        std::ranges::shuffle(order, random_);
        if (!is_json_) {
            for (const auto place : order) {
                file.content += (place == order.front() ? "" : delimiter()) + std::string(names[place]);
            }
            file.content += ending_;
        }
        // Also around the size of a batch, where files hold more than one.
        const auto rows = chance(10) ? 1020 + below(10) : 1 + below(40);
        const auto readable = below(std::min<std::size_t>(rows, 5));  // or a file of JSON has no columns
        for (std::size_t number = 0; number < rows; ++number) {
            auto row = make_row(order);
            while (number == readable && row.fate == Fate::Rejected) {
                row = make_row(order);
            }
            file.rows.push_back(std::move(row));
            file.content += file.rows.back().raw + ending_;
        }
        if (!is_json_ && chance(30)) {
            auto row = make_row(order);
            while (row.fate == Fate::Filtered) {
                row = make_row(order);
            }
            row.corrected = row.fate == Fate::Rejected ? row.corrected : row.raw;
            row.fate = Fate::Rejected;
            row.raw = cells(good(order), order) + delimiter() + "\"never closed";
            file.content += row.raw;
            file.rows.push_back(std::move(row));
        }
        return file;
    }

    // Values of a good row, by column.
    Values good(const std::vector<std::size_t>&) {
        static const std::vector<std::string> pieces{"a", "B7", " ", "ä", "x,y", "p;q", "t|u", "\"", "'", "\\", "0"};
        Value note;
        if (chance(80)) {
            note.emplace();
            for (auto count = below(5); count > 0; --count) {
                *note += pick(pieces);
            }
            if (!note->empty()) {
                note = "n" + *note + "n";
            }
            if (ending_ != "\r" && chance(10)) {
                *note += "\nsecond line";
            }
        }
        return {fmt::format("{:04}", ++last_id_), chance(20) ? "out" : "in", fmt::format("{}", below(1'000'000)),
                fmt::format("{}", 1 + below(9)), note};
    }

    Row make_row(const std::vector<std::size_t>& order) {
        Row row;
        auto values = good(order);
        row.raw = cells(values, order);
        row.fate = values[1] == "out" ? Fate::Filtered : Fate::Delivered;
        row.delivered = {values[0], values[2], std::to_string(100 / std::stoi(*values[3])), values[4]};
        if (!chance(25)) {
            return row;
        }
        // Corrected, it is always one that is delivered.
        values[1] = "in";
        row.corrected = cells(values, order);
        row.fate = Fate::Rejected;
        switch (below(is_json_ ? 5 : 6)) {
            case 0:
                row.raw = is_json_ ? row.raw.substr(0, row.raw.size() - 1) : row.raw + delimiter() + "one too many";
                break;
            case 1:
                row.raw = is_json_ ? "this is no JSON" : cells(values, {order[0], order[1], order[2]});
                break;
            case 2:
                values[2] = pick<std::string>({"12x", "99999999999999999999", "1.5"});
                row.raw = cells(values, order);
                break;
            case 3:
                values[3] = "0";
                row.raw = cells(values, order);
                break;
            case 4:
                values[4] = target_is_narrow_ && chance(50) ? "\u2192" : "broken \xFF byte";
                row.raw = cells(values, order);
                break;
            default:
                row.raw = cells(values, {order[0], order[1], order[2], order[3]}) + delimiter() + "\"a\"b";
                break;
        }
        return row;
    }

    std::string cells(const Values& values, const std::vector<std::size_t>& order) const {
        std::string text;
        for (const auto place : order) {
            text += place == order.front() ? "" : is_json_ ? ", " : delimiter();
            text += is_json_ ? fmt::format("\"{}\": {}", names[place], json(values[place])) : cell(values[place]);
        }
        return is_json_ ? "{" + text + "}" : text;
    }
    static std::string json(const Value& value) {
        if (!value) {
            return "null";
        }
        std::string text = "\"";
        for (const char c : *value) {
            text += c == '\n' ? "\\n" : c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
        }
        return text + '"';
    }
    std::string cell(const Value& value) const {
        if (!value) {
            return "";
        }
        const bool needs_quotes = value->empty() || value->find_first_of(delimiter() + "\"\n\r\\") != std::string::npos;
        if (!needs_quotes && !quotes_always_) {
            return *value;
        }
        std::string text = "\"";
        for (const char c : *value) {
            if (c == '"' || (c == '\\' && escapes_by_backslash_)) {
                text += escapes_by_backslash_ ? '\\' : '"';
            }
            text += c;
        }
        return text + '"';
    }

    std::mt19937_64 random_;
    bool is_json_ = false;
    std::string delimiter_;
    std::string ending_;
    bool escapes_by_backslash_ = false;
    bool quotes_always_ = false;
    bool target_is_narrow_ = false;
    int last_id_ = 0;
    std::vector<File> files_;
};

// ---- what came of it

// The rows of a file as this program writes it by default: commas, NULL bare, text quoted when needed.
std::vector<Values> parsed(std::string_view text) {
    std::vector<Values> rows;
    Values row;
    std::size_t at = 0;
    while (at < text.size()) {
        Value value;
        if (text[at] == '"') {
            value.emplace();
            for (++at; text[at] != '"' || text[at + 1] == '"'; ++at) {
                at += text[at] == '"' ? 1 : 0;
                *value += text[at];
            }
            ++at;
        } else {
            const auto end = text.find_first_of(",\n", at);
            if (end > at) {
                value = text.substr(at, end - at);
            }
            at = end;
        }
        row.push_back(value);
        if (text[at++] == '\n') {
            rows.push_back(std::exchange(row, {}));
        }
    }
    return rows;
}

class Accounting : public ::testing::Test {
protected:
    // The mapping, once with its limit and then without it.
    void deliver(std::uint64_t seed) {
        SCOPED_TRACE(fmt::format("ROWHAUL_SEED={}", seed));
        Delivery delivery(seed);
        const TemporaryFolder folder(TemporaryFolder::Place::Memory);
        std::filesystem::create_directory(folder / "in");
        std::filesystem::create_directory(folder / "out");
        for (const auto& file : delivery.files()) {
            write_file(folder / ("in/" + file.name), file.content);
        }
        Store store(folder / "home");
        const auto catalog = coated(delivery);
        const auto run = [&](std::string_view limit, const std::filesystem::path& input) {
            write_file(folder / "rowhaul.yaml",
                       fmt::format("version: 1\nconnections:\n  in: {{ type: local, folder: '{0}/in' }}\n"
                                   "  out: {{ type: local, folder: '{0}/out' }}\nmappings:\n  prices:\n{1}",
                                   folder.path().string(), delivery.mapping(limit)));
            const Project project(folder / "rowhaul.yaml", catalog);
            Executor executor(project, store, folder / "home", [] { return RunOutcome::Cancelled; });
            RunObserver nobody;
            return executor.run(Context(), {.name = "prices", .input = input}, nobody).waybills.at(0);
        };
        const auto delivered = [&](int number) {
            auto text = read_file(folder / fmt::format("out/{}.csv", number));
            if (delivery.target_is_narrow()) {
                for (auto at = text.find('\xE4'); at != std::string::npos; at = text.find('\xE4', at + 2)) {
                    text.replace(at, 1, "ä");
                }
            }
            auto rows = parsed(text);
            EXPECT_EQ(rows.at(0), (Values{"id", "qty", "share", "note"}));
            rows.erase(rows.begin());
            return rows;
        };

        const auto rejected = delivery.count(Fate::Rejected);
        if (rejected > 0 && delivery.chance(30)) {
            const auto limit = delivery.below(rejected);
            const auto stopped = run(fmt::format("    options: {{ max_rejects: {} }}\n", limit), {});
            EXPECT_EQ(stopped.outcome, RunOutcome::Failed);
            EXPECT_TRUE(stopped.guarded) << stopped.message;
            EXPECT_TRUE(std::filesystem::is_empty(folder / "out"));
            EXPECT_FALSE(std::filesystem::exists(folder / "in/done"));
        }
        const auto waybill = run(fmt::format("    options: {{ max_rejects: {} }}\n", rejected), {});
        expect_accounts(waybill, delivery);
        if (::testing::Test::HasFailure()) {
            return;
        }
        EXPECT_EQ(delivered(1), delivery.delivered());

        // Every reject is corrected by its file and row, and brought in by what names its columns.
        std::map<std::string, std::string> headers;
        for (const auto& file : store.source_files(waybill.execution)) {
            headers[file.name] = file.header;
        }
        std::map<std::string, std::string> corrections;
        std::vector<Values> missing;
        std::size_t kept = 0;
        store.each_reject(waybill.execution, [&](Reject reject) {
            const auto file = std::ranges::find(delivery.files(), reject.file, &File::name);
            ASSERT_NE(file, delivery.files().end()) << reject.file;
            ASSERT_TRUE(reject.row >= 1 && reject.row <= file->rows.size()) << reject.row;
            const auto& row = file->rows[reject.row - 1];
            EXPECT_EQ(row.fate, Fate::Rejected) << reject.file << " row " << reject.row << ": " << reject.message;
            ++kept;
            missing.push_back(row.delivered);
            reject.raw = row.corrected;
            auto& correction = corrections[headers[reject.file]];
            if (correction.empty()) {
                correction = rejects_header();
            }
            correction += reject_line("prices", reject, headers[reject.file]);
        });
        EXPECT_EQ(kept, rejected);
        int number = 1;
        std::vector<Values> corrected;
        for (const auto& [header, correction] : corrections) {
            write_file(folder / "corrected.csv", correction);
            const auto again = run("", folder / "corrected.csv");
            EXPECT_EQ(again.outcome, RunOutcome::Succeeded) << again.message << "\n" << correction;
            if (again.outcome != RunOutcome::Succeeded) {
                return;
            }
            for (auto& row : delivered(++number)) {
                corrected.push_back(std::move(row));
            }
            EXPECT_EQ(run("", folder / "corrected.csv").outcome, RunOutcome::Empty) << "never twice";
        }
        EXPECT_THAT(corrected, UnorderedElementsAreArray(missing));
        EXPECT_EQ(run("", {}).outcome, RunOutcome::Empty) << "never twice";
    }

    static void expect_accounts(const Waybill& waybill, const Delivery& delivery) {
        const auto& rows = waybill.report.rows;
        EXPECT_EQ(rows.created, delivery.count(Fate::Delivered)) << waybill.message;
        EXPECT_EQ(rows.filtered, delivery.count(Fate::Filtered));
        EXPECT_EQ(rows.rejected, delivery.count(Fate::Rejected));
        EXPECT_EQ(rows.read, rows.created + rows.filtered + rows.rejected);
        std::uint64_t grouped = 0;
        for (const auto& [reason, group] : waybill.report.rejects) {
            grouped += group.count;
        }
        EXPECT_EQ(grouped, rows.rejected);
        ASSERT_EQ(waybill.report.source_files.size(), delivery.files().size());
        for (std::size_t index = 0; index < delivery.files().size(); ++index) {
            const auto& told = waybill.report.source_files[index];
            const auto& file = delivery.files()[index];
            EXPECT_EQ(told.name, file.name);
            EXPECT_EQ(told.rows + told.rejected, file.rows.size());
            EXPECT_EQ(told.bytes, file.content.size());
            EXPECT_EQ(told.moved_to, "done/" + file.name);
        }
    }

    // Batches of one row, or seven bytes at a time, or as always.
    static Catalog coated(Delivery& delivery) {
        const auto plain = components();
        const auto link = std::make_shared<FaultPlan>();
        link->most_bytes = delivery.chance(30) ? 7 : 1 << 20;
        const bool one_row = delivery.chance(50);
        const auto wrapped = with_transports(plain, [link](std::unique_ptr<Transport> inner) {
            return std::make_unique<FaultTransport>(std::move(inner), link);
        });
        if (!one_row) {
            return wrapped;
        }
        Catalog catalog;
        for (const auto& transport : wrapped.transports()) {
            catalog.add(transport);
        }
        for (auto format : wrapped.formats()) {
            format.parse = [parse = format.parse](const Node& section, std::string_view path,
                                                  Problems& problems) -> std::unique_ptr<Format> {
                auto inner = parse(section, path, problems);
                return inner ? std::make_unique<OneRowFormat>(std::move(inner)) : nullptr;
            };
            catalog.add(std::move(format));
        }
        return catalog;
    }
};

TEST_F(Accounting, EveryRowIsDeliveredFilteredOrRejectedAndCorrectedRowsComeInOnce) {
    if (const char* seed = std::getenv("ROWHAUL_SEED")) {
        deliver(std::stoull(seed));
        return;
    }
    const std::uint64_t first = is_thorough() ? std::random_device{}() : 1;
    const std::uint64_t many = is_thorough() ? 3000 : is_sanitized ? 10 : 40;
    for (std::uint64_t seed = first; seed < first + many && !HasFailure(); ++seed) {
        EXPECT_NO_THROW(deliver(seed)) << "ROWHAUL_SEED=" << seed;
    }
}

}  // namespace
}  // namespace rowhaul
