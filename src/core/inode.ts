// Words that every layer has for an inode.

/** The values are those of d_type in a BSD directory (formats: dump stream, section 5). */
export const TYPE = {
  unknown: 0,
  fifo: 1,
  char: 2,
  directory: 4,
  block: 6,
  file: 8,
  symlink: 10,
  socket: 12,
} as const;
export type InodeType = (typeof TYPE)[keyof typeof TYPE];

/** Inode number of the root on every dump tape; 0 and 1 are never files. */
export const ROOT_INODE = 2;
