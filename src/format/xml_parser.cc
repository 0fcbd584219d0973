// SPDX-License-Identifier: Apache-2.0
#include "format/xml_parser.h"

#include <cstring>
#include <expat.h>
#include <fmt/format.h>
#include <new>
#include <utility>

namespace rowhaul {

namespace {

constexpr int block_bytes = 64 * 1024;
constexpr std::uint64_t longest_tag = 1024 * 1024;

std::string_view without_prefix(std::string_view name) {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

std::string_view XmlAttributes::operator[](std::string_view name) const {
    for (const char** pair = pairs_; *pair != nullptr; pair += 2) {
        if (without_prefix(pair[0]) == name) {
            return pair[1];
        }
    }
    return {};
}

struct XmlParser::Callbacks {
    template <class Call>
    static void guarded(void* self, Call call) noexcept {
        auto& parser = *static_cast<XmlParser*>(self);
        if (parser.thrown_) {
            return;
        }
        try {
            call(parser.handler_);
        } catch (...) {
            parser.thrown_ = std::current_exception();
            ::XML_StopParser(parser.parser_, XML_FALSE);
        }
    }
    static void start(void* self, const XML_Char* name, const XML_Char** attributes) noexcept {
        guarded(self, [&](XmlHandler& handler) { handler.start(without_prefix(name), XmlAttributes(attributes)); });
    }
    static void end(void* self, const XML_Char* name) noexcept {
        guarded(self, [&](XmlHandler& handler) { handler.end(without_prefix(name)); });
    }
    static void text(void* self, const XML_Char* text, int size) noexcept {
        guarded(self, [&](XmlHandler& handler) { handler.text({text, static_cast<std::size_t>(size)}); });
    }
    static void document_type(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) noexcept {
        auto& parser = *static_cast<XmlParser*>(self);
        parser.has_document_type_ = true;
        ::XML_StopParser(parser.parser_, XML_FALSE);
    }
};

XmlParser::XmlParser(InputStream& in, XmlHandler& handler, std::string name)
    : in_(in), handler_(handler), name_(std::move(name)), parser_(::XML_ParserCreate(nullptr)) {
    if (parser_ == nullptr) {
        throw std::bad_alloc();
    }
    ::XML_SetUserData(parser_, this);
    ::XML_SetElementHandler(parser_, Callbacks::start, Callbacks::end);
    ::XML_SetCharacterDataHandler(parser_, Callbacks::text);
    ::XML_SetStartDoctypeDeclHandler(parser_, Callbacks::document_type);
}

XmlParser::~XmlParser() {
    ::XML_ParserFree(parser_);
}

void XmlParser::pause() {
    is_paused_ = true;
    ::XML_StopParser(parser_, XML_TRUE);
}

// Whether parsing has to go on.
bool XmlParser::check(int status) {
    if (thrown_) {
        std::rethrow_exception(std::exchange(thrown_, nullptr));
    }
    if (has_document_type_) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("{} has a document type, which could bring in other files; it is not read", name_));
    }
    if (status == XML_STATUS_ERROR) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("{} is damaged: {} at line {}, column {}", name_,
                                ::XML_ErrorString(::XML_GetErrorCode(parser_)), ::XML_GetCurrentLineNumber(parser_),
                                ::XML_GetCurrentColumnNumber(parser_) + 1));
    }
    return !is_paused_;
}

void XmlParser::check_tag_size() const {
    const auto at = ::XML_GetCurrentByteIndex(parser_);
    if (at >= 0 && fed_ - static_cast<std::uint64_t>(at) > longest_tag) {
        throw Error(ErrorKind::Invalid, fmt::format("{} has a tag of more than {} bytes", name_, longest_tag));
    }
}

bool XmlParser::run(const Context& context) {
    if (is_paused_) {
        is_paused_ = false;
        if (!check(::XML_ResumeParser(parser_))) {
            return true;
        }
    }
    while (!is_at_end_) {
        context.check();
        void* const block = ::XML_GetBuffer(parser_, block_bytes);
        if (block == nullptr) {
            throw std::bad_alloc();
        }
        const auto count = in_.read(context, {static_cast<std::byte*>(block), block_bytes});
        fed_ += count;
        is_at_end_ = count == 0;
        if (!check(::XML_ParseBuffer(parser_, static_cast<int>(count), is_at_end_ ? XML_TRUE : XML_FALSE))) {
            return true;
        }
        if (!is_at_end_) {
            check_tag_size();
        }
    }
    return false;
}

}  // namespace rowhaul
