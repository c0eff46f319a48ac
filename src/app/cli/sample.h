#ifndef CLI_SAMPLE_H
#define CLI_SAMPLE_H

/*
 * The bundled sample, demo/sample.pcap.zst, as bytes of the program.
 *
 * Ownership: constant data.
 * Threads:   any.
 */

#include "base/bytes.h"

struct bytes cli_sample(void);

#endif
