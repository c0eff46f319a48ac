/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/secret.h"

#include "base/assert.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* 64 MiB are wanted for each: two at a time would be twice that. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

enum err auth_secret_begin(void)
{
    return sodium_init() < 0 ? ERR_IO : ERR_NONE;
}

void auth_secret_random(void *out, size_t n)
{
    randombytes_buf(out, n);
}

void auth_secret_make(char out[AUTH_SECRET_TEXT])
{
    uint8_t bytes[32];
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2base64(out, AUTH_SECRET_TEXT, bytes, sizeof(bytes),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof(bytes));
}

void auth_secret_make_password(char out[AUTH_SECRET_TEXT])
{
    /* Without those that look alike: 0 O o, 1 l I. */
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    size_t n = 0;
    for (int i = 0; i < 20; i++) {
        if (i > 0 && i % 5 == 0)
            out[n++] = '-';
        out[n++] = letters[randombytes_uniform(sizeof(letters) - 1)];
    }
    out[n] = '\0';
}

void auth_secret_digest(const char *text, size_t n, uint8_t out[AUTH_SECRET_DIGEST])
{
    crypto_hash_sha256(out, (const uint8_t *)text, n);
}

void auth_secret_mac(const uint8_t key[AUTH_SECRET_DIGEST], const char *text, size_t n,
                     uint8_t out[AUTH_SECRET_DIGEST])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, AUTH_SECRET_DIGEST);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)text, n);
    crypto_auth_hmacsha256_final(&state, out);
}

bool auth_secret_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

enum err auth_secret_hash(const char *password, char out[AUTH_SECRET_HASH])
{
    _Static_assert(AUTH_SECRET_HASH >= crypto_pwhash_STRBYTES, "a hash must fit");
    pthread_mutex_lock(&turn);
    int rc =
        crypto_pwhash_str_alg(out, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                              crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
    pthread_mutex_unlock(&turn);
    return rc == 0 ? ERR_NONE : ERR_MEMORY;
}

bool auth_secret_verify(const char *hash, const char *password)
{
    /* Of a random password that nobody knows, with the limits that are in use. */
    static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$xHkWdyvsKyGkSN+lWA48Ug$"
                                 "n3KrHrPCaIA4JyEOIjRzMW2RAVnGPQEeAWcaTTHSDLI";
    pthread_mutex_lock(&turn);
    int rc = crypto_pwhash_str_verify(hash != NULL ? hash : nobody, password, strlen(password));
    pthread_mutex_unlock(&turn);
    return hash != NULL && rc == 0;
}

bool auth_secret_base64(const char *text, size_t n, char *out, size_t size, size_t *out_n)
{
    static const int variants[] = {
        sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
        sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING};
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        size_t got;
        const char *end = NULL;
        if (sodium_base642bin((uint8_t *)out, size - 1, text, n, NULL, &got, &end, variants[i]) !=
                0 ||
            end != text + n)
            continue;
        out[got] = '\0';
        *out_n = got;
        return true;
    }
    return false;
}

void auth_secret_pair(const char *id, const char *secret, char out[AUTH_SECRET_PAIR])
{
    char pair[2 * AUTH_SECRET_TEXT];
    int n = snprintf(pair, sizeof(pair), "%s:%s", id, secret);
    ASSERT(n > 0 && (size_t)n < sizeof(pair));
    sodium_bin2base64(out, AUTH_SECRET_PAIR, (const uint8_t *)pair, (size_t)n,
                      sodium_base64_VARIANT_ORIGINAL);
    explicit_bzero(pair, sizeof(pair));
}
