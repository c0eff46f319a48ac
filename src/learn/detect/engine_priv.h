#ifndef DETECT_ENGINE_PRIV_H
#define DETECT_ENGINE_PRIV_H

/*
 * The engine's inside, shared by the files that take records in (detect.c), judge and learn a
 * bucket (judge.c), turn what stands out into results (report.c, influence.c), and save (state.c).
 *
 * Threads: see detect.h.
 */

#include "base/buf.h"
#include "detect/bucket.h"
#include "detect/detect.h"
#include "detect/names.h"
#include "detect/row.h"
#include "detect/schedule.h"
#include "detect/table.h"

struct categorize;

#define DETECT_SHARDS 64
#define DETECT_RECENT_MAX 1024
/* By how much a sketch may grow at once. */
#define DETECT_SKETCH_STEP ((size_t)16 * 1024)
/* Above this share of the limit memory is short. */
#define DETECT_SOFT 0.75
/* Above this share nothing new is begun in an open bucket. */
#define DETECT_FULL 0.95
/* What a metric series takes at most: without any season; once it knows the day, and the variance
 * by its hours; and with a week, a cycle and several modes too, while it is sampled. */
#define DETECT_PLAIN_BYTES ((size_t)15 * 64)
#define DETECT_DAY_BYTES ((size_t)32 * 64)
#define DETECT_GROWN_BYTES ((size_t)78 * 64)
/* Spans above this learn no season. */
#define DETECT_SEASON_SPAN (TIME_DAY / 4)
/* ln of the probability above which nothing is looked at more closely. */
#define DETECT_CANDIDATE_LOG_P (-3.9)
/* Records and influencers of lower score are not reported. */
#define DETECT_SCORE_MIN 1.0
/* Records of one bucket beyond this many, weakest first, are not reported. */
#define DETECT_RECORDS_MAX 500

/* A value that stands out. */
struct detect_candidate {
    struct detect_cell *cell;     /* NULL: a series of which nothing came */
    struct detect_entity *entity; /* NULL in interim results for what is not known yet */
    uint64_t hash;
    uint32_t partition;
    uint32_t over;
    uint32_t by;
    uint8_t detector; /* the measure */
    uint8_t index;    /* of the detector it belongs to, and */
    uint32_t home;    /* this partition; 0: in the job */
    uint32_t apart; /* the by value that has a record of its own; 0: those of a member share one */
    bool has_values;
    bool high;
    bool high_variance;
    bool multimodal;
    bool first;
    bool newcomer; /* judged by how others began, in */
    double relative;
    double value;
    double typical;
    double lower;
    double upper;
    double log_p;
    double single_log_p;
    double multi_log_p;
    double multi_bucket;
    bool has_place; /* lat_long */
    struct detect_place place;
    struct detect_place usual_place;
};

/* candidates.c: those that stand out most. Which stay does not depend on the order they come in. */
#define DETECT_CANDIDATES_MAX 1024

struct detect_candidates {
    struct detect_candidate *list;
    size_t n;
    size_t cap;
    bool failed;
};

/* Adds one; the list holds at most twice DETECT_CANDIDATES_MAX. */
void detect_candidates_keep(struct detect_candidates *list, const struct detect_candidate *c);
/* Moves a list into another; from is empty and without memory then. */
void detect_candidates_join(struct detect_candidates *into, struct detect_candidates *from);
/* The DETECT_CANDIDATES_MAX that stand out most are left. */
void detect_candidates_cut(struct detect_candidates *list);
void detect_candidate_judged(struct detect_candidate *x, const struct model_judgement *j);

/* A result whose score may still change. */
struct detect_recent {
    struct detect_result_key key;
    double anchor;
    double score;
    double own;         /* of a record: as often its series had come as high */
    uint32_t partition; /* a name, referred to; 0 for none */
};

struct detect_tests {
    double per_bucket; /* faded number of series judged in a bucket */
};

struct detect {
    const struct detect_job *job;
    struct detect_options options;
    struct detect_schedule *schedule; /* NULL: no events */
    struct detect_names *names;
    struct detect_table *table;
    struct detect_plan plan;
    struct detect_row row;
    struct categorize *categories; /* of messages; NULL: the job has none */
    bool withheld; /* the record has no category: detectors that split by it pass it over */
    bool columns;  /* the plan knows the columns */

    struct detect_open **open; /* by start, oldest first */
    size_t n_open;
    size_t cap_open;
    size_t max_open;
    ts_ns record_time;           /* of the record that is taken in */
    struct detect_open *current; /* the last one a record fell into */

    ts_ns now;
    ts_ns closed_until;
    struct detect_counts counts;

    size_t series_bytes;   /* behind metric series and sketches of values */
    size_t reserved_bytes; /* for the day that young series may still learn */
    size_t peak_bytes;
    uint64_t failures;
    uint8_t status;
    uint32_t pressure; /* how often the prune window is halved */
    ts_ns next_prune;
    ts_ns next_renormalize;

    struct detect_tests *tests; /* one a measure */
    struct model_history bucket_history;
    struct model_history *influencer_history; /* one an influencer field */
    struct detect_recent recent[DETECT_RECENT_MAX];
    size_t n_recent;
    size_t at_recent; /* the next to be overwritten */
    double last_score;
    double usual_events; /* faded mean of a bucket that has events */
};

/* resolve.c: what a job's detector asks of the models. */
struct model_params detect_params(const struct detect *d, size_t detector);
/*
 * Gives each of a bucket's sorted cells its entity and, where its detector has one, its parent.
 * What is not there is begun, if make is set and memory allows; refusals are counted.
 */
void detect_resolve(struct detect *d, struct detect_cell **cells, size_t n, bool make, ts_ns start);
/* A new entity if memory, with `extra` bytes behind it, allows; NULL is counted as a failure. */
struct detect_entity *detect_admit(struct detect *d, enum detect_class class, uint8_t detector,
                                   uint32_t partition, uint32_t over, uint32_t by, size_t extra);

/* judge.c: judges and, unless interim, learns and closes. */
struct detect_closing {
    struct detect_open *bucket;
    bool interim;
    bool partial;    /* the bucket's end has not come: only the high side counts, nothing learned */
    double fraction; /* of the bucket that has passed */
    struct detect_schedule_verdict scheduled; /* what calendars say; judge.c fills it */
};
enum err detect_close_bucket(struct detect *d, const struct detect_closing *c) ERR_MUST_CHECK;
/* Sets what the detector's custom rules say of a cell. */
void detect_cell_rules(const struct detect *d, struct detect_cell *c, double typical, ts_ns start);
/* n empty buckets from start on, without looking at each. */
void detect_jump(struct detect *d, ts_ns start, uint64_t n);

/* ahead.c: entities that will be looked for, fetched from memory while others are. */
#define DETECT_AHEAD_STEP 8
struct detect_ahead {
    uint64_t expected[2 * DETECT_AHEAD_STEP]; /* what detect_table_expect() gave, by cell */
};
/* To be called for cells 0 to n - 1 in turn. Returns what it fetches now: probably the entity of
 * the cell DETECT_AHEAD_STEP later; NULL where there is none. */
const struct detect_entity *detect_ahead_entity(struct detect_ahead *a, const struct detect *d,
                                                struct detect_cell **cells, size_t n, size_t i);

/* freq.c: the members of a freq_rare detector. The cells are all those of one pool in the bucket.
 */
/* Whether entities of this class are the second parent that a freq_rare detector has. */
bool detect_freq_population(const struct detect_detector *det, enum detect_class class);
/* The population, or the member, that a cell belongs to; NULL when it is not there. */
struct detect_entity *detect_freq_find(const struct detect *d, const struct detect_cell *c,
                                       enum detect_class class);
/* Gives each cell its value, judges members, and returns how many were judged. */
size_t detect_freq_judge(const struct detect *d, const struct detect_closing *cl,
                         struct detect_cell **cells, size_t n, struct detect_candidates *found);
/* Learns the members' numbers and closes the population; before the pool learns the bucket. */
void detect_freq_learn(const struct detect *d, struct detect_cell **cells, size_t n, ts_ns start);

/* newcomers.c: series in their first bucket. */
/* Whether the beginning of a detector's series may be news. */
bool detect_newcomers_wanted(const struct detect_detector *det);
/* Judges a cell whose series has no past. */
bool detect_newcomers_judge(const struct detect *d, const struct detect_cell *c,
                            const struct model_observation *o, struct detect_candidate *x);
/* Newcomers that begin together are one piece of news: the more of them, the less each further one
 * is. Drops those that stand out no more. */
void detect_newcomers_crowd(struct detect_candidates *fresh);
/* Of a bucket's sorted cells those of newcomers are learned. */
void detect_newcomers_learn(struct detect *d, struct detect_cell *const *cells, size_t n,
                            ts_ns start);

/* clock.c: time_of_day and time_of_week. */
enum model_clock_cycle detect_clock_cycle(const struct detect_detector *det);
/* Judges the most unusual time of a cell, whose value it becomes. */
bool detect_clock_judge(const struct detect *d, struct detect_cell *c, ts_ns start,
                        struct detect_candidate *x);
void detect_clock_learn(const struct detect *d, const struct detect_cell *c, ts_ns start);

/* geo.c: lat_long. The places of one record. */
struct detect_places {
    struct detect_place at[DETECT_ROW_VALUES];
    size_t n;
    size_t bad; /* values that are no place */
};
/* Whether the record has the field, in whatever form. */
bool detect_geo_given(const struct detect *d, const struct detect_reads *r);
void detect_geo_read(struct detect *d, const struct detect_reads *r, struct detect_places *out);
/* False when there is no place. */
bool detect_geo_feed(struct detect *d, struct detect_open *b, struct detect_cell *c,
                     const struct detect_places *places, uint64_t weight);
/* Keeps which values of influencers came with which place; their names are known. */
void detect_geo_carry(const struct detect *d, struct detect_open *b, const struct detect_cell *c,
                      const struct detect_reads *r, const struct detect_places *places, bool room);
/* Whether a contribution came with the candidate's place. */
bool detect_geo_came_with(const struct detect *d, const struct detect_open *b,
                          const struct detect_candidate *x, const struct detect_part *p);
/* Judges the most unusual place of a cell. */
bool detect_geo_judge(struct detect_cell *c, struct detect_candidate *x);
void detect_geo_learn(const struct detect_cell *c, ts_ns start);

/* age.c: memory, and what has had no data for long. */
size_t detect_memory(const struct detect *d);
/* What is kept free for a metric series: to know the day, and what it is to keep of outliers. */
size_t detect_reserve_for(const struct detect *d, const struct detect_metric *m, ts_ns end);
/* Sums that up over all series, for the models at the end of the newest closed bucket. */
void detect_reserve(struct detect *d, ts_ns end);
/* What there is for series to grow: beyond what is kept free for them, and in all. Returns what
 * there is memory for if all of them begin it at once. */
struct detect_room {
    size_t free;
    size_t left;
};
enum model_growth detect_room(const struct detect *d, struct detect_room *out);
/* Once a bucket: forgets what has had no data for the prune window, and looks at memory. */
void detect_age(struct detect *d, ts_ns end);

/* Which of a cell's values name its parent: bit 0 partition, 1 over, 2 by. */
unsigned detect_parent_bits(const struct detect_detector *det);

/* What the contributions of one open bucket may take. */
size_t detect_influence_bytes(const struct detect *d);

/* report.c: candidates to results. tested: series judged in this bucket. */
enum err detect_report(struct detect *d, const struct detect_closing *c,
                       struct detect_candidates *found, const size_t *tested) ERR_MUST_CHECK;

/* A name's text; none where the detector has no such field. */
struct bytes detect_name_text(const struct detect *d, const char *field, uint32_t id);

/* annotate.c: series whose models have adopted something with the bucket that was learned. */
struct detect_change {
    uint32_t partition;
    uint32_t by;
    uint8_t detector;
    struct model_changed changed;
};

struct detect_changes {
    struct detect_change *list;
    size_t n;
    size_t cap;
    size_t left_out; /* for want of room or memory: they are told by number */
};

/* Keeps what the metric series of a detector adopted with its last bucket, if it did. */
void detect_annotate_take(struct detect_changes *notes, const struct detect_metric *m);
/* Sends annotations, in the order of the pieces. */
void detect_annotate_report(struct detect *d, const struct detect_closing *c,
                            const struct detect_changes *const *pieces, size_t n);

/* messages.c: messages whose categories are counted, where the job asks for that. */
enum err detect_messages_new(struct detect *d) ERR_MUST_CHECK;
/* Puts the categories of the row's messages into it; false: the record has none, and must not count
 * for those who split by them. */
bool detect_messages_take(struct detect *d, ts_ns time, bool room);
/* Before a bucket closes: tells what is new, and sees how it goes. last: no more will come. */
enum err detect_messages_close(struct detect *d, bool last) ERR_MUST_CHECK;
void detect_messages_report_size(struct detect *d);

/* plot.c: what the models expect of this bucket, before they learn it. */
enum err detect_report_plots(struct detect *d, const struct detect_closing *c) ERR_MUST_CHECK;
/* What a detector measures, as model_feature says it. */
const char *detect_plot_feature(const struct detect_detector *det);

/* renorm.c: results whose scores may still change. partition and own are 0 but for records. */
void detect_remember(struct detect *d, const struct detect_result *result, double anchor,
                     double score, uint32_t partition, double own);
/* At fixed times: when end has passed one, looks again. */
void detect_renormalize_due(struct detect *d, ts_ns end);
/* The history of a partition's scores; NULL when it had none yet. */
struct detect_scale *detect_scale_of(const struct detect *d, uint8_t detector, uint32_t partition);
/* A record's score in the light of that history. */
double detect_scale_score(const struct detect *d, uint8_t detector, uint32_t partition,
                          double anchor, double own);

/* influence.c: the values that carry a candidate's anomaly. */
struct detect_share {
    uint32_t name;
    uint8_t field; /* index into the job's influencers */
    double share;  /* of the excess, 0 to 1 */
};
#define DETECT_SHARES_MAX 10 /* values of one field */
/* Appends to list (heaviest first within a field, fields in the job's order); the new length. */
size_t detect_influence_shares(const struct detect *d, const struct detect_open *b,
                               const struct detect_candidate *c, struct detect_share *list);
/* How much of a's excess came with the values that carry b; 0 when they have no field in common. */
double detect_influence_overlap(const struct detect_share *a, size_t na,
                                const struct detect_share *b, size_t nb);

/* state.c, for the fuzzer: the state without its envelope. */
enum err detect_state_load(struct detect *d, struct cursor *in) ERR_MUST_CHECK;
void detect_state_save(const struct detect *d, struct buf *out);

#endif
