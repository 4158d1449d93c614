// The verbs that walk history: which changesets are shown, in which order, with which lines between them.
// What they look like is the caller's business.
import { type DumpHead, dumpHead } from "../catalog/dump-list.ts";
import {
  EVERYTHING,
  type GraphNode,
  type Selection,
  selectionOf,
  walkGraph,
} from "../catalog/graph.ts";
import {
  type BranchTip,
  evaluateRevset,
  resolveRevision,
  RevisionNames,
} from "../catalog/revset.ts";
import { type ByteString, utf8ToByteString } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { type DateContext, parseDateSpan } from "../core/dates.ts";
import { ReelError } from "../core/errors.ts";
import type { NodeId, Rev } from "../core/ids.ts";
import type { Catalog } from "./requests.ts";

/** All conditions must hold; an empty list is no condition. Texts are as typed, in UTF-8. */
export interface WalkRequest {
  /** Several are a union. None: everything, newest first. */
  readonly revsets: readonly string[];
  readonly branches: readonly string[];
  /** Found in the user, in either letter case; one is enough. */
  readonly users: readonly string[];
  /** Found in user, description or a path, in either letter case; one is enough. Reads file lists. */
  readonly keywords: readonly string[];
  /** A span of dates. */
  readonly date: string | null;
  /** Only these revisions: those in which one path changed. */
  readonly only: ReadonlySet<Rev> | null;
  readonly limit: number | null;
  /** Newest first whatever the revset says, as a graph is drawn. */
  readonly graph: boolean;
}

export const WALK_ALL: WalkRequest = {
  revsets: [],
  branches: [],
  users: [],
  keywords: [],
  date: null,
  only: null,
  limit: null,
  graph: false,
};

export function dateContext(clock: Clock): DateContext {
  return { now: Number(clock.now() / 1_000_000_000n), zoneOf: (time) => clock.zone(time) };
}

/** Names, sets and orders over one state of a catalog. */
export class History {
  readonly catalog: Catalog;
  readonly names: RevisionNames;
  private readonly dates: DateContext;

  constructor(catalog: Catalog, dates: DateContext) {
    this.catalog = catalog;
    this.dates = dates;
    this.names = new RevisionNames(catalog.changelog);
  }

  /** In the order that the revset gives. */
  revset(text: string): Rev[] {
    return this.evaluate(utf8ToByteString(text));
  }

  evaluate(expression: ByteString): Rev[] {
    return evaluateRevset(this.catalog.changelog, expression, this.dates, this.names);
  }

  /** One revision; the last of a set. Throws `catalog.empty` where there is none at all. */
  revision(text: string): Rev {
    const { changelog } = this.catalog;
    if (changelog.count === 0) throw new ReelError("catalog.empty");
    return resolveRevision(changelog, utf8ToByteString(text), this.dates, this.names);
  }

  /** The changesets asked for, with the edges that a graph draws between them. */
  walk(request: WalkRequest): Iterable<GraphNode> {
    const { changelog } = this.catalog;
    const revs = this.chosen(request);
    // Without any condition nothing is held in memory and no edge is elided.
    const selection: Selection =
      revs === null ? EVERYTHING : request.graph ? selectionOf(revs) : EVERYTHING;
    return walkGraph(changelog, revs ?? descending(changelog.count), selection);
  }

  /** Null for everything, newest first. */
  private chosen(request: WalkRequest): readonly Rev[] | null {
    const { limit } = request;
    const passes = this.conditions(request);
    if (request.revsets.length === 0 && passes === null && limit === null) return null;
    let revs: Iterable<Rev> = descending(this.catalog.changelog.count);
    if (request.revsets.length > 0) {
      const union = new Set(request.revsets.flatMap((revset) => this.revset(revset)));
      revs = request.graph ? [...union].sort((a, b) => b - a) : union;
    }
    const chosen: Rev[] = [];
    for (const rev of revs) {
      if (limit !== null && chosen.length >= limit) break;
      if (passes === null || passes(rev)) chosen.push(rev);
    }
    return chosen;
  }

  private conditions(request: WalkRequest): ((rev: Rev) => boolean) | null {
    const { changelog } = this.catalog;
    const conditions: ((rev: Rev) => boolean)[] = [];
    if (request.only !== null) {
      const { only } = request;
      conditions.push((rev) => only.has(rev));
    }
    if (request.branches.length > 0) {
      const branches = new Set(request.branches.map((branch) => this.branchNamed(branch)));
      conditions.push((rev) => branches.has(this.names.branchOf(rev)));
    }
    if (request.date !== null) {
      const span = parseDateSpan(request.date, this.dates);
      conditions.push((rev) => {
        const { time } = changelog.head(rev);
        return time >= span.from && time <= span.to;
      });
    }
    for (const [name, words] of [
      ["user", request.users],
      ["keyword", request.keywords],
    ] as const) {
      if (words.length === 0) continue;
      const found = new Set(words.flatMap((word) => this.evaluate(`${name}(${quoted(word)})`)));
      conditions.push((rev) => found.has(rev));
    }
    return conditions.length === 0 ? null : (rev) => conditions.every((holds) => holds(rev));
  }

  private branchNamed(branch: string): ByteString {
    const name = utf8ToByteString(branch);
    if (!this.names.branchTips().has(name))
      throw new ReelError("revset.unknown", { found: branch });
    return name;
  }

  /**
   * Changesets without children, newest first. Those that close their branch, and those of chains that a
   * newer level 0 of the same identity has superseded, come only with `closed`.
   */
  heads(closed: boolean): Rev[] {
    const { changelog } = this.catalog;
    const hasChild = new Uint8Array(changelog.count);
    const fulls = new Map<ByteString, DumpHead>();
    for (const rev of descending(changelog.count)) {
      for (const parent of [changelog.p1(rev), changelog.p2(rev)])
        if (parent >= 0) hasChild[parent] = 1;
      const dump = closed ? null : dumpHead(changelog, rev);
      if (dump?.level !== 0) continue;
      const newest = fulls.get(dump.identity);
      if (newest === undefined || dump.date > newest.date) fulls.set(dump.identity, dump);
    }
    const heads: Rev[] = [];
    for (const rev of descending(changelog.count)) {
      if (hasChild[rev] === 1) continue;
      if (closed || !(this.names.isClosed(rev) || this.isSuperseded(rev, fulls))) heads.push(rev);
    }
    return heads;
  }

  /** The chain of increments begins at another full dump than the newest one, and an older one. */
  private isSuperseded(rev: Rev, fulls: ReadonlyMap<ByteString, DumpHead>): boolean {
    const { changelog } = this.catalog;
    const dump = dumpHead(changelog, rev);
    const newest = dump === null ? undefined : fulls.get(dump.identity);
    if (dump === null || newest === undefined) return false;
    let root = rev;
    while (changelog.p1(root) >= 0) root = changelog.p1(root);
    return root !== newest.rev && dump.date < newest.date;
  }

  /** Open branches first, then by revision, newest first, as `hg branches` lists them. */
  branches(closed: boolean): (BranchTip & { readonly active: boolean })[] {
    const { changelog } = this.catalog;
    const hasChild = new Uint8Array(changelog.count);
    for (const rev of descending(changelog.count)) {
      for (const parent of [changelog.p1(rev), changelog.p2(rev)])
        if (parent >= 0) hasChild[parent] = 1;
    }
    return [...this.names.branchTips().values()]
      .filter((tip) => closed || !tip.closed)
      .map((tip) => ({
        ...tip,
        active: !tip.closed && tip.heads.some((rev) => hasChild[rev] === 0),
      }))
      .sort((a, b) => Number(b.active) - Number(a.active) || b.rev - a.rev);
  }

  /** Newest first, "tip" on top. */
  tags(): { readonly tag: ByteString; readonly rev: Rev }[] {
    const { changelog } = this.catalog;
    const tags = [...changelog.tags()].map(([tag, rev]) => ({ tag, rev }));
    if (changelog.count > 0) tags.push({ tag: "tip", rev: this.names.tip });
    return tags.sort((a, b) => b.rev - a.rev || (a.tag < b.tag ? 1 : -1));
  }

  /** The shortest beginning of a node, of at least so many digits, that names it alone. */
  shortest(node: NodeId, digits: number): string {
    const { changelog } = this.catalog;
    for (let length = Math.max(1, digits); length < node.length; length++) {
      const prefix = node.slice(0, length);
      // Digits alone could be a revision number.
      if (/^(0|[1-9]\d*)$/.test(prefix) && Number(prefix) < changelog.count) continue;
      if (typeof changelog.byPrefix(prefix) === "number") return prefix;
    }
    return node;
  }
}

function quoted(text: string): ByteString {
  return `'${utf8ToByteString(text).replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function* descending(count: number): Generator<Rev> {
  for (let rev = count - 1; rev >= 0; rev--) yield rev as Rev;
}
