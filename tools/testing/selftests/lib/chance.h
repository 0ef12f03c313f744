/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers that a seed decides: splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom
 * number generators, 2014). Each user has its state, so that threads need no lock.
 */
#ifndef SELFTESTS_CHANCE_H
#define SELFTESTS_CHANCE_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t chance64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* 0 to below - 1 */
static inline unsigned int chance(uint64_t *state, unsigned int below)
{
	return chance64(state) % below;
}

static inline void chance_bytes(uint64_t *state, uint8_t *p, size_t len)
{
	while (len--)
		*p++ = chance64(state);
}

#endif
