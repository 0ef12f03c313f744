# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# What the benchmarks share: the begin of awk programs.

# median(ID, FIELD): of value[ID, FIELD, 1..count[ID]]; 0 if there is none
# shellcheck disable=SC2034
median_awk='
	function median(id, field,    n, i, j, x, t) {
		n = count[id]
		if (!n)
			return 0
		for (i = 1; i <= n; i++)
			t[i] = value[id, field, i]
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && t[j] < t[j - 1]; j--) {
				x = t[j]; t[j] = t[j - 1]; t[j - 1] = x
			}
		return t[int((n + 1) / 2)]
	}
'
