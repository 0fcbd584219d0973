// SPDX-License-Identifier: Apache-2.0
#include "store/mark_file.h"

#include "store/named_queries.h"
#include "store/store_sql.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rowhaul {

namespace {

constexpr int newest_version = 2;
constexpr std::size_t chunk_bytes = std::size_t{64} << 10;
constexpr std::size_t transaction_bytes = std::size_t{8} << 20;

using HashBytes = std::array<char, 16>;

// So that SQLite sorts them as we do.
HashBytes bytes_of(const Hash128& hash) {
    HashBytes bytes{};
    for (std::size_t i = 0; i < 8; ++i) {
        bytes[i] = static_cast<char>(hash.high >> (56 - 8 * i));
        bytes[8 + i] = static_cast<char>(hash.low >> (56 - 8 * i));
    }
    return bytes;
}

Hash128 hash_of(std::string_view bytes) {
    Hash128 hash;
    for (std::size_t i = 0; i < 8 && bytes.size() == 16; ++i) {
        hash.high = hash.high << 8 | static_cast<unsigned char>(bytes[i]);
        hash.low = hash.low << 8 | static_cast<unsigned char>(bytes[8 + i]);
    }
    return hash;
}

void bind_hash(SqliteStatement& statement, int index, const Hash128& hash) {
    const auto bytes = bytes_of(hash);
    statement.bind_blob(index, {bytes.data(), bytes.size()});
}

std::vector<std::string> lines(std::string_view text) {
    std::vector<std::string> found;
    while (!text.empty()) {
        const auto end = text.find('\n');
        found.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return found;
}

const NamedQueries& queries() {
    static const NamedQueries all(store_sql::mark_queries_sql);
    return all;
}

std::string made_path(const std::filesystem::path& path) {
    std::error_code failure;
    std::filesystem::create_directories(path.parent_path(), failure);
    if (failure) {
        throw Error(failure == std::errc::no_space_on_device ? ErrorKind::Exhausted : ErrorKind::Denied,
                    fmt::format("cannot make the folder {}: {}", path.parent_path().string(), failure.message()))
            .advise("Choose another folder with --home.");
    }
    return path.string();
}

MarkedTarget target_of(const SqliteStatement& row) {
    MarkedTarget target{.id = row.integer(0),
                        .connection = std::string(row.text(1)),
                        .object = std::string(row.text(2)),
                        .key = lines(row.text(3)),
                        .key_print = hash_of(row.blob(4)),
                        .row_print = hash_of(row.blob(5)),
                        .complete_run = static_cast<std::uint32_t>(row.integer(6)),
                        .arrivals = row.optional_integer(7)};
    target.arrival_count = static_cast<std::uint64_t>(row.integer(8));
    target.generated_key = row.text(9);
    return target;
}

}  // namespace

std::filesystem::path MarkFile::path(const std::filesystem::path& home, const std::string& mapping) {
    std::string safe;
    for (const char c : mapping) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        safe += plain ? std::string(1, c) : fmt::format("_{:02x}", static_cast<unsigned char>(c));
    }
    return home / "marks" / (safe + ".db");
}

MarkFile::MarkFile(const std::filesystem::path& file) : database_(made_path(file), SqliteAccess::Create) {
    database_.use_write_ahead_log();
    database_.execute("pragma synchronous = full");
    if (version() != newest_version) {
        renew();
    }
}

void MarkFile::renew() {
    SqliteTransaction transaction(database_);
    const auto present = version();
    expect_known(present);
    if (present == 0) {
        database_.execute(store_sql::marks_sql);
    } else if (present == 1) {
        database_.execute(
            "alter table targets add column generated_key text not null default '';"
            "alter table stages add column generated_key text not null default ''");
    }
    database_.execute(fmt::format("pragma user_version = {}", newest_version));
    transaction.commit();
}

MarkFile::MarkFile(const std::filesystem::path& file, SqliteAccess access) : database_(file.string(), access) {
    if (access != SqliteAccess::ReadOnly) {
        database_.execute("pragma synchronous = full");
    }
}

std::unique_ptr<MarkFile> MarkFile::existing(const std::filesystem::path& path, SqliteAccess access) {
    if (!std::filesystem::exists(path)) {
        return nullptr;
    }
    std::unique_ptr<MarkFile> file(new MarkFile(path, access));
    const auto version = file->version();
    file->expect_known(version);
    if (version == 0) {
        return nullptr;
    }
    if (version < newest_version) {
        MarkFile(path, SqliteAccess::ReadWrite).renew();
    }
    return file;
}

std::int64_t MarkFile::version() {
    auto statement = database_.prepare("pragma user_version");
    statement.step();
    return statement.integer(0);
}

void MarkFile::expect_known(std::int64_t version) const {
    if (version > newest_version) {
        throw Error(ErrorKind::Conflict,
                    fmt::format("{} was written by a newer Rowhaul (version {} of its layout; this program knows {})",
                                database_.path(), version, newest_version))
            .advise("Use the newer program, or another --home.");
    }
}

SqliteStatement MarkFile::query(std::string_view name) {
    return database_.prepare(queries().sql(name));
}

std::optional<MarkedTarget> MarkFile::target(const std::string& connection, const std::string& object) {
    auto statement = query("target");
    statement.bind_all(connection, object);
    return statement.step() ? std::optional(target_of(statement)) : std::nullopt;
}

std::vector<MarkedTarget> MarkFile::targets() {
    auto statement = query("targets");
    std::vector<MarkedTarget> found;
    while (statement.step()) {
        found.push_back(target_of(statement));
    }
    return found;
}

MarkedRun MarkFile::run(std::uint32_t number) {
    auto statement = query("run");
    statement.bind(1, std::int64_t{number});
    if (!statement.step()) {
        return {};
    }
    return {std::string(statement.text(0)), parse_utc(statement.text(1))};
}

std::uint64_t MarkFile::marks(const MarkedTarget& target) {
    auto statement = query("count_marks");
    statement.bind(1, target.id);
    statement.step();
    return static_cast<std::uint64_t>(statement.integer(0));
}

void MarkFile::each(const Context& context, const MarkedTarget& target, const std::function<bool(const Mark&)>& visit) {
    auto statement = query("chunk_after");
    std::string after;
    while (true) {
        context.check();
        statement.reset();
        statement.bind(1, target.id);
        statement.bind_blob(2, after);
        if (!statement.step()) {
            return;
        }
        after = statement.blob(1);
        for (auto rest = statement.blob(3); !rest.empty();) {
            if (!visit(take_mark(rest))) {
                return;
            }
        }
    }
}

bool MarkFile::has_stage(const std::string& execution) {
    auto statement = query("stage");
    statement.bind(1, execution);
    return statement.step();
}

bool MarkFile::has_stages() {
    auto statement = query("stages");
    return statement.step();
}

void MarkFile::discard(const std::string& execution) {
    SqliteTransaction transaction(database_);
    auto statement = query("stage");
    statement.bind(1, execution);
    if (!statement.step()) {
        return;
    }
    const auto id = statement.integer(0);
    statement.reset();
    for (const auto* drop : {"drop_staged_chunks", "drop_arrivals", "drop_stage"}) {
        auto dropping = query(drop);
        dropping.bind(1, id);
        dropping.run();
    }
    transaction.commit();
}

void MarkFile::discard_in_doubt(const std::string& execution) {
    auto doubt = query("doubt_target");
    doubt.bind(1, execution);
    bind_hash(doubt, 2, {});
    doubt.run();
    discard(execution);
}

void MarkFile::doubt(const std::string& connection, const std::string& object) {
    auto statement = query("doubt");
    statement.bind(1, connection);
    statement.bind(2, object);
    bind_hash(statement, 3, {});
    statement.run();
}

void MarkFile::discard_all() {
    std::vector<std::string> executions;
    {
        auto statement = query("stages");
        while (statement.step()) {
            executions.emplace_back(statement.text(0));
        }
    }
    for (const auto& execution : executions) {
        discard(execution);
    }
}

// Merges the marks of a stage into those of its target, chunk by chunk.
class MarkFile::Promotion {
public:
    Promotion(MarkFile& file, const SqliteStatement& stage)
        : file_(file),
          id_(stage.integer(0)),
          connection_(stage.text(1)),
          object_(stage.text(2)),
          key_(stage.text(3)),
          key_print_(stage.blob(4)),
          row_print_(stage.blob(5)),
          run_(stage.integer(6)),
          is_complete_(stage.integer(7) != 0),
          replaces_(stage.integer(8) != 0),
          arrivals_(static_cast<ArrivalList>(stage.integer(9))),
          arrival_count_(stage.integer(10)),
          place_(stage.integer(11)),
          generated_key_(stage.text(12)),
          chunk_at_(file.query("chunk_at")),
          chunk_after_(file.query("chunk_after")),
          first_after_(file.query("first_after")),
          add_chunk_(file.query("add_chunk")),
          drop_chunk_(file.query("drop_chunk")),
          staged_chunk_(file.query("staged_chunk")) {}

    void run(const Context& context) {
        begin();
        load();
        while (next_) {
            context.check();
            SqliteTransaction transaction(file_.database_);
            for (written_ = 0; next_ && written_ < transaction_bytes;) {
                merge_chunk();
            }
            // Marks of this chunk that were merged already are merged once more after a break, to the same effect.
            auto advance = file_.query("advance_stage");
            advance.bind_all(id_, place_);
            advance.run();
            transaction.commit();
        }
        conclude();
    }

private:
    void begin() {
        SqliteTransaction transaction(file_.database_);
        auto known = file_.target(connection_, object_);
        if (!known) {
            put_target(0, {}, 0);
            known = file_.target(connection_, object_);
        }
        target_ = *known;
        if (replaces_) {
            auto drop = file_.query("drop_chunks");
            drop.bind(1, target_.id);
            drop.run();
            auto begun = file_.query("begin_replacing");
            begun.bind(1, id_);
            begun.run();
        }
        transaction.commit();
    }

    void conclude() {
        SqliteTransaction transaction(file_.database_);
        if (arrivals_ != ArrivalList::Kept && target_.arrivals) {
            auto drop = file_.query("drop_arrivals");
            drop.bind(1, *target_.arrivals);
            drop.run();
        }
        const auto complete_run = is_complete_ ? run_ : std::int64_t{target_.complete_run};
        switch (arrivals_) {
            case ArrivalList::Replaced:
                put_target(complete_run, id_, arrival_count_);
                break;
            case ArrivalList::Kept:
                put_target(complete_run, target_.arrivals, static_cast<std::int64_t>(target_.arrival_count));
                break;
            case ArrivalList::Dropped:
                put_target(complete_run, {}, 0);
                break;
        }
        for (const auto* name : {"drop_staged_chunks", "drop_stage"}) {
            auto drop = file_.query(name);
            drop.bind(1, id_);
            drop.run();
        }
        transaction.commit();
    }

    void put_target(std::int64_t complete_run, std::optional<std::int64_t> arrivals, std::int64_t count) {
        auto put = file_.query("put_target");
        put.bind(1, connection_);
        put.bind(2, object_);
        put.bind(3, key_);
        put.bind_blob(4, key_print_);
        put.bind_blob(5, row_print_);
        put.bind(6, complete_run);
        put.bind(7, arrivals);
        put.bind(8, count);
        put.bind(9, generated_key_);
        put.run();
    }

    void load() {
        staged_chunk_.reset();
        staged_chunk_.bind_all(id_, place_);
        staged_ = staged_chunk_.step() ? std::string(staged_chunk_.blob(0)) : std::string();
        rest_ = staged_;
        take();
    }
    void take() {
        if (rest_.empty() && next_) {
            ++place_;
            next_.reset();
            load();
            return;
        }
        next_ = rest_.empty() ? std::nullopt : std::optional(take_mark(rest_));
    }

    // The chunk into whose range the next staged mark falls; true when it is to be merged with it.
    bool find_chunk() {
        chunk_at_.reset();
        chunk_at_.bind(1, target_.id);
        bind_hash(chunk_at_, 2, next_->key_hash);
        auto* found = &chunk_at_;
        if (!chunk_at_.step()) {
            chunk_after_.reset();
            chunk_after_.bind(1, target_.id);
            chunk_after_.bind_blob(2, "");
            found = &chunk_after_;
            if (!chunk_after_.step()) {
                end_.reset();
                return false;
            }
        }
        first_after_.reset();
        first_after_.bind(1, target_.id);
        first_after_.bind_blob(2, found->blob(1));
        end_ = first_after_.step() ? std::optional(hash_of(first_after_.blob(0))) : std::nullopt;
        if (!end_ && next_->key_hash > hash_of(found->blob(2)) && found->blob(3).size() >= chunk_bytes / 2) {
            return false;  // behind all of them: a chunk of its own
        }
        chunk_ = found->integer(0);
        body_ = found->blob(3);
        return true;
    }

    void merge_chunk() {
        body_.clear();
        if (find_chunk()) {
            drop_chunk_.reset();
            drop_chunk_.bind(1, chunk_);
            drop_chunk_.run();
        }
        std::size_t taken = 0;
        std::string_view known = body_;
        const auto falls_here = [&] { return next_ && (!end_ || next_->key_hash < *end_) && taken < 16 * chunk_bytes; };
        while (!known.empty()) {
            const auto mark = take_mark(known);
            while (falls_here() && next_->key_hash < mark.key_hash) {
                taken += put_new();
            }
            if (falls_here() && next_->key_hash == mark.key_hash) {
                put(merged(mark, *next_));
                take();
            } else {
                put(mark);
            }
        }
        while (falls_here()) {
            taken += put_new();
        }
        write_piece();
    }

    std::size_t put_new() {
        const auto before = piece_.size() + written_;
        // What was never there cannot go, and is not remembered.
        if (next_->status != MarkStatus::Absent) {
            put(*next_);
        }
        take();
        return piece_.size() + written_ - before;
    }

    Mark merged(const Mark& known, Mark mark) const {
        if (mark.key.empty()) {
            mark.key = known.key;
        }
        if (mark.last_success == 0) {
            mark.last_success = known.last_success;
        }
        if (mark.key_there.empty()) {
            mark.key_there = known.key_there;
        }
        return mark;
    }

    void put(const Mark& mark) {
        if (piece_.empty()) {
            piece_first_ = mark.key_hash;
        }
        piece_last_ = mark.key_hash;
        append_mark(piece_, mark);
        ++piece_marks_;
        if (piece_.size() >= chunk_bytes) {
            write_piece();
        }
    }
    void write_piece() {
        if (piece_.empty()) {
            return;
        }
        add_chunk_.reset();
        add_chunk_.bind(1, target_.id);
        bind_hash(add_chunk_, 2, piece_first_);
        bind_hash(add_chunk_, 3, piece_last_);
        add_chunk_.bind(4, piece_marks_);
        add_chunk_.bind_blob(5, piece_);
        add_chunk_.run();
        written_ += piece_.size();
        piece_.clear();
        piece_marks_ = 0;
    }

    MarkFile& file_;
    const std::int64_t id_;
    const std::string connection_;
    const std::string object_;
    const std::string key_;
    const std::string key_print_;
    const std::string row_print_;
    const std::int64_t run_;
    const bool is_complete_;
    const bool replaces_;
    const ArrivalList arrivals_;
    const std::int64_t arrival_count_;
    std::int64_t place_;
    const std::string generated_key_;
    SqliteStatement chunk_at_;
    SqliteStatement chunk_after_;
    SqliteStatement first_after_;
    SqliteStatement add_chunk_;
    SqliteStatement drop_chunk_;
    SqliteStatement staged_chunk_;
    MarkedTarget target_;
    std::string staged_;
    std::string_view rest_;  // of it
    std::optional<Mark> next_;
    std::int64_t chunk_ = 0;
    std::string body_;
    std::optional<Hash128> end_;  // where the next chunk begins
    std::string piece_;
    Hash128 piece_first_;
    Hash128 piece_last_;
    std::int64_t piece_marks_ = 0;
    std::size_t written_ = 0;
};

void MarkFile::promote(const Context& context, const std::string& execution) {
    auto statement = query("stage");
    statement.bind(1, execution);
    if (!statement.step()) {
        return;
    }
    auto promotion = std::make_unique<Promotion>(*this, statement);
    statement.reset();
    promotion->run(context);
}

MarkCursor::MarkCursor(MarkFile& file, const MarkedTarget& target)
    : chunk_at_(file.query("chunk_at")), target_(target.id) {}

bool MarkCursor::load(const Hash128& key) {
    chunk_at_.reset();
    chunk_at_.bind(1, target_);
    bind_hash(chunk_at_, 2, key);
    if (!chunk_at_.step() || chunk_at_.integer(0) == chunk_) {
        return false;
    }
    chunk_ = chunk_at_.integer(0);
    last_ = hash_of(chunk_at_.blob(2));
    body_ = chunk_at_.blob(3);
    chunk_at_.reset();
    rest_ = body_;
    next_.reset();
    return true;
}

std::optional<Mark> MarkCursor::find(const Hash128& key) {
    if ((chunk_ == 0 || key > last_) && !load(key)) {
        return {};
    }
    while (!next_ || next_->key_hash < key) {
        if (rest_.empty()) {
            return {};
        }
        next_ = take_mark(rest_);
    }
    return next_->key_hash == key ? next_ : std::nullopt;
}

ArrivalReader::ArrivalReader(MarkFile& file, std::int64_t list) : query_(file.query("arrivals")), list_(list) {}

std::vector<Arrival> ArrivalReader::read(std::uint64_t place) {
    query_.reset();
    query_.bind_all(list_, static_cast<std::int64_t>(place));
    std::vector<Arrival> arrivals;
    if (query_.step()) {
        const auto body = query_.blob(0);
        arrivals.resize(body.size() / sizeof(Arrival));
        std::memcpy(arrivals.data(), body.data(), arrivals.size() * sizeof(Arrival));
    }
    query_.reset();
    return arrivals;
}

MarkStage::MarkStage(MarkFile& file, const MarkStageHead& head) : file_(file) {
    transaction_.emplace(file_.database_);
    auto run = file_.query("add_run");
    run.bind_all(head.execution, utc_text(head.moment));
    run.run();
    run_ = static_cast<std::uint32_t>(file_.database_.last_insert_rowid());
    auto add = file_.query("add_stage");
    add.bind(1, head.execution);
    add.bind(2, head.target.connection);
    add.bind(3, head.target.object);
    add.bind(4, fmt::format("{}", fmt::join(head.target.key, "\n")));
    bind_hash(add, 5, head.target.key_print);
    bind_hash(add, 6, head.target.row_print);
    add.bind(7, std::int64_t{run_});
    add.bind(8, head.is_complete ? 1 : 0);
    add.bind(9, head.replaces ? 1 : 0);
    add.bind(10, static_cast<std::int64_t>(head.arrivals));
    add.bind(11, head.target.generated_key);
    add.run();
    id_ = file_.database_.last_insert_rowid();
}

void MarkStage::add(Mark mark) {
    mark.last_sync = run_;
    mark.last_success = mark.status == MarkStatus::Succeeded ? run_ : mark.last_success;
    append_mark(marks_, mark);
    if (marks_.size() >= chunk_bytes) {
        write_marks();
    }
}

void MarkStage::add(const Arrival& arrival) {
    arrivals_.append(reinterpret_cast<const char*>(&arrival), sizeof arrival);
    ++arrival_count_;
    if (arrivals_.size() == ArrivalReader::block * sizeof arrival) {
        write_arrivals();
    }
}

void MarkStage::write_marks() {
    if (!marks_.empty()) {
        auto add = file_.query("add_staged_chunk");
        add.bind_all(id_, next_chunk_++);
        add.bind_blob(3, marks_);
        add.run();
        unsaved_ += marks_.size();
        marks_.clear();
        breathe();
    }
}

void MarkStage::write_arrivals() {
    if (!arrivals_.empty()) {
        auto add = file_.query("add_arrivals");
        add.bind_all(id_, next_block_++);
        add.bind_blob(3, arrivals_);
        add.run();
        unsaved_ += arrivals_.size();
        arrivals_.clear();
        breathe();
    }
}

// What is not saved waits in memory and in the log of the file.
void MarkStage::breathe() {
    if (unsaved_ >= transaction_bytes) {
        transaction_->commit();
        transaction_.emplace(file_.database_);
        unsaved_ = 0;
    }
}

void MarkStage::finish() {
    write_marks();
    write_arrivals();
    auto finish = file_.query("finish_stage");
    finish.bind_all(id_, static_cast<std::int64_t>(arrival_count_));
    finish.run();
    transaction_->commit();
    transaction_.reset();
}

}  // namespace rowhaul
