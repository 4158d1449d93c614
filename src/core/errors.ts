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

export const ERRORS = {
  "format.bad-node": form(EXIT.corrupt, "not a nodeid: %found%, expected 40 hex digits", "run 'reel verify'"),
  "format.truncated": form(EXIT.corrupt, "%what% ends too early: %wanted% bytes wanted, %found% there", "run 'reel verify', then pull from a peer that has the data"),
  "format.damaged": form(EXIT.corrupt, "%what% is damaged: %found%", "run 'reel verify' to see how far the damage goes"),
  "format.newer-record": form(EXIT.failed, "a record of version %found%, this reel knows %known%", "read it with a newer reel"),
  "tape.bad-label": form(EXIT.usage, "bad tape label: %found%", "use 1 to 16 printable ASCII characters without blanks or slashes"),
  "tape.damaged": form(EXIT.corrupt, "%tape% is damaged at file %file%, record %record%: %found%", "copy the tape's readable images to another, or restore from another copy"),
  "tape.full": form(EXIT.operator, "%tape% is full after %blocks% blocks of the image, and no other tape was given", "mount another tape, or give a library with room"),
  "tape.io": form(EXIT.failed, "%tape%: %found%", "check the device or the file system that holds it"),
  "tape.label-taken": form(EXIT.failed, "a tape %label% is there already", "choose another label"),
  "tape.locked": form(EXIT.locked, "%tape% is in use by process %pid% on %host%", "wait for it, or mount another tape"),
  "tape.no-such-image": form(EXIT.failed, "%tape% holds %found% images, number %wanted% was asked for", "see 'reel tape show' for what is on it; images count from 0"),
  "tape.no-such-place": form(EXIT.failed, "%tape% has no file %file%, record %record%: it ends at file %endFile%, record %endRecord%", "see 'reel tape show' for what is on it"),
  "tape.not-a-tape": form(EXIT.failed, "%tape% is neither a virtual tape nor a dump stream: %found%", "give the path of a .tap file or of a dump, or a label of the library"),
  "tape.not-found": form(EXIT.operator, "no tape %tape%", "see 'reel tape list' for the tapes of the library"),
  "tape.not-seekable": form(EXIT.failed, "%tape% is a pipe and cannot go back", "copy it to a file first"),
  "tape.one-image": form(EXIT.usage, "%tape% is a plain file and holds one image", "name a virtual tape (.tap) to hold several"),
  "tape.read-only": form(EXIT.usage, "%tape% was opened for reading", "open it for writing"),
  "tape.record-too-long": form(EXIT.failed, "%tape% has a record of %found% bytes, at most %wanted% were expected", "give the blocking factor it was written with (-b)"),
  "dump.bad-blocking-factor": form(EXIT.usage, "blocking factor %found% is not from 4 to 256", "give -b with a number of 1 KiB blocks from 4 to 256; 64 is the default"),
  "dump.no-base": form(EXIT.failed, "level %level% of %path% has no base: no dump of a lower level is known", "make a level 0 first"),
  "dump.too-many-inodes": form(EXIT.failed, "inode number %found% does not fit a dump map, at most %wanted%", "dump subtrees (qtrees) one by one"),
  "dump.unknown-level": form(EXIT.usage, "level %found% is not from 0 to 31", "give -l with a number from 0 to 31"),
  "usage": form(EXIT.usage, "%found%", "see 'reel help'"),
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

  constructor(code: ErrorCode, data: ErrorData = {}, options: { readonly cause?: unknown; readonly remedy?: string } = {}) {
    const shape: ErrorForm = ERRORS[code];
    super(fill(shape.message, data), options.cause === undefined ? undefined : { cause: options.cause });
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
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "EIO";
}
