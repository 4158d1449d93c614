// Every failure that a user can meet. A code names it for scripts, the message says what was found and
// what was expected, the remedy says what to do; docs/errors.md lists them all.

/** Exit codes of the command line; the same table stands in every --help. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  incomplete: 3,
  operator: 4,
  noCatalog: 10,
  locked: 11,
  corrupt: 12,
  interrupted: 130,
} as const;

interface ErrorForm {
  readonly exit: number;
  /** `%name%` stands for a fact of the error's data. */
  readonly message: string;
  readonly remedy: string;
}

function form(exit: number, message: string, remedy: string): ErrorForm {
  return { exit, message, remedy };
}

// biome-ignore format: a table, one code a line
export const ERRORS = {
  "format.bad-node": form(EXIT.corrupt, "not a nodeid: %found%, expected 40 hex digits", "run 'reel verify'"),
  "format.truncated": form(EXIT.corrupt, "%what% ends too early: %wanted% bytes wanted, %found% there", "run 'reel verify', then pull from a peer that has the data"),
  "format.damaged": form(EXIT.corrupt, "%what% is damaged: %found%", "run 'reel verify' to see how far the damage goes"),
  "catalog.unknown-node": form(EXIT.corrupt, "history %history% has no revision %node%", "run 'reel verify'"),
  "catalog.bad-user": form(EXIT.usage, "not a user's name: %found%", "give one line of text with -u or REEL_USER"),
  "catalog.changeset-too-large": form(EXIT.failed, "the list of changed files has %found% bytes, at most %limit% fit a changeset", "split the dump by qtree or subtree"),
  "catalog.no-history": form(EXIT.corrupt, "no %kind% history for %path%", "run 'reel verify'"),
  "catalog.too-deep": form(EXIT.corrupt, "directories nest too deep at %path%", "run 'reel verify'"),
  "catalog.not-found": form(EXIT.noCatalog, "no catalog in %path%", "make one with 'reel init %path%', or name another with -R"),
  "catalog.not-found-above": form(EXIT.noCatalog, "no catalog in %path% or above it", "make one with 'reel init', or name one with -R"),
  "catalog.cannot-make": form(EXIT.failed, "cannot make a catalog in %path%: %found%", "choose a directory that can be written to"),
  "catalog.exists": form(EXIT.failed, "%path% holds a catalog already", "choose another directory"),
  "catalog.not-a-dump": form(EXIT.failed, "changeset %found% is not a dump", "see 'reel log' for the dumps there are"),
  "catalog.empty": form(EXIT.failed, "the catalog has no changesets yet", "make a dump with 'reel dump -l 0 SOURCE'"),
  "catalog.null-revision": form(EXIT.usage, "%found% is the null revision", "name a changeset; see 'reel log'"),
  "catalog.no-history-of-path": form(EXIT.failed, "no %path% in any changeset up to %rev%", "see 'reel files' for the paths there are"),
  "catalog.no-such-path": form(EXIT.failed, "no %path% in changeset %rev%", "see 'reel files -r %rev%'"),
  "catalog.no-such-history": form(EXIT.failed, "no history named %found%", "give a path, 'changelog', 'manifest' or 'manifest:DIR'"),
  "demo.not-empty": form(EXIT.failed, "%path% is not empty", "name a new directory, or none"),
  "demo.different": form(EXIT.failed, "changeset %rev% came back different: %paths%", "this is an error in reel: please report it"),
  "catalog.no-such-rev": form(EXIT.usage, "no changeset number %found%, the catalog has %count%", "see 'reel log' for the changesets there are"),
  "exchange.unknown-part": form(EXIT.failed, "the bundle requires its part '%found%', which this reel does not understand", "read it with a newer reel, or make it with 'hg bundle -t gzip-v2' or 'reel bundle'"),
  "exchange.stopped": form(EXIT.failed, "the other side stopped: %found%", "see what it says, then try again; nothing was taken"),
  "exchange.flags": form(EXIT.failed, "%what% (%node%) has the flags %found% (%names%), which reel does not keep", "leave it out: exchange the changesets before it with -r"),
  "exchange.flat-manifest": form(EXIT.failed, "the manifest is flat: it names %found%, and reel keeps a manifest for each directory", "convert the repository: hg --config extensions.convert= --config experimental.treemanifest=1 convert SOURCE TARGET"),
  "exchange.bad-name": form(EXIT.corrupt, "not a path of a tree: %found%", "make sure of where it comes from; nothing was taken from it"),
  "exchange.stray-history": form(EXIT.corrupt, "revisions of %path% were sent, which no manifest names", "make sure of where it comes from; nothing was taken from it"),
  "exchange.unknown-parent": form(EXIT.failed, "%what% (%node%) has the parent %parent%, which is neither here nor sent", "take first what it builds on: pull from its origin, or make the bundle with an earlier --base"),
  "exchange.unknown-base": form(EXIT.failed, "%what% (%node%) was sent as a delta of %base%, which is neither here nor sent", "take first what it builds on: pull from its origin, or make the bundle with an earlier --base"),
  "exchange.unknown-link": form(EXIT.corrupt, "%what% (%node%) belongs to changeset %link%, which is neither here nor sent", "make sure of where it comes from; nothing was taken from it"),
  "exchange.wrong-node": form(EXIT.corrupt, "%what% hashes to %found%, it was sent as %node%", "get it again from where it comes from; nothing was taken from it"),
  "exchange.missing-revision": form(EXIT.corrupt, "%what% names %name% at %node%, which is neither here nor sent", "get it again from where it comes from; nothing was taken from it"),
  "exchange.other-list": form(EXIT.failed, "changeset %node% lists other files than its manifest holds, among more changesets than fit in memory", "exchange fewer changesets at a time with -r"),
  "exchange.needs-trees": form(EXIT.usage, "this type of bundle has no place for directories such as %found%", "choose the type gzip-v2 or none-v2"),
  "exchange.nothing-to-send": form(EXIT.failed, "there is nothing to send: the base holds all that was asked for", "name other changesets with -r, or an earlier --base"),
  "exchange.unwritten-type": form(EXIT.usage, "reel writes no bundles of type %found%", "choose one of %types%"),
  "exchange.io": form(EXIT.failed, "%path%: %found%", "check the path and the file system that holds it"),
  "exchange.damaged": form(EXIT.corrupt, "%what% is damaged: %found%", "get it again from where it comes from; nothing was taken from it"),
  "exchange.truncated": form(EXIT.corrupt, "%what% ends too early: %found%", "get it again from where it comes from; nothing was taken from it"),
  "exchange.too-large": form(EXIT.corrupt, "%what%: %found% bytes, at most %limit% are taken", "make sure of where it comes from; exchange fewer changesets at a time with -r"),
  "exchange.not-a-bundle": form(EXIT.usage, "not a bundle: it begins with %found%", "give a file made by 'reel bundle' or 'hg bundle'"),
  "exchange.unknown-parameter": form(EXIT.failed, "%where% requires '%found%', which this reel does not understand", "read it with a newer reel, or make it with 'reel bundle -t gzip-v2'"),
  "format.newer-record": form(EXIT.failed, "a record of version %found%, this reel knows %known%", "read it with a newer reel"),
  "tape.bad-label": form(EXIT.usage, "bad tape label: %found%", "use 1 to 16 printable ASCII characters without blanks or slashes"),
  "tape.damaged": form(EXIT.corrupt, "%tape% is damaged at file %file%, record %record%: %found%", "copy the tape's readable images to another, or restore from another copy"),
  "tape.full": form(EXIT.operator, "%tape% is full after %blocks% blocks of the image, and no other tape was given", "mount another tape, or give a library with room"),
  "tape.io": form(EXIT.failed, "%tape%: %found%", "check the device or the file system that holds it"),
  "tape.holds-base": form(EXIT.usage, "%tape% holds the image of %found%, which this dump builds on", "name another file with -f: a plain file holds one image, and this one would be lost"),
  "tape.label-taken": form(EXIT.failed, "a tape %label% is there already", "choose another label"),
  "tape.locked": form(EXIT.locked, "%tape% is in use by process %pid% on %host%", "wait for it, or mount another tape"),
  "tape.no-such-image": form(EXIT.failed, "%tape% holds %found% images, number %wanted% was asked for", "see 'reel tape show' for what is on it; images count from 1"),
  "tape.no-such-place": form(EXIT.failed, "%tape% has no file %file%, record %record%: it ends at file %endFile%, record %endRecord%", "see 'reel tape show' for what is on it"),
  "tape.not-a-tape": form(EXIT.failed, "%tape% is neither a virtual tape nor a dump stream: %found%", "give the path of a .tap file or of a dump, or a label of the library"),
  "tape.not-found": form(EXIT.operator, "no tape %tape%", "see 'reel tape list' for the tapes of the library"),
  "tape.not-seekable": form(EXIT.failed, "%tape% is a pipe and cannot go back", "copy it to a file first"),
  "tape.one-image": form(EXIT.usage, "%tape% is a plain file and holds one image", "name a virtual tape (.tap) to hold several"),
  "tape.read-only": form(EXIT.usage, "%tape% was opened for reading", "open it for writing"),
  "tape.wrong-label": form(EXIT.operator, "%path% is tape %found%, %wanted% is wanted", "mount %wanted%"),
  "tape.record-too-long": form(EXIT.failed, "%tape% has a record of %found% bytes, at most %wanted% were expected", "give the blocking factor it was written with (-b)"),
  "dump.bad-blocking-factor": form(EXIT.usage, "blocking factor %found% is not from 4 to 256", "give -b with a number of 1 KiB blocks from 4 to 256; 64 is the default"),
  "dump.bad-name": form(EXIT.usage, "%found% is not the name of a dump path", "give a name that begins with a slash: --as /NAME"),
  "dump.date-taken": form(EXIT.usage, "a dump of this level and base with the date %found% is known already", "give another date with -d"),
  "dump.date-too-early": form(EXIT.usage, "the date %found% is not 2 seconds after the base's, %base%", "give -d with %earliest% or later, or leave it out"),
  "dump.in-progress": form(EXIT.locked, "%path% is being dumped by process %pid% on %host%", "wait for it; if no reel runs on %host%, remove %tape%.lock"),
  "dump.name-taken": form(EXIT.failed, "the name %name% belongs to another volume in this catalog", "give this one a name of its own with --as /NAME"),
  "dump.other-root": form(EXIT.failed, "the root of %path% is %found%, the base was of %wanted%: is the volume mounted?", "mount it, or dump the other root with --force"),
  "dump.no-base": form(EXIT.failed, "level %level% of %path% has no base: no dump of a lower level is known", "make a level 0 first"),
  "dump.too-many-inodes": form(EXIT.failed, "inode number %found% does not fit a dump map, at most %wanted%", "dump subtrees (qtrees) one by one"),
  "dump.unknown-level": form(EXIT.usage, "level %found% is not from 0 to 31", "give -l with a number from 0 to 31"),
  "restore.tapes-missing": form(EXIT.operator, "tapes that are not here: %labels%", "bring them to the library, or name them with -f LABEL=PATH"),
  "restore.bad-path": form(EXIT.failed, "not a path that can be restored: %path% (%found%)", "restore the other paths; 'reel verify' says whether the catalog is damaged"),
  "restore.target-not-empty": form(EXIT.failed, "%target% is not empty: it holds %found%", "name an empty or a new directory, or pass --force to replace what is in the way"),
  "restore.target-not-directory": form(EXIT.failed, "%target% is not a directory that can be opened: %found%", "name a directory"),
  "restore.wrong-image": form(EXIT.operator, "tape %label%, file %file%: found %found%, wanted %wanted%", "mount the right tape and run the restore again with --force: what is there already is kept"),
  "restore.wrong-inode": form(EXIT.incomplete, "block %block% of the image holds %found%, wanted inode %wanted%", "run 'reel tape verify' on this tape, or restore from another image"),
  "restore.write-failed": form(EXIT.failed, "cannot write %path%: %found%", "make room or choose another target, then run the restore again with --force: what is there already is kept"),
  "restore.no-system-calls": form(EXIT.failed, "the system calls that a restore needs are not there: %found%", "run on Linux, with the dependency koffi installed"),
  "restore.interrupted": form(EXIT.interrupted, "interrupted: what is restored so far stays", "run the restore again with --force: what is there already is kept"),
  "restore.compressed": form(EXIT.failed, "the image is a compressed dump (dump -z, -j or -y)", "restore it with restore(8)"),
  "store.bad-requirement": form(EXIT.usage, "a store cannot carry the requirement word '%found%'", "use up to 32 of a-z, 0-9, '.', '=' and '-' for a word"),
  "store.damaged": form(EXIT.corrupt, "the store in %path% is damaged: %found%", "run 'reel verify' to see how far the damage goes, then clone again from a peer or from tapes"),
  "store.exists": form(EXIT.failed, "%path% holds a store already", "give another directory"),
  "store.file-missing": form(EXIT.corrupt, "%file% is missing: %wanted% bytes of it were committed", "put the file back from a copy of the catalog, or clone again from a peer"),
  "store.file-short": form(EXIT.corrupt, "%file% is too short: %wanted% bytes of it were committed, %found% are there", "put the file back from a copy of the catalog, or clone again from a peer"),
  "store.io": form(EXIT.failed, "%path%: %found%", "check the file system that holds the catalog"),
  "store.lock-lost": form(EXIT.failed, "the lock %path% was taken away by %found%; nothing was committed", "run the command again, and let nobody remove the lock of a living writer"),
  "store.locked": form(EXIT.locked, "the catalog is in use by process %pid% on %host%", "wait for it; if no reel runs on %host%, remove %path%"),
  "store.newer-format": form(EXIT.failed, "the store has format version %found%, this reel knows up to %expected%", "read it with a newer reel"),
  "store.no-superblock": form(EXIT.corrupt, "no good superblock among the files of %path%", "put a copy of one back from a copy of the catalog, or clone again from a peer"),
  "store.not-found": form(EXIT.noCatalog, "no store in %path%", "give the catalog with -R DIR, or make one with 'reel init'"),
  "store.out-of-bounds": form(EXIT.corrupt, "bytes %offset% to %end% of %file% were asked for, %found% are committed", "run 'reel verify'"),
  "store.unknown-requirement": form(EXIT.failed, "the store requires '%found%', which this reel does not understand", "read it with a newer reel"),
  "store.write-failed": form(EXIT.failed, "cannot write %path%: %found%; nothing was committed", "make room or mend the file system, and run the command again"),
  "volume.bad-pattern": form(EXIT.usage, "not an exclude pattern: '%found%'", "give a name, or a path from the root of the dump, with *, ? or [..]"),
  "volume.no-proc": form(EXIT.failed, "extended attributes cannot be read: /proc/self/fd is not there (%found%)", "mount /proc"),
  "volume.no-system-calls": form(EXIT.failed, "the system calls that a dump needs are not there: %found%", "run on Linux with glibc, with the dependency koffi installed"),
  "volume.reader-died": form(EXIT.failed, "the reading thread stopped: %found%", "run the command again; what is on tape so far is listed by 'reel tape show'"),
  "volume.unreadable": form(EXIT.failed, "cannot open %path%: %found%", "name a directory that can be read"),
  "revset.ambiguous": form(EXIT.usage, "ambiguous revision prefix '%found%'", "give more digits of the nodeid"),
  "date.bad": form(EXIT.usage, "not a date: '%found%'", "write it as 2026-11-23, '2026-11-23 10:00', '<2026-11-01', '2026-11-01 to 2026-11-23' or -7 (days)"),
  "revset.empty": form(EXIT.usage, "'%found%' names no revision", "see 'reel log' for the changesets there are"),
  "revset.parse": form(EXIT.usage, "bad revset: %what%", "see 'reel help revisions'"),
  "revset.unknown": form(EXIT.usage, "unknown revision '%found%'", "see 'reel log', 'reel branches' and 'reel tags' for what there is"),
  "template.parse": form(EXIT.usage, "bad template: %what%", "see 'reel help templates'"),
  "tape.too-small": form(EXIT.operator, "%tape% took %found% blocks of the image, at least 32 are needed", "mount a tape with more room"),
  "usage": form(EXIT.usage, "%found%", "see 'reel help'"),
  interrupted: form(EXIT.interrupted, "interrupted", "run the command again"),
  system: form(EXIT.failed, "%found%", "check the disk and the permissions, and run the command again"),
  "internal": form(EXIT.failed, "%found%", "this is an error in reel: please report it"),
} as const satisfies Record<string, ErrorForm>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorData = Readonly<Record<string, string | number | readonly string[]>>;

function fill(template: string, data: ErrorData): string {
  return template.replaceAll(/%([a-zA-Z]+)%/g, (_, name: string) => {
    const value = data[name];
    return value === undefined ? "?" : Array.isArray(value) ? value.join(", ") : String(value);
  });
}

/** A promise that could not be kept; `code`, `data` and `remedy` are for scripts and people alike. */
export class ReelError extends Error {
  readonly code: ErrorCode;
  readonly data: ErrorData;
  readonly remedy: string;

  constructor(
    code: ErrorCode,
    data: ErrorData = {},
    options: { readonly cause?: unknown; readonly remedy?: string } = {},
  ) {
    const shape: ErrorForm = ERRORS[code];
    super(
      fill(shape.message, data),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = "ReelError";
    this.code = code;
    this.data = data;
    this.remedy = fill(options.remedy ?? shape.remedy, data);
  }

  get exit(): number {
    return ERRORS[this.code].exit;
  }
}

/** For what cannot happen; a failure here is a mistake of ours, never of the input. */
export function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new ReelError("internal", { found: `broken invariant: ${what}` });
}

export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "EIO";
}
