// SPDX-License-Identifier: Apache-2.0
// The tree from TOML (version 1.0), by toml++. Dates and times become their ISO text.
extern "C" {
#include "format/node.h"
#include "format/node_priv.h"
}

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

namespace
{

struct reader {
    struct format_tree *tree;
    const char *file;
    struct err_text *why;
};

void place(struct format_node *v, const toml::source_position &at)
{
    v->line = static_cast<unsigned>(at.line);
    v->column = static_cast<unsigned>(at.column);
}

enum err read_value(const reader &r, const toml::node &from, const toml::key *key,
                    struct format_node *parent, unsigned depth);

// toml++ sorts its tables by key; what was written first comes first here.
enum err read_table(const reader &r, const toml::table &table, struct format_node *v,
                    unsigned depth)
{
    std::vector<std::pair<const toml::key *, const toml::node *>> members;
    for (auto &&[key, value] : table)
        members.emplace_back(&key, &value);
    std::stable_sort(members.begin(), members.end(), [](const auto &a, const auto &b) {
        return a.first->source().begin < b.first->source().begin;
    });
    for (const auto &m : members) {
        enum err code = read_value(r, *m.second, m.first, v, depth + 1);
        if (code != ERR_NONE)
            return code;
    }
    return format_tree_close(v, r.why);
}

enum err read_array(const reader &r, const toml::array &array, struct format_node *v,
                    unsigned depth)
{
    for (const auto &member : array) {
        enum err code = read_value(r, member, nullptr, v, depth + 1);
        if (code != ERR_NONE)
            return code;
    }
    return format_tree_close(v, r.why);
}

template <typename T> std::string text_of(const T &value)
{
    std::ostringstream out;
    out << value;
    return out.str();
}

enum format_type type_of(const toml::node &from)
{
    switch (from.type()) {
    case toml::node_type::table:
        return FORMAT_OBJECT;
    case toml::node_type::array:
        return FORMAT_ARRAY;
    case toml::node_type::integer:
        return FORMAT_INT;
    case toml::node_type::floating_point:
        return FORMAT_FLOAT;
    case toml::node_type::boolean:
        return FORMAT_BOOL;
    case toml::node_type::none:
        return FORMAT_NULL;
    default:
        return FORMAT_STRING;
    }
}

enum err read_value(const reader &r, const toml::node &from, const toml::key *key,
                    struct format_node *parent, unsigned depth)
{
    struct format_node *v = nullptr;
    const char *name = key != nullptr ? key->str().data() : nullptr;
    size_t name_len = key != nullptr ? key->str().size() : 0;
    if (key != nullptr && name == nullptr)
        name = "";
    enum err code = format_tree_add(r.tree, parent, type_of(from), name, name_len, &v);
    if (code != ERR_NONE)
        return code;
    place(v, from.source().begin);
    if (v->line == 0 && key != nullptr)
        place(v, key->source().begin);
    if (depth > FORMAT_NODE_DEPTH)
        return format_node_err(v, r.why, ERR_FORMAT, "values may be nested 64 deep");
    switch (from.type()) {
    case toml::node_type::table:
        return read_table(r, *from.as_table(), v, depth);
    case toml::node_type::array:
        return read_array(r, *from.as_array(), v, depth);
    case toml::node_type::string: {
        const std::string &s = from.as_string()->get();
        return format_tree_set_str(v, s.data(), s.size());
    }
    case toml::node_type::integer:
        v->as.i = from.as_integer()->get();
        return ERR_NONE;
    case toml::node_type::floating_point:
        v->as.f = from.as_floating_point()->get();
        if (!std::isfinite(v->as.f))
            return format_node_err(v, r.why, ERR_FORMAT, "a finite number is expected");
        return ERR_NONE;
    case toml::node_type::boolean:
        v->as.b = from.as_boolean()->get();
        return ERR_NONE;
    case toml::node_type::date: {
        std::string s = text_of(from.as_date()->get());
        return format_tree_set_str(v, s.data(), s.size());
    }
    case toml::node_type::time: {
        std::string s = text_of(from.as_time()->get());
        return format_tree_set_str(v, s.data(), s.size());
    }
    case toml::node_type::date_time: {
        std::string s = text_of(from.as_date_time()->get());
        return format_tree_set_str(v, s.data(), s.size());
    }
    default:
        return ERR_NONE;
    }
}

enum err parse(const char *text, size_t n, const char *file, struct format_node **out,
               struct err_text *why)
{
    const reader r = {format_tree_new(file), file, why};
    if (r.tree == nullptr)
        return err_set_at(why, ERR_MEMORY, file, 0, "no memory is left to read this document");
    enum err code;
    try {
        const toml::table root = toml::parse(std::string_view(text, n), std::string_view());
        code = read_value(r, root, nullptr, nullptr, 0);
        if (code == ERR_LIMIT)
            err_set_at(why, code, file, 0, "a document may hold at most 4 million values");
        else if (code == ERR_MEMORY)
            err_set_at(why, code, file, 0, "no memory is left to read this document");
    } catch (const toml::parse_error &e) {
        const std::string what(e.description());
        code = err_set_at(why, ERR_FORMAT, file, static_cast<unsigned>(e.source().begin.line),
                          "this is no TOML: %s", what.c_str());
        if (why != nullptr)
            why->column = static_cast<unsigned>(e.source().begin.column);
    } catch (const std::bad_alloc &) {
        code = err_set_at(why, ERR_MEMORY, file, 0, "no memory is left to read this document");
    } catch (const std::exception &e) {
        code = err_set_at(why, ERR_FORMAT, file, 0, "this is no TOML: %s", e.what());
    }
    if (code != ERR_NONE) {
        format_tree_free(r.tree);
        return code;
    }
    *out = format_tree_root(r.tree);
    return ERR_NONE;
}

} // namespace

extern "C" enum err format_node_toml(const char *text, size_t n, const char *file,
                                     struct format_node **out, struct err_text *why)
{
    if (file == nullptr)
        file = "";
    if (n > FORMAT_NODE_MAX_TEXT)
        return err_set_at(why, ERR_LIMIT, file, 0, "a document may hold at most 64 MiB");
    try {
        return parse(text, n, file, out, why);
    } catch (...) {
        return err_set_at(why, ERR_MEMORY, file, 0, "no memory is left to read this document");
    }
}
