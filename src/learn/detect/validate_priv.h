#ifndef DETECT_VALIDATE_PRIV_H
#define DETECT_VALIDATE_PRIV_H

/*
 * What a job may not ask for: each invalid combination has a sentence that names the field and what
 * is allowed.
 *
 * Threads: any.
 */

#include "detect/job.h"
#include "detect/read_priv.h"

/* field_name, by, over and partition against what the function takes. v: the detector. */
enum err detect_validate_fields(const struct format_node *v, const struct detect_detector *d,
                                struct err_text *why) ERR_MUST_CHECK;
/* Reads exclude_frequent. */
enum err detect_validate_exclude(const struct format_node *v, struct detect_detector *d,
                                 const struct detect_notes *notes,
                                 struct err_text *why) ERR_MUST_CHECK;
/* The last of n detectors against those before it, and against the job. */
enum err detect_validate_detector(const struct format_node *v, const struct detect_job *job,
                                  struct err_text *why) ERR_MUST_CHECK;
/* mlcategory needs a field whose texts are categorised, such a field a detector that uses it. ac:
 * analysis_config. */
enum err detect_validate_categories(const struct format_node *ac, const struct detect_job *job,
                                    struct err_text *why) ERR_MUST_CHECK;
/* Whether the detector splits by the categories of messages. */
bool detect_validate_is_categorized(const struct detect_detector *d);
/* Names that the job gives itself. root: the job. */
enum err detect_validate_names(const struct format_node *root, const struct detect_job *job,
                               struct err_text *why) ERR_MUST_CHECK;

#endif
