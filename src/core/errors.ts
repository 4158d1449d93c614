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
