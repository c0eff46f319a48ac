/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hosts run, what clients ask for, when users work: habits, and what was never done before.
 */
#include "scenario.h"

#include "law.h"

#include <math.h>
#include <stdio.h>

/* Values of a host are numbered host * VALUES_EACH + its own number. */
#define VALUES_EACH 100000
#define HOSTS 24
#define CLIENTS 40
#define USERS 50
#define ROUTINE_RARE 5 /* values that come about once a week */

struct host {
    size_t entity;
    size_t values;
    size_t next;
    double draws; /* a bucket */
    double churn; /* new values a bucket */
};

static void rare_begin(struct quality_world *w)
{
    struct host *hosts = quality_memory(HOSTS, sizeof(*hosts));
    w->own = hosts;
    for (size_t i = 0; i < HOSTS; i++) {
        struct host *h = &hosts[i];
        h->entity = quality_world_add(w);
        h->values = 15 + rng_below(&w->rng, 40);
        h->next = h->values + ROUTINE_RARE;
        h->draws = 4 + 8 * rng_f64(&w->rng);
        h->churn = i % 2 == 0 ? 0 : exp(-4 + 3.5 * rng_f64(&w->rng));
        if (w->run->held_out) {
            h->values *= 2;
            h->draws *= 0.7;
        }
    }
}

static void run_value(struct quality_world *w, const struct host *h, size_t value)
{
    char host[24];
    char name[24];
    w->tally->records++;
    quality_job_record(
        w->job, w->time + w->scenario->span / 2, 1, quality_text(host, 'h', h->entity),
        quality_text(name, 'v', h->entity * VALUES_EACH + value), (struct bytes){NULL, 0}, 0);
}

static void rare_bucket(struct quality_world *w)
{
    struct host *hosts = w->own;
    double weekly = (double)w->scenario->span / (double)(7 * TIME_DAY);
    for (size_t i = 0; i < w->n; i++) {
        struct host *h = &hosts[i];
        int draws = (int)quality_poisson_draw(&w->rng, h->draws);
        quality_world_judge(w, h->entity);
        for (int k = 0; k < draws; k++) /* the law of Zipf, roughly */
            run_value(w, h, (size_t)(pow((double)h->values + 1, rng_f64(&w->rng)) - 1));
        for (size_t k = 0; k < ROUTINE_RARE; k++)
            if (rng_f64(&w->rng) < weekly)
                run_value(w, h, h->values + k);
        for (int k = (int)quality_poisson_draw(&w->rng, h->churn); k > 0; k--)
            run_value(w, h, h->next++ % VALUES_EACH);
        if (h->churn <= 0 && quality_world_due(w)) {
            size_t value = h->next++ % VALUES_EACH;
            quality_world_mark(w, h->entity, QUALITY_NEW, (long)(h->entity * VALUES_EACH + value));
            run_value(w, h, value);
        }
    }
}

#define COMMON_PAGES 30
#define SCAN_LEAST 28 /* own pages in a bucket: 0.05 × 2^-27 = 10^-9.4 */

static void pages_begin(struct quality_world *w)
{
    size_t *next = quality_memory(1, sizeof(*next));
    for (size_t i = 0; i < CLIENTS; i++)
        quality_world_add(w);
    *next = COMMON_PAGES;
    w->own = next;
}

static void ask(struct quality_world *w, size_t client, size_t page)
{
    char a[24];
    char b[24];
    w->tally->records++;
    quality_job_record(w->job, w->time + w->scenario->span / 2, 1, quality_text(a, 'c', client),
                       quality_text(b, 'u', page), (struct bytes){NULL, 0}, 0);
}

static void pages_bucket(struct quality_world *w)
{
    size_t *next = w->own;
    for (size_t i = 0; i < w->n; i++) {
        int common = 1 + (int)quality_poisson_draw(&w->rng, w->run->held_out ? 1 : 3);
        int own = 0;
        quality_world_judge(w, i);
        for (int k = 0; k < common; k++)
            ask(w, i, (size_t)(pow(COMMON_PAGES, rng_f64(&w->rng)) - 1));
        if (rng_f64(&w->rng) < 0.05)
            for (own = 1; rng_below(&w->rng, 2) == 0; own++)
                continue;
        if (quality_world_due(w)) {
            own = SCAN_LEAST + (int)rng_below(&w->rng, 30);
            quality_world_mark(w, i, QUALITY_PLAIN, -1);
        }
        for (; own > 0; own--)
            ask(w, i, (*next)++);
    }
}

#define EVENTS_A_DAY 12.0
#define FAR_AWAY 6.0 /* deviations from all modes: below 10^-8.7 */

struct user {
    double mode[2]; /* of the day, 0 to 1 */
    double sd[2];
    double second; /* share of the second mode */
};

static void times_begin(struct quality_world *w)
{
    struct user *users = quality_memory(USERS, sizeof(*users));
    w->own = users;
    for (size_t i = 0; i < USERS; i++) {
        struct user *u = &users[i];
        quality_world_add(w);
        u->mode[0] = rng_f64(&w->rng);
        u->mode[1] = fmod(u->mode[0] + (4 + 3 * rng_f64(&w->rng)) / 24, 1);
        u->sd[0] = (0.5 + rng_f64(&w->rng)) / 24;
        u->sd[1] = 0.7 / 24;
        u->second = rng_below(&w->rng, 2) == 0 ? 0 : w->run->held_out ? 0.5 : 0.3;
    }
}

static double away(double a, double b)
{
    double d = fabs(a - b);
    return fmin(d, 1 - d);
}

/* The share of a wrapped normal law that lies in [from, from + width). */
static double part(double from, double width, double mode, double sd)
{
    double sum = 0;
    for (int turn = -1; turn <= 1; turn++) {
        double z = (from + turn - mode) / sd * M_SQRT1_2;
        sum += (erfc(z) - erfc(z + width / sd * M_SQRT1_2)) / 2;
    }
    return sum;
}

static void times_bucket(struct quality_world *w)
{
    const struct user *users = w->own;
    double width = (double)w->scenario->span / (double)TIME_DAY;
    double day = (double)(w->time % TIME_DAY) / (double)TIME_DAY;
    char a[24];
    for (size_t i = 0; i < w->n; i++) {
        const struct user *u = &users[i];
        double mean = EVENTS_A_DAY * ((1 - u->second) * part(day, width, u->mode[0], u->sd[0]) +
                                      u->second * part(day, width, u->mode[1], u->sd[1]));
        int events = mean > 1e-9 ? (int)quality_poisson_draw(&w->rng, mean) : 0;
        bool far = away(day, u->mode[0]) > FAR_AWAY * u->sd[0] &&
                   away(day + width, u->mode[0]) > FAR_AWAY * u->sd[0] &&
                   (u->second <= 0 || (away(day, u->mode[1]) > FAR_AWAY * u->sd[1] &&
                                       away(day + width, u->mode[1]) > FAR_AWAY * u->sd[1]));
        /* Most buckets of a user have no event and are not judged. */
        if (far && rng_below(&w->rng, 4) == 0 && quality_world_due(w)) {
            quality_world_mark(w, i, QUALITY_NEW, -1);
            events = 1;
        }
        if (events > 0)
            quality_world_judge(w, i);
        for (; events > 0; events--) {
            ts_ns at = w->time + (ts_ns)rng_below(&w->rng, (uint64_t)w->scenario->span);
            w->tally->records++;
            quality_job_record(w->job, at, 1, quality_text(a, 'u', i), (struct bytes){NULL, 0},
                               (struct bytes){NULL, 0}, 0);
        }
    }
}

#define DEGREE_KM 111.2
#define ABROAD_LEAST 3000.0 /* km */

struct dweller {
    double lat[3]; /* home, work, and the town a traveller is in */
    double lon[3];
    double scatter; /* km about each */
    bool travels;
    int town_left; /* buckets still in that town */
};

static void places_begin(struct quality_world *w)
{
    struct dweller *d = quality_memory(USERS, sizeof(*d));
    w->own = d;
    for (size_t i = 0; i < USERS; i++) {
        quality_world_add(w);
        d[i].lat[0] = 35 + 20 * rng_f64(&w->rng);
        d[i].lon[0] = -10 + 40 * rng_f64(&w->rng);
        d[i].lat[1] = d[i].lat[0] + 0.3 * rng_normal(&w->rng);
        d[i].lon[1] = d[i].lon[0] + 0.3 * rng_normal(&w->rng);
        d[i].scatter = i % 3 == 0 ? 150 : 10;
        d[i].travels = i % 5 == 0;
    }
}

static void be_at(struct quality_world *w, size_t user, double lat, double lon)
{
    char a[24];
    char place[48];
    int n = snprintf(place, sizeof(place), "%.5f,%.5f", lat, lon);
    quality_world_judge(w, user);
    w->tally->records++;
    quality_job_record(w->job, w->time + w->scenario->span / 2, 1, quality_text(a, 'u', user),
                       bytes_make(place, (size_t)n), (struct bytes){NULL, 0}, 0);
}

static void places_bucket(struct quality_world *w)
{
    struct dweller *users = w->own;
    double week = (double)(7 * TIME_DAY / w->scenario->span);
    for (size_t i = 0; i < USERS; i++) {
        struct dweller *d = &users[i];
        if (d->travels && d->town_left == 0 && rng_f64(&w->rng) < 1 / week) {
            d->lat[2] = d->lat[0] + 4 * rng_normal(&w->rng);
            d->lon[2] = d->lon[0] + 6 * rng_normal(&w->rng);
            d->town_left = (int)(week / 5);
        }
        bool away = d->town_left > 0;
        d->town_left -= away;
        if (!d->travels && quality_world_due(w)) {
            double side = rng_below(&w->rng, 2) == 0 ? -1 : 1;
            quality_world_mark(w, i, QUALITY_NEW, -1);
            be_at(w, i, 10 * rng_normal(&w->rng),
                  d->lon[0] + side * (ABROAD_LEAST / DEGREE_KM + 60 * rng_f64(&w->rng)));
            continue;
        }
        if (rng_f64(&w->rng) > 0.4)
            continue;
        int k = away ? 2 : rng_f64(&w->rng) < 0.6 ? 0 : 1;
        double scatter = d->scatter / DEGREE_KM;
        be_at(w, i, d->lat[k] + scatter * rng_normal(&w->rng),
              d->lon[k] + scatter * rng_normal(&w->rng) / cos(d->lat[k] * M_PI / 180));
    }
}

const struct quality_scenario quality_habits[] = {
    {.name = "rare_churn",
     .draws = "rare_churn",
     .detector = "\"function\":\"rare\",\"by_field_name\":\"b\",\"partition_field_name\":\"a\"",
     .subject = QUALITY_BY_PARTITION,
     .span = 15 * TIME_MIN,
     .what = "half of the hosts bring new values all the time; a new one in a settled host is news",
     .begin = rare_begin,
     .bucket = rare_bucket},
    {.name = "freq_rare",
     .draws = "freq_rare",
     .detector = "\"function\":\"freq_rare\",\"by_field_name\":\"b\",\"over_field_name\":\"a\"",
     .subject = QUALITY_BY_OVER,
     .span = 15 * TIME_MIN,
     .what = "clients that ask for a page of their own now and then; one asks for 28 and more",
     .begin = pages_begin,
     .bucket = pages_bucket},
    {.name = "time_of_day",
     .draws = "time_of_day",
     .detector = "\"function\":\"time_of_day\",\"by_field_name\":\"a\"",
     .subject = QUALITY_BY_BY,
     .span = 15 * TIME_MIN,
     .what = "users with one or two times of work; an event six deviations away from all",
     .begin = times_begin,
     .bucket = times_bucket},
    {.name = "lat_long",
     .draws = "lat_long",
     .detector = "\"function\":\"lat_long\",\"field_name\":\"b\",\"by_field_name\":\"a\"",
     .subject = QUALITY_BY_BY,
     .span = 15 * TIME_MIN,
     .what = "homebodies, roamers and travellers; someone who stays at home is 3,000 km away",
     .begin = places_begin,
     .bucket = places_bucket},
};
const size_t quality_habits_n = sizeof(quality_habits) / sizeof(quality_habits[0]);
