#ifndef DETECT_ROW_H
#define DETECT_ROW_H

/*
 * What a job reads from one record: the values of each field its detectors and influencers name,
 * from an event or from columns of text.
 *
 * A plan is made once a job: a slot for each field, with where to find it. A row is filled for each
 * record; runtime fields are computed from their sources unless the record has them itself.
 *
 * Ownership: the plan borrows the job; a row's texts are borrowed from the record, or live in the
 *            row until the next fill.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "detect/job.h"
#include "detect/runtime.h"
#include "event/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DETECT_ROW_VALUES 64 /* values of one field that count; more are dropped */
/* Times of records lie within 146 years of 1970: sums with spans and windows then stay in range. */
#define DETECT_TIME_BOUND (TIME_MAX / 2)
#define DETECT_NO_SLOT (-1)
#define DETECT_NO_COLUMN SIZE_MAX

/* Fields that a place has when it is an object: the field's name and these. */
enum detect_point_part {
    DETECT_POINT_LAT,         /* ".lat" */
    DETECT_POINT_LON,         /* ".lon" */
    DETECT_POINT_COORDINATES, /* ".coordinates", of GeoJSON */
    DETECT_POINT_PARTS,
};

struct detect_value {
    struct bytes text;
    double number;
    uint32_t id;    /* of the engine's name table; 0 = not looked up yet */
    int8_t numeric; /* 1 yes, 0 no, −1 not looked at yet */
};

struct detect_values {
    uint32_t n;
    uint32_t last_id;         /* the name that the first value had in the record before */
    uint32_t last_generation; /* while the names' generation is this; 0: none */
    struct detect_value v[DETECT_ROW_VALUES];
    char scratch[DETECT_ROW_VALUES][EVENT_TEXT_SIZE];
};

struct detect_slot {
    const char *name;
    event_field field; /* EVENT_F_NONE: by name */
    const struct detect_runtime *runtime;
    int sources[DETECT_RUNTIME_SOURCES]; /* slots; DETECT_NO_SLOT ends */
    size_t column;
};

struct detect_reads {
    int field; /* slots */
    int by;
    int over;
    int partition;
    int point[DETECT_POINT_PARTS]; /* of lat_long */
    /* Influencer fields that are none of the detector's own, as indices into the job's list. */
    uint8_t influencers[DETECT_INFLUENCERS_MAX];
    size_t n_influencers;
    bool categorized; /* one of them is the category of a message */
};

struct detect_plan {
    const struct detect_job *job;
    struct detect_slot *slots;
    size_t n_slots;
    size_t cap;
    char **made; /* names of slots that the job does not hold */
    size_t n_made;
    size_t cap_made;
    struct detect_reads *detectors;
    int influencers[DETECT_INFLUENCERS_MAX];
    int summary;
    int message;            /* whose texts are put into categories, */
    int category;           /* where those go, */
    int group;              /* and the partition that they are of; DETECT_NO_SLOT */
    event_field time_field; /* EVENT_F_NONE and time_named: look the name up */
    bool event_time;        /* the time field is @timestamp */
    size_t time_column;
};

struct detect_row {
    struct detect_values *values; /* one a slot */
    struct buf made;              /* texts that were computed or escaped */
    uint64_t fields;              /* values filled in all */
    uint64_t bytes;
    uint64_t dropped; /* values beyond DETECT_ROW_VALUES */
    bool continues;   /* a later report of a conversation that was counted before */
};

enum err detect_plan_init(struct detect_plan *p, const struct detect_job *job) ERR_MUST_CHECK;
void detect_plan_release(struct detect_plan *p);

/* Finds each slot's column. ERR_INVALID when the time column is not there. */
enum err detect_plan_columns(struct detect_plan *p, const struct bytes *names, size_t n,
                             struct err_text *why) ERR_MUST_CHECK;

enum err detect_row_init(struct detect_row *r, const struct detect_plan *p) ERR_MUST_CHECK;
void detect_row_release(struct detect_row *r);

void detect_row_event(struct detect_row *r, const struct detect_plan *p, const struct event *e);
void detect_row_columns(struct detect_row *r, const struct detect_plan *p,
                        const struct bytes *fields);

/* The time of a record; false when there is none that can be read. */
bool detect_row_event_time(const struct detect_plan *p, const struct event *e, ts_ns *out);
bool detect_row_parse_time(enum detect_time_format format, struct bytes text, ts_ns *out);

/* The number a value stands for; false when it stands for none, or for none that is finite. */
bool detect_row_number(struct detect_value *v, double *out);

#endif
