/* SPDX-License-Identifier: Apache-2.0 */
#include "detect_load.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define START 1699833600 /* a Monday, 00:00 */
#define PIECE 65536
#define DAY (TIME_DAY / TIME_S)

struct kind {
    const char *name;
    const char *detector;
    const char *header;
    uint64_t seconds; /* over which the records are spread */
    void (*line)(struct detect_load *l);
};

struct detect_load {
    const struct kind *kind;
    char job[512];
    struct buf text;
    struct rng rng;
    uint64_t left;
    double per_second;
    double due; /* records that time has earned and nobody has drawn yet */
    uint64_t second;
};

/* A rank from 0 to n - 1, each rank r as likely as 1 / (r + 10): about Zipf's law. */
static unsigned long long rank(struct detect_load *l, double n)
{
    return (unsigned long long)(10 * (pow(1 + n / 10, rng_f64(&l->rng)) - 1));
}

static void line_count(struct detect_load *l)
{
    (void)l;
}

static void line_sum(struct detect_load *l)
{
    unsigned long long host = rng_below(&l->rng, 1000);
    double bytes = exp(8 + 2 * rng_normal(&l->rng));
    buf_format(&l->text, ",%.0f,host-%llu.example", bytes, host);
}

static void line_rare(struct detect_load *l)
{
    unsigned long long user = rng_below(&l->rng, 200);
    buf_format(&l->text, ",process-%llu.exe,user%llu", rank(l, 2000), user);
}

static void line_info(struct detect_load *l)
{
    unsigned long long domain = rank(l, 20000);
    unsigned long long host = rng_below(&l->rng, 50);
    buf_format(&l->text, ",h%llu.d%llu.example.com,d%llu.example.com", host, domain, domain);
}

static const struct kind kinds[] = {
    {"count", "{\"function\":\"count\"}", "time\n", 28 * DAY, line_count},
    {"high_sum_1000_partitions",
     "{\"function\":\"high_sum\",\"field_name\":\"bytes\",\"partition_field_name\":\"host\"}",
     "time,bytes,host\n", 28 * DAY, line_sum},
    {"rare_200_partitions_2000_values",
     "{\"function\":\"rare\",\"by_field_name\":\"process\",\"partition_field_name\":\"user\"}",
     "time,process,user\n", 28 * DAY, line_rare},
    {"info_content_20000_by",
     "{\"function\":\"high_info_content\",\"field_name\":\"name\",\"by_field_name\":\"domain\"}",
     "time,name,domain\n", 14 * DAY, line_info},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *detect_load_name(size_t number)
{
    return number < KINDS ? kinds[number].name : NULL;
}

struct detect_load *detect_load_new(const char *name, uint64_t records)
{
    size_t k = 0;
    while (k < KINDS && strcmp(kinds[k].name, name) != 0)
        k++;
    struct detect_load *l = k < KINDS ? mem_zero(1, sizeof(*l)) : NULL;
    if (l == NULL)
        return NULL;
    l->kind = &kinds[k];
    l->left = records;
    l->per_second = (double)records / (double)l->kind->seconds;
    rng_init(&l->rng, DETECT_LOAD_SEED + k);
    buf_init(&l->text);
    snprintf(l->job, sizeof(l->job),
             "{\"job_id\":\"%s\",\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[%s]}}",
             l->kind->name, l->kind->detector);
    return l;
}

void detect_load_free(struct detect_load *l)
{
    if (l == NULL)
        return;
    buf_release(&l->text);
    mem_free(l);
}

const char *detect_load_job(const struct detect_load *l)
{
    return l->job;
}

/* Nights have a fifth of what noons have, and Saturdays and Sundays half; the mean is about 1. */
static double rhythm(uint64_t second)
{
    double day = 1 - 2.0 / 3 * cos(2 * M_PI * (double)(second % DAY) / (double)DAY);
    return second / DAY % 7 >= 5 ? 0.58 * day : 1.17 * day;
}

/* Seconds pass until a record is due. */
static void pass(struct detect_load *l)
{
    while (l->due < 1) {
        l->second++;
        l->due += l->per_second * rhythm(l->second) * -log(1 - rng_f64(&l->rng));
    }
    l->due -= 1;
}

struct bytes detect_load_next(struct detect_load *l)
{
    bool first = l->second == 0;
    buf_clear(&l->text);
    if (first)
        buf_str(&l->text, l->kind->header);
    while (l->left > 0 && l->text.n < PIECE) {
        pass(l);
        buf_u64(&l->text, START + l->second);
        l->kind->line(l);
        buf_char(&l->text, '\n');
        l->left--;
    }
    return bytes_make(l->text.p, l->text.n);
}
