/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Folders of paths in configfs. See path.c.
 */
#ifndef _COFI_CONFIG_PATH_H
#define _COFI_CONFIG_PATH_H

struct config_item_type;
struct cofi_path;

/* Of a pool's folder paths/ */
extern const struct config_item_type cofi_paths_type;

int cofi_path_validate(struct cofi_path *path);

#endif /* _COFI_CONFIG_PATH_H */
