/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/journal.h"
#include "store/store.h"

#define INDEX "logs-a-b"

static struct store_journal *open_journal(const char *dir, uint64_t most)
{
    char path[4200];
    struct err_text why;
    struct store_journal *j;
    snprintf(path, sizeof(path), "%s/events.db", dir);
    enum err rc = store_journal_open(path, most, &j, &why);
    if (rc != ERR_NONE)
        fail_msg("%s", why.message);
    return j;
}

/* What a sender does: a document under a name; returns what was known of the name. */
static enum store_name_state send(struct store_journal *j, const char *id, uint64_t document,
                                  bool create, struct store_name *out)
{
    struct arena arena;
    struct event e;
    struct store_name name = {.document = document, .create = create};
    assert_int_equal(store_journal_look(j, INDEX, id, &name), ERR_NONE);
    enum store_name_state found = name.state;
    if (found == STORE_NAME_FREE || found == STORE_NAME_OLDER) {
        arena_init(&arena, 0);
        event_init(&e, &arena, HELP_BASE + (ts_ns)document);
        assert_int_equal(store_journal_append_named(j, &e, INDEX, id, &name), ERR_NONE);
        assert_int_equal(name.sequence, e.sequence);
        arena_release(&arena);
    }
    *out = name;
    return found;
}

static void commit(struct store_journal *j, bool all, uint64_t expected)
{
    struct err_text why;
    uint64_t rows, bytes;
    assert_int_equal(store_journal_commit(j, all, &rows, &bytes, &why), ERR_NONE);
    assert_int_equal(rows, expected);
}

static uint64_t repeated(struct store_journal *j)
{
    struct store_journal_names names;
    store_journal_names(j, &names);
    return names.repeated;
}

/* Once, whoever repeats it, and whether the first is committed or not; each version once. */
static void each_once(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_journal *j = open_journal(dir, 0);
    struct store_name name;
    ts_ns time;
    uint64_t sequence;
    assert_int_equal(send(j, "x", 1, true, &name), STORE_NAME_FREE);
    assert_int_equal(name.version, 1);
    uint64_t first = name.sequence;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(send(j, "x", 1, true, &name), STORE_NAME_TAKEN);
        assert_int_equal(name.version, 1);
        assert_int_equal(name.sequence, first);
        assert_int_equal(send(j, "x", 9, true, &name), STORE_NAME_TAKEN);
        assert_int_equal(send(j, "x", 1, false, &name), STORE_NAME_SAME);
        assert_int_equal(name.sequence, first);
        commit(j, true, round == 0);
        if (round == 1) {
            store_journal_close(j);
            j = open_journal(dir, 0);
        }
    }
    assert_int_equal(repeated(j), 3); /* since opening */
    assert_int_equal(send(j, "x", 2, false, &name), STORE_NAME_OLDER);
    assert_int_equal(name.version, 2);
    assert_true(name.sequence > first);
    uint64_t second = name.sequence;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(send(j, "x", 1, false, &name), STORE_NAME_SAME);
        assert_int_equal(name.version, 1);
        assert_int_equal(name.sequence, first);
        assert_int_equal(send(j, "x", 2, false, &name), STORE_NAME_SAME);
        assert_int_equal(name.version, 2);
        assert_int_equal(name.sequence, second);
        assert_int_equal(send(j, "x", 2, true, &name), STORE_NAME_TAKEN);
        assert_int_equal(name.version, 2);
        commit(j, true, round == 0);
    }
    assert_int_equal(send(j, "x", 3, false, &name), STORE_NAME_OLDER);
    assert_int_equal(name.version, 3);
    assert_int_equal(store_journal_named(j, INDEX, "x", &time, &sequence), ERR_NONE);
    assert_int_equal(time, HELP_BASE + 3);
    assert_int_equal(sequence, name.sequence);
    assert_int_equal(store_journal_named(j, "logs-a-c", "x", &time, &sequence), ERR_NOT_FOUND);
    assert_int_equal(store_journal_named(j, INDEX, "y", &time, &sequence), ERR_NOT_FOUND);
    commit(j, true, 1);
    store_journal_close(j);
    help_rmdir(dir);
}

/* Names go with their events: taken back with them, and not committed before them. */
static void with_events(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_journal *j = open_journal(dir, 0);
    struct store_name name;
    assert_int_equal(send(j, "kept", 1, true, &name), STORE_NAME_FREE);
    assert_int_equal(store_journal_mark(j), ERR_NONE);
    assert_int_equal(send(j, "x", 1, true, &name), STORE_NAME_FREE);
    assert_int_equal(send(j, "kept", 2, false, &name), STORE_NAME_OLDER);
    assert_int_equal(send(j, "kept", 2, true, &name), STORE_NAME_TAKEN);
    commit(j, false, 1);
    assert_int_equal(store_journal_rewind(j), 2);
    assert_int_equal(repeated(j), 0);
    commit(j, true, 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(send(j, "kept", 1, false, &name), STORE_NAME_SAME);
        assert_int_equal(name.version, 1);
        assert_int_equal(store_journal_mark(j), ERR_NONE);
        assert_int_equal(send(j, "x", 1, true, &name), STORE_NAME_FREE);
        (void)!store_journal_rewind(j);
        store_journal_close(j);
        j = open_journal(dir, 0);
    }
    /* What is not committed is gone with its name. */
    assert_int_equal(send(j, "x", 1, true, &name), STORE_NAME_FREE);
    store_journal_close(j);
    j = open_journal(dir, 0);
    assert_int_equal(send(j, "x", 1, true, &name), STORE_NAME_FREE);
    store_journal_close(j);
    help_rmdir(dir);
}

/* Generations are made while others commit what came before a mark. */
static void many(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_journal *j = open_journal(dir, 1600); /* generations of a hundred */
    struct store_name name;
    struct store_journal_names names;
    struct err_text why;
    char id[16];
    for (unsigned i = 0; i < 1000; i++) {
        if (i % 90 == 0)
            assert_int_equal(store_journal_mark(j), ERR_NONE);
        snprintf(id, sizeof(id), "%u", i);
        assert_int_equal(send(j, id, 1, true, &name), STORE_NAME_FREE);
        if (i % 90 == 45)
            commit(j, false, 0);
        if (i % 90 == 89)
            commit(j, true, 90);
    }
    (void)!store_journal_rewind(j);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(id, sizeof(id), "%u", i);
        assert_int_equal(send(j, id, 1, true, &name), i < 990 ? STORE_NAME_TAKEN : STORE_NAME_FREE);
    }
    commit(j, true, 10);
    store_journal_names(j, &names);
    assert_int_equal(names.kept, 1000);
    assert_int_equal(names.repeated, 990);
    /* Their events lie in a batch: none is forgotten. */
    assert_int_equal(store_journal_prune(j, &why), ERR_NONE);
    store_journal_names(j, &names);
    assert_int_equal(names.kept, 1000);
    assert_int_equal(names.forgotten, 0);
    store_journal_close(j);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_once),
        cmocka_unit_test(with_events),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
