#ifndef PROTO_HTTP_PRIV_H
#define PROTO_HTTP_PRIV_H

/*
 * The start line and the headers of an HTTP/1 message.
 *
 * Threads: any; no state.
 */

#include "proto/http.h"

enum http_guess {
    HTTP_GUESS_NO,
    HTTP_GUESS_MORE, /* as far as it goes */
    HTTP_GUESS_REQUEST,
    HTTP_GUESS_RESPONSE,
};

/*
 * Bytes in front of a message that servers pass over: empty lines (RFC 9112, 2.2), and blanks,
 * which some take as well.
 */
size_t proto_http_skip_blank(struct bytes b);

/* What the first bytes of a message look like, by a method and blank, or by "HTTP/1.". */
enum http_guess proto_http_guess(struct bytes b);

/*
 * Reads start line and headers, the empty line at the end included, into *m, whose views lead into
 * head. False when the start line is not HTTP/1's.
 */
bool proto_http_read_head(struct bytes head, struct proto_http_message *m);

#endif
