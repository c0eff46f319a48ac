#ifndef API_OPENAPI_H
#define API_OPENAPI_H

/*
 * The OpenAPI 3.1 document, made of the table of routes: paths, parameters with their types,
 * whether a body is taken, the role that is needed, and the form of failures.
 *
 * Threads: any.
 */

struct api;
struct format_writer;

void api_openapi_write(const struct api *a, struct format_writer *w);

#endif
