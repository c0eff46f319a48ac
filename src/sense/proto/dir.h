#ifndef PROTO_DIR_H
#define PROTO_DIR_H

/*
 * The two directions of a connection, as protocols with state on both sides are fed.
 *
 * Who opened the connection is not asked: each protocol finds out by itself who is the client.
 */

enum proto_dir { PROTO_DIR_A, PROTO_DIR_B };

#endif
