// SPDX-License-Identifier: Apache-2.0
// Reads a CSV file into batches, as a run does, and counts what it has: on one thread, or fetching ahead
// on a second one.
//
//     bench_csv FILE [ahead|portable|sse2|avx2]
#include "base/descriptor.h"
#include "format/csv_reader.h"
#include "io/async_input.h"

#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace rowhaul {
namespace {

class FileInput final : public InputStream {
public:
    explicit FileInput(const char* path) : file_(::open(path, O_RDONLY | O_CLOEXEC)) {
        if (!file_) {
            throw Error(ErrorKind::NotFound, std::string("cannot open ") + path);
        }
    }
    std::size_t read(const Context&, std::span<std::byte> into) override {
        const auto count = ::read(file_.number(), into.data(), into.size());
        if (count < 0) {
            throw Error(ErrorKind::Unavailable, "cannot read the file");
        }
        return static_cast<std::size_t>(count);
    }

private:
    Descriptor file_;
};

CsvInstructions instructions_of(std::string_view name) {
    return name == "portable" ? CsvInstructions::Portable
           : name == "sse2"   ? CsvInstructions::Sse2
           : name == "avx2"   ? CsvInstructions::Avx2
                              : best_csv_instructions();
}

void count(const char* path, std::string_view how) {
    const Context context;
    FileInput file(path);
    AsyncInput ahead(file);
    InputStream& input = how == "ahead" ? static_cast<InputStream&>(ahead) : file;
    std::uint64_t rejected = 0;
    CsvReader reader(
        context, input, resolve(CsvOptions{}), [&](const Reject&) { ++rejected; }, {}, instructions_of(how));
    Batch batch(reader.schema().size());
    std::uint64_t rows = 0;
    while (reader.next(context, batch)) {
        rows += batch.rows();
    }
    std::printf("%llu rows, %zu columns, %llu rejected\n", static_cast<unsigned long long>(rows),
                reader.schema().size(), static_cast<unsigned long long>(rejected));
}

}  // namespace
}  // namespace rowhaul

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        std::fputs("usage: bench_csv FILE [ahead|portable|sse2|avx2]\n", stderr);
        return 2;
    }
    try {
        rowhaul::count(argv[1], argc == 3 ? argv[2] : "");
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_csv: %s\n", error.what());
        return 1;
    }
}
