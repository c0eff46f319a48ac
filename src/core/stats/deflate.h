#ifndef STATS_DEFLATE_H
#define STATS_DEFLATE_H

/*
 * How many bytes zlib would make of a short text, without zlib's quarter of a megabyte of state.
 *
 * Method: the LZ77 parse of RFC 1951 with hash chains and one step of lazy matching, as zlib does
 * at level 6, then the exact size of the one block that follows: stored, with the fixed code, or
 * with its own Huffman codes and their description. No bits are written. Differs from zlib by less
 * than 1 % on names and texts (docs/method/info_content.md).
 *
 * Threads: any; everything is on the stack (about 50 KB).
 */

#include <stddef.h>
#include <stdint.h>

#define STATS_DEFLATE_LARGEST 8192

/* Bytes of zlib's stream, head and checksum (6) included. n <= STATS_DEFLATE_LARGEST; a longer
 * text is cut there. */
size_t stats_deflate_size(const uint8_t *p, size_t n);

#endif
