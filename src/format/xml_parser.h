// SPDX-License-Identifier: Apache-2.0
// Walks through an XML document piece by piece, as far as its handler wants.
//
// Documents with a document type are refused, and with it entities of their own, from outside or
// multiplying within. A tag may have 1 MiB.
#pragma once
#include "io/stream.h"

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

struct XML_ParserStruct;

namespace rowhaul {

// Names and values of a tag. The texts live as long as the call.
class XmlAttributes {
public:
    explicit XmlAttributes(const char** pairs) : pairs_(pairs) {}
    // By the name without its prefix; empty when there is none.
    std::string_view operator[](std::string_view name) const;
    // For those who need more than one of many tags: name, value, ..., null.
    const char** pairs() const { return pairs_; }

private:
    const char** pairs_;
};

// Names come without their prefixes. May throw.
class XmlHandler {
public:
    virtual void start(std::string_view name, const XmlAttributes&) = 0;
    virtual void end(std::string_view name) = 0;
    // In pieces of any size.
    virtual void text(std::string_view) {}

protected:
    ~XmlHandler() = default;
};

class XmlParser {
public:
    // `in` and `handler` must outlive this. `name` is what messages call the document.
    XmlParser(InputStream& in, XmlHandler& handler, std::string name);
    ~XmlParser();
    XmlParser(const XmlParser&) = delete;
    XmlParser& operator=(const XmlParser&) = delete;

    // Goes on until the handler calls pause(), or to the end, where it returns false. Throws Invalid for
    // what is no XML, and what the handler throws.
    bool run(const Context&);
    // For the handler: run() returns when the handler does.
    void pause();

private:
    struct Callbacks;
    bool check(int status);
    void check_tag_size() const;

    InputStream& in_;
    XmlHandler& handler_;
    const std::string name_;
    XML_ParserStruct* parser_;
    std::exception_ptr thrown_;
    bool has_document_type_ = false;
    bool is_paused_ = false;
    bool is_at_end_ = false;
    std::uint64_t fed_ = 0;
};

}  // namespace rowhaul
