/* SPDX-License-Identifier: Apache-2.0 */
/* Log messages put into categories: of a server with a few hundred templates, and of one whose
 * messages have hardly anything in common. */
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "categorize/analyzer.h"
#include "categorize/categorize.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define SEED 42
#define TEMPLATES 300
#define MESSAGES 100000

static double cpu_seconds(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static const char *const verbs[] = {"opened",  "closed", "failed",  "started", "stopped",
                                    "refused", "lost",   "created", "removed", "expired"};

/* A word of two to four syllables, the same for the same number. */
static void write_word(uint64_t number, struct buf *out)
{
    static const char consonants[] = "bdfgklmnprst";
    static const char vowels[] = "aeiou";
    uint64_t h = hash_mix(number + 1);
    for (uint64_t n = 2 + h % 3; n > 0; n--) {
        h = hash_mix(h);
        buf_char(out, consonants[h % 12]);
        buf_char(out, vowels[h / 12 % 5]);
    }
}

/* A template's words, with a name, an address and numbers that differ. */
static void write_message(struct rng *r, bool alike, struct buf *out)
{
    /* Few templates make most of a log. */
    double u = rng_f64(r);
    unsigned t = (unsigned)(u * u * u * TEMPLATES);
    write_word(t % 20, out);
    buf_format(out, "[%u]:", (unsigned)rng_below(r, 30000));
    for (unsigned i = 0; i < 4 + t % 6; i++) {
        buf_char(out, ' ');
        if (i == 1)
            buf_str(out, verbs[t % 10]);
        else
            write_word(100 + t * 8 + i, out);
    }
    buf_str(out, " for user ");
    write_word(10000 + rng_below(r, 500), out);
    buf_format(out, " from 10.%u.%u.%u port %u id=%016llx", (unsigned)rng_below(r, 256),
               (unsigned)rng_below(r, 256), (unsigned)rng_below(r, 256),
               (unsigned)rng_below(r, 65536), (unsigned long long)rng_u64(r));
    for (int i = 0; !alike && i < 8; i++) {
        buf_char(out, ' ');
        write_word(20000 + rng_below(r, 5000), out);
    }
}

static void run(const struct categorize_analyzer *a, const char *name, bool alike)
{
    const struct categorize_options o = {.analyzer = a, .seed = {1, 2}, .examples = 4};
    struct categorize *c = NULL;
    struct categorize_stats stats;
    struct buf *list = mem_zero(MESSAGES, sizeof(*list));
    struct rng r;
    size_t bytes = 0;
    uint32_t id;
    rng_init(&r, SEED);
    if (list == NULL || categorize_new(&o, &c) != ERR_NONE)
        exit(1);
    for (size_t i = 0; i < MESSAGES; i++) {
        buf_init(&list[i]);
        write_message(&r, alike, &list[i]);
        bytes += list[i].n;
    }
    double begun = cpu_seconds();
    for (size_t i = 0; i < MESSAGES; i++)
        (void)categorize_message(c, bytes_make("", 0), bytes_make(list[i].p, list[i].n), 0, true,
                                 &id);
    double seconds = cpu_seconds() - begun;
    categorize_sum(c, &stats);
    printf(
        "{\"bench\":\"categorize\",\"case\":\"%s\",\"messages\":%d,\"ns_per_op\":%.0f,"
        "\"items_per_s\":%.0f,\"mb_per_s\":%.1f,\"categories\":%llu,\"bytes\":%zu,\"seed\":%d}\n",
        name, MESSAGES, seconds * 1e9 / MESSAGES, MESSAGES / seconds, (double)bytes / seconds / 1e6,
        (unsigned long long)stats.total, categorize_bytes(c), SEED);
    for (size_t i = 0; i < MESSAGES; i++)
        buf_release(&list[i]);
    mem_free(list);
    categorize_free(c);
}

int main(void)
{
    struct categorize_analyzer *a = NULL;
    if (categorize_analyzer_new(NULL, NULL, &a, NULL) != ERR_NONE)
        return 1;
    run(a, "templates", true);
    run(a, "chaos", false);
    categorize_analyzer_free(a);
    return 0;
}
