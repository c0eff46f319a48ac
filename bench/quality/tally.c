/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"

#include <math.h>

void quality_tally_quiet(struct quality_tally *t, double score)
{
    t->buckets++;
    for (int i = 0; i < 3; i++)
        t->false_at[i] += score >= 25 * (i + 1);
}

void quality_tally_found(struct quality_tally *t, enum quality_kind kind, double best, int first)
{
    t->injected[kind]++;
    t->at_50[kind] += best >= 50;
    t->at_75[kind] += best >= 75;
    if (kind >= QUALITY_LEAKS)
        t->delay[first < 0 || first >= QUALITY_STEPS ? QUALITY_STEPS - 1 : first]++;
}

/* The step below which the share of all lies; the last one stands for never. */
static int quantile(const uint32_t *count, double share)
{
    double all = 0;
    for (int i = 0; i < QUALITY_STEPS; i++)
        all += count[i];
    double sum = 0;
    for (int i = 0; i < QUALITY_STEPS; i++) {
        sum += count[i];
        if (sum > 0 && sum >= share * all)
            return i;
    }
    return -1;
}

static void print_step(FILE *out, const char *key, int step)
{
    if (step < 0 || step == QUALITY_STEPS - 1)
        fprintf(out, "\"%s\":null", key);
    else
        fprintf(out, "\"%s\":%d", key, step);
}

static void print_steps(FILE *out, const char *key, const uint32_t *count)
{
    fprintf(out, ",\"%s\":{", key);
    print_step(out, "median", quantile(count, 0.5));
    fputc(',', out);
    print_step(out, "p90", quantile(count, 0.9));
    fputc('}', out);
}

static void print_rates(FILE *out, const char *key, const double at[3], double all)
{
    double n = fmax(all, 1) / 1e4;
    fprintf(out, ",\"%s\":{\"25\":%.3f,\"50\":%.3f,\"75\":%.3f}", key, at[0] / n, at[1] / n,
            at[2] / n);
}

void quality_tally_print(FILE *out, const char *family, uint64_t seed, bool held_out,
                         const struct quality_tally *t)
{
    static const char *const kinds[QUALITY_KINDS] = {"weak", "plain",  "new",
                                                     "leak", "outage", "change"};
    double found = 0;
    double lasting = 0;
    fprintf(out,
            "{\"bench\":\"quality\",\"family\":\"%s\",\"seed\":%llu,\"held_out\":%s,"
            "\"series\":%.0f,\"series_buckets\":%.0f",
            family, (unsigned long long)seed, held_out ? "true" : "false", t->series, t->buckets);
    print_rates(out, "false_per_10k", t->false_at, t->buckets);
    for (int i = 0; i < QUALITY_KINDS; i++) {
        if (t->injected[i] > 0)
            fprintf(out, ",\"%s\":{\"n\":%.0f,\"at_50\":%.3f,\"at_75\":%.3f}", kinds[i],
                    t->injected[i], t->at_50[i] / t->injected[i], t->at_75[i] / t->injected[i]);
        found += t->at_75[i];
        lasting += i >= QUALITY_LEAKS ? t->injected[i] : 0;
    }
    if (found + t->false_at[2] > 0)
        fprintf(out, ",\"precision_75\":%.3f", found / (found + t->false_at[2]));
    if (t->first_asked)
        fprintf(out, ",\"first_of_bucket\":%.3f", t->first / fmax(t->injected[QUALITY_NEW], 1));
    if (t->largest_asked)
        fprintf(out, ",\"always_largest_75\":%.0f", t->largest_75);
    if (t->after > 0)
        fprintf(out, ",\"after\":%.0f,\"after_75_per_10k\":%.2f", t->after,
                1e4 * t->after_75 / t->after);
    if (lasting > 0)
        print_steps(out, "delay_buckets", t->delay);
    if (t->week > 0)
        print_rates(out, "week_after_per_10k", t->week_at, t->week);
    if (t->changes) {
        print_steps(out, "adoption_hours", t->adoption);
        print_steps(out, "known_hours", t->known);
    }
    fprintf(out, ",\"records\":%.0f,\"model_bytes\":%.0f,\"cpu_seconds\":%.1f}\n", t->records,
            t->bytes, t->seconds);
    fflush(out);
}
