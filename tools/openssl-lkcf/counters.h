/* SPDX-License-Identifier: MIT */
/*
 * The file of counters: what lkcf.so writes and lkcf-stat reads. In the order and size of bytes of
 * the machine; it is mapped by every process that was forked after it was made.
 */
#ifndef LKCF_COUNTERS_H
#define LKCF_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

#define COUNTERS_MAGIC "lkcfstat"
#define COUNTERS_VERSION 1
#define COUNTERS_ROOM 32

struct counters {
	char magic[8];
	uint32_t version;
	uint32_t size;			/* of this structure */
	uint32_t number;		/* of values */
	int32_t pid;			/* of the process that made it */
	int64_t started;		/* of that process, as in field 22 of /proc/<pid>/stat */
	char program[32];
	atomic_int processes;		/* that have it, but for those that were killed */
	uint32_t reserved[63];
	struct {
		char name[24];
		atomic_uint_least64_t value;
	} counter[COUNTERS_ROOM];
};

#endif
