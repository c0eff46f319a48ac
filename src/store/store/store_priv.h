#ifndef STORE_STORE_PRIV_H
#define STORE_STORE_PRIV_H

/*
 * What the files of the store share: store.c (opening, appending), maintain.c (sealing, merging,
 * keeping), search.c (finding).
 */

#include "store/client.h"
#include "store/journal.h"
#include "store/store.h"

#include <pthread.h>
#include <stdint.h>

struct store {
    char *dir;    /* absolute */
    char *folder; /* dir/pieces */
    int lock_fd;
    struct store_journal *journal;
    struct store_client *finder; /* worker for searches */
    struct store_client *reader; /* worker for searches apart */
    struct store_client *sealer; /* worker for sealing and merging */
    struct store_options options;
    pthread_mutex_t maintain; /* one sealing or merging at a time */

    pthread_mutex_t lock; /* all below */
    struct store_stats stats;
    uint64_t seal_at;  /* hot rows at which a commit asks for sealing; grows while sealing fails */
    pthread_t sealing; /* the thread that seals when a commit asks */
    bool has_sealing;
    bool seal_wanted;
    bool closing;
    pthread_cond_t changed; /* seal_wanted, closing, or sealing ended */
    unsigned readers;       /* searches that may have pieces open */
    int64_t *doomed;        /* pieces to unlink when no search reads */
    size_t doomed_n;
    size_t doomed_cap;
};

/* backup.c: removes the copies that a backup left which ended with its process. */
void store_backup_clean(const char *dir);

/* The file of a piece; suffix "parquet" or "tmp". The caller frees. NULL without memory. */
char *store_piece_path(const struct store *s, int64_t id, const char *suffix);

/* Between these no piece's file is removed. */
void store_readers_enter(struct store *s);
void store_readers_leave(struct store *s);

/* maintain.c: asks for sealing; waits for it when far too much is hot. */
void store_sealing_ask(struct store *s);
/* Ends the thread that seals, after what it does now. */
void store_sealing_end(struct store *s);

/* Adds to the statistics of hot rows and pieces. */
void store_count_hot(struct store *s, int64_t rows, int64_t bytes);
void store_count_piece(struct store *s, int sign, uint64_t rows, uint64_t bytes);

/* The files of pieces that are no more: removed now, or by the last search that may read them. */
void store_doom(struct store *s, const int64_t *ids, size_t n);

#endif
