/* SPDX-License-Identifier: Apache-2.0 */
/* What a series keeps of outliers: a piece of memory of its own, from the first one on. */
#include "base/mem.h"
#include "model/series_priv.h"

#include <math.h>
#include <string.h>

#define FREE                                                                                       \
    {                                                                                              \
        TIME_NONE, 0, 0                                                                            \
    }

static const struct model_odd none = {.recur.slot = {FREE, FREE, FREE, FREE, FREE, FREE}};

const struct model_odd *model_odd_of(const struct model_series *s)
{
    return s->odd != NULL ? s->odd : &none;
}

struct model_odd *model_odd_make(struct model_series *s)
{
    if (s->odd != NULL)
        return s->odd;
    s->odd = mem_alloc(sizeof(*s->odd));
    if (s->odd != NULL)
        *s->odd = none;
    return s->odd;
}

void model_odd_forget_change(struct model_series *s)
{
    if (s->odd != NULL)
        s->odd->change = none.change;
}

void model_odd_forget_levels(struct model_series *s)
{
    s->here = 0;
    if (s->odd != NULL)
        s->odd->other = none.other;
}

void model_odd_forget_modes(struct model_series *s)
{
    if (s->odd != NULL)
        memcpy(s->odd->mode, none.mode, sizeof(none.mode));
}

void model_odd_forget_modes_near(struct model_series *s, double mean, double room)
{
    for (int side = 0; side < 2 && s->odd != NULL; side++)
        if (fabs(s->odd->mode[side].mean - mean) < room)
            s->odd->mode[side] = none.mode[side];
}

void model_odd_forget_recurring(struct model_series *s)
{
    if (s->odd != NULL)
        s->odd->recur = none.recur;
}
