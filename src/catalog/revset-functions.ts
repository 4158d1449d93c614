// The functions of the revset language. A result is ascending unless the function says otherwise.
import { type ByteString, showBytes } from "../core/bytes.ts";
import { type DateContext, parseDateSpan } from "../core/dates.ts";
import { ReelError } from "../core/errors.ts";
import type { Rev } from "../core/ids.ts";
import type { ChangelogReader, ChangesetHead } from "./changelog-reader.ts";
import {
  ancestorsOf,
  bitsOf,
  childCounts,
  childrenOf,
  descendantsOf,
  headsOf,
  type RevBits,
  revsOf,
  rootsOf,
} from "./revset-dag.ts";
import {
  compileRegex,
  exactMatcher,
  pathMatcher,
  readPattern,
  substringMatcher,
} from "./revset-match.ts";
import type { RevisionNames } from "./revset-names.ts";

/** One call, its arguments evaluated when they are asked for. */
export interface RevsetCall {
  readonly reader: ChangelogReader;
  readonly names: RevisionNames;
  readonly dates: DateContext;
  readonly count: number;
  /** A revset argument in its own order. */
  set(index: number): readonly Rev[];
  /** The same, or null where the argument is a name that stands for no revision. */
  setOrNull(index: number): readonly Rev[] | null;
  string(index: number): ByteString;
  integer(index: number, otherwise: number): number;
  fail(what: string): never;
}

export interface RevsetFunction {
  readonly least: number;
  readonly most: number;
  /** Names of arguments that may be given as `name=value`, by place. */
  readonly named: readonly string[];
  readonly run: (call: RevsetCall) => readonly Rev[];
}

function fn(
  least: number,
  most: number,
  run: RevsetFunction["run"],
  ...named: string[]
): RevsetFunction {
  return { least, most, run, named };
}

function bits(call: RevsetCall, index: number): RevBits {
  return bitsOf(call.set(index), call.reader.count);
}

/** The revisions whose head passes, ascending. Reads every head. */
function byHead(call: RevsetCall, passes: (head: ChangesetHead, rev: Rev) => boolean): Rev[] {
  return every(call, (rev) => passes(call.reader.head(rev), rev));
}

function every(call: RevsetCall, passes: (rev: Rev) => boolean): Rev[] {
  const revs: Rev[] = [];
  for (let rev = 0 as Rev; rev < call.reader.count; rev = (rev + 1) as Rev)
    if (passes(rev)) revs.push(rev);
  return revs;
}

function ascending(revs: Iterable<Rev>): Rev[] {
  return [...new Set(revs)].sort((a, b) => a - b);
}

function depthOf(call: RevsetCall): number {
  if (call.count < 2) return Number.POSITIVE_INFINITY;
  const depth = call.integer(1, 0);
  return depth >= 0 ? depth : call.fail("negative depth");
}

function parentsBy(
  call: RevsetCall,
  pick: (reader: ChangelogReader, rev: Rev) => readonly Rev[],
): readonly Rev[] {
  const of = call.count === 0 ? [call.names.current] : call.set(0);
  return ascending(
    of.flatMap((rev) => (rev < 0 ? [] : pick(call.reader, rev))).filter((rev) => rev >= 0),
  );
}

/** The members with the fewest steps between: all that are ancestors of each. */
function commonAncestors(call: RevsetCall, of: readonly Rev[]): RevBits {
  const { reader } = call;
  let common: RevBits | null = null;
  for (const rev of new Set(of)) {
    const own = ancestorsOf(reader, bitsOf([rev], reader.count));
    common = common === null ? own : common.map((bit, i) => bit & (own[i] as number));
  }
  return common ?? new Uint8Array(reader.count);
}

function pick(call: RevsetCall, better: (a: Rev, b: Rev) => boolean): readonly Rev[] {
  const [first, ...rest] = call.set(0);
  return first === undefined
    ? []
    : [rest.reduce((best, rev) => (better(rev, best) ? rev : best), first)];
}

function limited(call: RevsetCall, from: "first" | "last"): readonly Rev[] {
  const limit = call.integer(1, 1);
  if (limit < 0) call.fail("negative number to select");
  const revs = call.set(0);
  if (from === "last") return limit === 0 ? [] : revs.slice(-limit);
  const offset = call.integer(2, 0);
  if (offset < 0) call.fail("negative offset");
  return revs.slice(offset, offset + limit);
}

function branch(call: RevsetCall): readonly Rev[] {
  const inBranches = (wanted: ReadonlySet<ByteString>) =>
    every(call, (rev) => wanted.has(call.names.branchOf(rev)));
  const set = call.setOrNull(0);
  const text = set === null || isText(call) ? call.string(0) : null;
  if (text !== null) {
    const pattern = readPattern(text);
    const known = [...call.names.branchTips().keys()];
    const matches = exactMatcher(pattern);
    const wanted = new Set(known.filter(matches));
    if (wanted.size > 0 || pattern.kind === "re") return inBranches(wanted);
    if (pattern.explicit || set === null) {
      throw new ReelError("revset.unknown", { found: showBytes(pattern.text) });
    }
  }
  return inBranches(new Set((set ?? []).map((rev) => call.names.branchOf(rev))));
}

function isText(call: RevsetCall): boolean {
  try {
    call.string(0);
    return true;
  } catch {
    return false;
  }
}

function tag(call: RevsetCall): readonly Rev[] {
  const tags = call.reader.tags();
  if (call.count === 0) return ascending(tags.values());
  const pattern = readPattern(call.string(0));
  if (pattern.kind === "literal" && pattern.text === "tip") return [call.names.tip];
  const matches = exactMatcher(pattern);
  const found = [...tags].filter(([name]) => matches(name)).map(([, rev]) => rev);
  if (found.length === 0 && pattern.kind === "literal") {
    throw new ReelError("revset.unknown", { found: showBytes(pattern.text) });
  }
  return ascending(found);
}

/** The slow path: reads the file list of every changeset. */
function file(call: RevsetCall): readonly Rev[] {
  const matches = pathMatcher(call.string(0));
  return every(call, (rev) => call.reader.files(rev).some(matches));
}

function keyword(call: RevsetCall): readonly Rev[] {
  const matches = substringMatcher({ kind: "literal", text: call.string(0), explicit: true });
  return byHead(call, (head, rev) => {
    return matches(head.user) || matches(head.description) || call.reader.files(rev).some(matches);
  });
}

function grep(call: RevsetCall): readonly Rev[] {
  const regex = compileRegex(call.string(0));
  const matches = (text: ByteString) => regex.test(text);
  return byHead(call, (head, rev) => {
    return matches(head.user) || matches(head.description) || call.reader.files(rev).some(matches);
  });
}

function extra(call: RevsetCall): readonly Rev[] {
  const label = call.string(0);
  const matches = call.count > 1 ? exactMatcher(readPattern(call.string(1))) : null;
  return byHead(call, (head) => {
    const value =
      label === "branch" ? (head.extras.get(label) ?? "default") : head.extras.get(label);
    return value !== undefined && (matches === null || matches(value));
  });
}

/** Of a changeset that records a dump: "reel.level" and the rest. */
const LEVEL_EXTRA = "reel.level";
const IMAGE_EXTRA = "reel.image";

function date(call: RevsetCall): readonly Rev[] {
  const span = parseDateSpan(showBytes(call.string(0)), call.dates);
  return byHead(call, ({ time }) => time >= span.from && time <= span.to);
}

const SORT_KEYS: Readonly<Record<string, (call: RevsetCall, a: Rev, b: Rev) => number>> = {
  rev: (_, a, b) => a - b,
  branch: ({ names }, a, b) => compare(names.branchOf(a), names.branchOf(b)),
  desc: ({ reader }, a, b) => compare(reader.head(a).description, reader.head(b).description),
  user: ({ reader }, a, b) => compare(reader.head(a).user, reader.head(b).user),
  author: ({ reader }, a, b) => compare(reader.head(a).user, reader.head(b).user),
  date: ({ reader }, a, b) => reader.head(a).time - reader.head(b).time,
  node: ({ reader }, a, b) => compare(reader.node(a), reader.node(b)),
};

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** In the order of the keys; "-" turns one round, equal ones keep the order they had. */
function sort(call: RevsetCall): readonly Rev[] {
  const revs = [...call.set(0)];
  const keys = (call.count > 1 ? call.string(1) : "rev").split(/\s+/).filter((key) => key !== "");
  const orders = keys.map((key) => {
    const order = SORT_KEYS[key.replace(/^-/, "")];
    if (order === undefined) return call.fail(`unknown sort key '${key}'`);
    const sign = key.startsWith("-") ? -1 : 1;
    return (a: Rev, b: Rev) => sign * order(call, a, b);
  });
  return revs.sort((a, b) => {
    for (const order of orders) {
      const difference = order(a, b);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

function only(call: RevsetCall): readonly Rev[] {
  const { reader } = call;
  const included = ancestorsOf(reader, bits(call, 0));
  let excluded: RevBits;
  if (call.count > 1) excluded = bits(call, 1);
  else {
    const below = descendantsOf(reader, bits(call, 0));
    excluded = headsOf(reader, new Uint8Array(reader.count).fill(1));
    for (let rev = 0; rev < excluded.length; rev++)
      if (below[rev] === 1 || included[rev] === 1) excluded[rev] = 0;
  }
  const minus = ancestorsOf(reader, excluded);
  return every(call, (rev) => included[rev] === 1 && minus[rev] === 0);
}

export const REVSET_FUNCTIONS: Readonly<Record<string, RevsetFunction>> = {
  all: fn(0, 0, (call) => every(call, () => true)),
  ancestor: fn(0, 100, (call) => {
    const of = Array.from({ length: call.count }, (_, i) => call.set(i)).flat();
    const common = headsOf(call.reader, commonAncestors(call, of));
    return revsOf(common).slice(-1);
  }),
  ancestors: fn(
    1,
    2,
    (call) => revsOf(ancestorsOf(call.reader, bits(call, 0), depthOf(call))),
    "set",
    "depth",
  ),
  author: fn(1, 1, (call) => user(call)),
  bookmark: fn(0, 1, () => []),
  branch: fn(1, 1, branch),
  branchpoint: fn(0, 0, (call) => {
    const counts = childCounts(call.reader);
    return every(call, (rev) => (counts[rev] as number) > 1);
  }),
  children: fn(1, 1, (call) => revsOf(childrenOf(call.reader, bits(call, 0)))),
  closed: fn(0, 0, (call) => byHead(call, ({ extras }) => extras.has("close"))),
  commonancestors: fn(1, 1, (call) => revsOf(commonAncestors(call, call.set(0)))),
  date: fn(1, 1, date),
  desc: fn(1, 1, (call) => {
    const matches = substringMatcher(readPattern(call.string(0)));
    return byHead(call, ({ description }) => matches(description));
  }),
  descendants: fn(
    1,
    2,
    (call) => revsOf(descendantsOf(call.reader, bits(call, 0), depthOf(call))),
    "set",
    "depth",
  ),
  draft: fn(0, 0, () => []),
  dumps: fn(0, 0, (call) => byHead(call, ({ extras }) => extras.has(IMAGE_EXTRA))),
  extra: fn(1, 2, extra, "label", "value"),
  file: fn(1, 1, file),
  first: fn(1, 2, (call) => limited(call, "first")),
  grep: fn(1, 1, grep),
  head: fn(0, 0, (call) =>
    ascending([...call.names.branchTips().values()].flatMap((tip) => tip.heads)),
  ),
  heads: fn(1, 1, (call) => revsOf(headsOf(call.reader, bits(call, 0)))),
  id: fn(1, 1, (call) => {
    const hex = call.string(0).toLowerCase();
    const rev = /^[0-9a-f]{1,40}$/.test(hex) ? call.reader.byPrefix(hex) : "unknown";
    if (rev === "ambiguous") throw new ReelError("revset.ambiguous", { found: hex });
    return rev === "unknown" ? [] : [rev];
  }),
  keyword: fn(1, 1, keyword),
  last: fn(1, 2, (call) => limited(call, "last")),
  level: fn(1, 1, (call) => {
    const level = String(call.integer(0, 0));
    return byHead(
      call,
      ({ extras }) => extras.has(IMAGE_EXTRA) && extras.get(LEVEL_EXTRA) === level,
    );
  }),
  limit: fn(1, 3, (call) => limited(call, "first"), "set", "n", "offset"),
  max: fn(1, 1, (call) => pick(call, (a, b) => a > b)),
  merge: fn(0, 0, (call) => every(call, (rev) => call.reader.p2(rev) >= 0)),
  min: fn(1, 1, (call) => pick(call, (a, b) => a < b)),
  none: fn(0, 0, () => []),
  only: fn(1, 2, only),
  p1: fn(0, 1, (call) => parentsBy(call, (reader, rev) => [reader.p1(rev)])),
  p2: fn(0, 1, (call) => parentsBy(call, (reader, rev) => [reader.p2(rev)])),
  parents: fn(0, 1, (call) => parentsBy(call, (reader, rev) => [reader.p1(rev), reader.p2(rev)])),
  present: fn(1, 1, (call) => call.setOrNull(0) ?? []),
  public: fn(0, 0, (call) => every(call, () => true)),
  rev: fn(1, 1, (call) => {
    const number = call.integer(0, 0);
    return number >= 0 && number < call.reader.count ? [number as Rev] : [];
  }),
  reverse: fn(1, 1, (call) => call.set(0).toReversed()),
  roots: fn(1, 1, (call) => revsOf(rootsOf(call.reader, bits(call, 0)))),
  secret: fn(0, 0, () => []),
  sort: fn(1, 2, sort, "set", "keys"),
  tag: fn(0, 1, tag),
  tagged: fn(0, 0, (call) => ascending(call.reader.tags().values())),
  user: fn(1, 1, (call) => user(call)),
};

function user(call: RevsetCall): readonly Rev[] {
  const matches = substringMatcher(readPattern(call.string(0)));
  return byHead(call, (head) => matches(head.user));
}
