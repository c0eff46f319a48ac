// SPDX-License-Identifier: Apache-2.0
// The C face of simdjson: its DOM parser, whose tape is handed out as it is.
#include "format/json.h"

#include "format/json_priv.h"

#include <new>
#include <simdjson.h>

static_assert(simdjson::SIMDJSON_PADDING <= FORMAT_JSON_PADDING, "padding that simdjson may read");

struct format_json {
    simdjson::dom::parser parser;
};

extern "C" struct format_json *format_json_new(void)
{
    try {
        auto *p = new (std::nothrow) format_json;
        // simdjson counts the document itself as a level.
        if (p != nullptr && p->parser.allocate(65536, FORMAT_JSON_DEPTH + 1) != simdjson::SUCCESS) {
            delete p;
            p = nullptr;
        }
        return p;
    } catch (...) {
        return nullptr;
    }
}

extern "C" void format_json_free(struct format_json *p)
{
    delete p;
}

extern "C" void format_json_view(const struct format_json *p, struct format_json_tape *out)
{
    out->word = p->parser.doc.tape.get();
    out->strings = p->parser.doc.string_buf.get();
}

// Grows by doubling, so that lines of rising length do not allocate each time.
static simdjson::error_code make_room(struct format_json *p, size_t n)
{
    size_t capacity = p->parser.capacity();
    if (n <= capacity)
        return simdjson::SUCCESS;
    while (capacity < n)
        capacity *= 2;
    return p->parser.allocate(capacity, FORMAT_JSON_DEPTH + 1);
}

static simdjson::error_code parse(struct format_json *p, const char *text, size_t n, bool copy)
{
    try {
        simdjson::error_code code = make_room(p, n);
        if (code == simdjson::SUCCESS)
            code = p->parser.parse(text, n, copy).error();
        return code;
    } catch (...) {
        return simdjson::MEMALLOC;
    }
}

// simdjson refused: a number of more than 64 bits is taken as a double; all else gets a place.
static enum err second_try(struct format_json *p, simdjson::error_code code, const char *text,
                           size_t n, struct format_json_bad *bad)
{
    if (code == simdjson::NUMBER_ERROR) {
        size_t wide_n = 0;
        char *wide = format_json_widen(text, n, &wide_n);
        code = wide != nullptr ? parse(p, wide, wide_n, false) : simdjson::MEMALLOC;
        format_json_drop(wide);
    }
    if (code == simdjson::SUCCESS)
        return ERR_NONE;
    if (code == simdjson::MEMALLOC)
        return ERR_MEMORY;
    if (bad != nullptr && !format_json_where(text, n, bad)) {
        bad->offset = 0;
        bad->expected = "this is no JSON document";
    }
    return ERR_FORMAT;
}

static enum err parse_or_tell(struct format_json *p, const char *text, size_t n, bool copy,
                              struct format_json_bad *bad)
{
    if (n > FORMAT_JSON_MAX)
        return ERR_LIMIT;
    simdjson::error_code code = parse(p, text, n, copy);
    return code == simdjson::SUCCESS ? ERR_NONE : second_try(p, code, text, n, bad);
}

extern "C" enum err format_json_parse(struct format_json *p, const char *text, size_t n,
                                      struct format_json_bad *bad)
{
    return parse_or_tell(p, text, n, true, bad);
}

extern "C" enum err format_json_parse_padded(struct format_json *p, const char *text, size_t n,
                                             struct format_json_bad *bad)
{
    return parse_or_tell(p, text, n, false, bad);
}

extern "C" enum err format_json_parse_repaired(struct format_json *p, const char *text, size_t n,
                                               size_t *out_repaired, struct format_json_bad *bad)
{
    if (n > FORMAT_JSON_MAX / 8)
        return ERR_LIMIT;
    size_t clean_n = 0;
    size_t repaired = 0;
    char *clean = format_json_repair(text, n, &clean_n, &repaired);
    if (clean == nullptr)
        return ERR_MEMORY;
    enum err code = parse_or_tell(p, clean, clean_n, false, bad);
    format_json_drop(clean);
    if (code == ERR_NONE)
        *out_repaired = repaired;
    else if (code == ERR_FORMAT && bad != nullptr)
        (void)format_json_where(text, n, bad); // the place in the text as it was given
    return code;
}
