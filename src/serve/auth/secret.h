#ifndef AUTH_SECRET_H
#define AUTH_SECRET_H

/*
 * Passwords and tokens: made, hashed, compared.
 *
 * Passwords are hashed with argon2id (RFC 9106; libsodium's interactive limits: 64 MiB, 2 passes),
 * one at a time in the whole program. Tokens are 256 random bits in base64url; their SHA-256 is
 * enough to keep, since they cannot be guessed.
 *
 * Threads: any; hashing waits for its turn.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUTH_SECRET_TEXT 44   /* 43 characters and NUL */
#define AUTH_SECRET_PAIR 120  /* base64 of two such texts with a colon between them, and NUL */
#define AUTH_SECRET_DIGEST 32 /* bytes of SHA-256 */
#define AUTH_SECRET_HASH 128  /* of a password, with NUL */
#define AUTH_SECRET_PASSWORD_MAX 1024

/* To be called once before all else; ERR_IO when the system has no randomness. */
enum err auth_secret_begin(void) ERR_MUST_CHECK;

void auth_secret_make(char out[AUTH_SECRET_TEXT]);
/* 20 letters and digits in groups of five, which people can read and type: 98 bits. */
void auth_secret_make_password(char out[AUTH_SECRET_TEXT]);
void auth_secret_digest(const char *text, size_t n, uint8_t out[AUTH_SECRET_DIGEST]);
/* The same under a key, for what is remembered of passwords. */
void auth_secret_mac(const uint8_t key[AUTH_SECRET_DIGEST], const char *text, size_t n,
                     uint8_t out[AUTH_SECRET_DIGEST]);
void auth_secret_random(void *out, size_t n);
/* In a time that does not depend on where they differ. */
bool auth_secret_equal(const void *a, const void *b, size_t n);

/* ERR_MEMORY. */
enum err auth_secret_hash(const char *password, char out[AUTH_SECRET_HASH]) ERR_MUST_CHECK;
/* hash NULL: there is no such user; takes as long, and is never true. */
bool auth_secret_verify(const char *hash, const char *password);

/* Decodes base64 (RFC 4648, also without padding, also the URL alphabet) into out, which gets a NUL
 * after the bytes; false when it is none, or does not fit. */
bool auth_secret_base64(const char *text, size_t n, char *out, size_t size, size_t *out_n);
/* What a program with that key sends behind "ApiKey": base64 of id:secret. */
void auth_secret_pair(const char *id, const char *secret, char out[AUTH_SECRET_PAIR]);

#endif
