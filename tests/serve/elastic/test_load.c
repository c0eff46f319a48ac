/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "elastic/load.h"

#include "serve/api/fake_http.h"
#include "store/store.h"

static const struct elastic_load_item target = {
    .action = "create", .index = "logs-a-b", .index_n = 8};

static void add(struct elastic_load *l, const char *text)
{
    struct err_text why;
    assert_int_equal(elastic_load_add(l, &target, text, strlen(text), false, &why), ERR_NONE);
}

static void each_for_itself(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    fake_open(&w, NULL, 0);
    struct elastic_load *l = elastic_load_new(FAKE_NOW);
    add(l, "{\"@timestamp\":\"2024-01-01T00:00:00Z\",\"message\":\"a\"}");
    add(l, "{bad");
    add(l, "[]");
    add(l, "{\"@timestamp\":\"noon\"}");
    add(l, "{\"message\":\"b\"}");
    assert_int_equal(elastic_load_refuse(l, &target, 418, "t", "r", &why), ERR_NONE);
    assert_int_equal(elastic_load_send(l, api_ports_of(w.api), &why), ERR_NONE);
    static const unsigned statuses[] = {201, 400, 400, 400, 201, 418};
    assert_int_equal(elastic_load_count(l), 6);
    for (size_t i = 0; i < 6; i++) {
        const struct elastic_load_item *item = elastic_load_item(l, i);
        assert_int_equal(item->status, statuses[i]);
        assert_int_equal(item->type != NULL, item->status != 201);
    }
    assert_int_equal(elastic_load_item(l, 0)->sequence, 1);
    assert_int_equal(elastic_load_item(l, 4)->sequence, 2);
    assert_int_equal(elastic_load_item(l, 4)->source, 7);
    assert_true(elastic_load_item(l, 4)->time == FAKE_NOW); /* it came without one */
    assert_string_equal(
        buf_text(&w.taken),
        "{\"@timestamp\":\"2024-01-01T00:00:00.000Z\",\"data_stream\":{\"dataset\":\"a\","
        "\"namespace\":\"b\",\"type\":\"logs\"},\"message\":\"a\"}\n"
        "{\"@timestamp\":\"2023-11-14T22:13:20.000Z\",\"data_stream\":{\"dataset\":\"a\","
        "\"namespace\":\"b\",\"type\":\"logs\"},\"message\":\"b\"}\n");
    elastic_load_free(l);
    fake_close(&w);
}

/* What its id makes of a document; those without one are not asked for. */
static void ids(void **state)
{
    (void)state;
    static const struct {
        uint8_t known;
        const char *action;
        unsigned status;
        uint32_t version;
        bool kept;
    } cases[] = {{STORE_NAME_FREE, "create", 201, 1, true},
                 {STORE_NAME_FREE, "index", 201, 1, true},
                 {STORE_NAME_SAME, "create", 409, 3, false},
                 {STORE_NAME_SAME, "index", 200, 3, false},
                 {STORE_NAME_OLDER, "index", 200, 3, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fake_world w;
        struct err_text why;
        struct elastic_load_item named = target;
        named.action = cases[i].action;
        named.id = "x\"y";
        named.id_n = 3;
        fake_open(&w, NULL, 0);
        w.name_state = cases[i].known;
        struct elastic_load *l = elastic_load_new(FAKE_NOW);
        add(l, "{}");
        assert_int_equal(elastic_load_add(l, &named, "{}", 2, false, &why), ERR_NONE);
        add(l, "{}");
        assert_int_equal(elastic_load_send(l, api_ports_of(w.api), &why), ERR_NONE);
        for (size_t k = 0; k < 3; k += 2) {
            assert_int_equal(elastic_load_item(l, k)->status, 201);
            assert_int_equal(elastic_load_item(l, k)->version, 1);
            assert_int_equal(elastic_load_item(l, k)->sequence, k + 1);
        }
        const struct elastic_load_item *item = elastic_load_item(l, 1);
        assert_int_equal(item->status, cases[i].status);
        assert_int_equal(item->version, cases[i].version);
        assert_int_equal(item->sequence, cases[i].kept ? 2 : 77);
        assert_int_equal(item->type != NULL, item->status == 409);
        if (item->status == 409)
            assert_string_equal(item->reason, "[x\"y]: version conflict, document already exists "
                                              "(current version [3])");
        elastic_load_free(l);
        fake_close(&w);
    }
}

/* More than a portion: in order, and what was taken stands when the rest is not. */
static void portions(void **state)
{
    (void)state;
    enum { DOCUMENTS = 10000 };
    for (unsigned works = 0; works <= 3; works++) {
        struct fake_world w;
        struct err_text why;
        size_t there = 0;
        char text[64];
        fake_open(&w, NULL, 0);
        w.takes_most = works;
        w.take_fails = ERR_AGAIN;
        struct elastic_load *l = elastic_load_new(FAKE_NOW);
        for (int i = 0; i < DOCUMENTS; i++) {
            snprintf(text, sizeof(text), "{\"message\":\"%d\"}", i);
            add(l, text);
        }
        enum err err = elastic_load_send(l, api_ports_of(w.api), &why);
        assert_int_equal(err, works == 0 ? ERR_AGAIN : ERR_NONE);
        for (size_t i = 0; works > 0 && i < DOCUMENTS; i++) {
            const struct elastic_load_item *item = elastic_load_item(l, i);
            assert_true(item->status == 201 || item->status == 429);
            if (item->status == 201)
                assert_int_equal(item->sequence, ++there);
        }
        assert_int_equal(there, w.sequence);
        assert_int_equal(there == DOCUMENTS, works == 3);
        elastic_load_free(l);
        fake_close(&w);
    }
}

/* Shippers take 409 for "it is there already": what took too long must be sent again. */
static void too_late(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    fake_open(&w, NULL, 0);
    w.takes_most = 1;
    w.take_fails = ERR_STOPPED;
    struct elastic_load *l = elastic_load_new(FAKE_NOW);
    for (int i = 0; i < 5000; i++)
        add(l, "{}");
    assert_int_equal(elastic_load_send(l, api_ports_of(w.api), &why), ERR_NONE);
    assert_int_equal(elastic_load_item(l, 0)->status, 201);
    assert_int_equal(elastic_load_item(l, 4999)->status, 503);
    assert_string_equal(elastic_load_item(l, 4999)->type, "circuit_breaking_exception");
    elastic_load_free(l);
    fake_close(&w);
}

/* Few bytes can become many events. */
static void too_many(void **state)
{
    (void)state;
    struct err_text why;
    enum err err = ERR_NONE;
    size_t n = 0;
    struct elastic_load *l = elastic_load_new(FAKE_NOW);
    while (err == ERR_NONE && n++ < ELASTIC_LOAD_MOST / 100)
        err = elastic_load_add(l, &target, "{}", 2, false, &why);
    assert_int_equal(err, ERR_LIMIT);
    assert_int_equal(elastic_load_count(l), n - 1);
    assert_int_equal(elastic_load_refuse(l, &target, 400, "t", "r", &why), ERR_LIMIT);
    elastic_load_free(l);
}

static void too_long(void **state)
{
    (void)state;
    struct err_text why;
    size_t n = ((size_t)16 << 20) + 1;
    char *text = malloc(n + 1);
    memset(text, ' ', n);
    text[n] = '\0';
    struct elastic_load *l = elastic_load_new(FAKE_NOW);
    assert_int_equal(elastic_load_add(l, &target, text, n, false, &why), ERR_NONE);
    assert_int_equal(elastic_load_item(l, 0)->status, 413);
    elastic_load_free(l);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_for_itself), cmocka_unit_test(ids),      cmocka_unit_test(portions),
        cmocka_unit_test(too_late),        cmocka_unit_test(too_many), cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
