// Revisions as users name them: a single one, or a set in Mercurial's revset language, over any changelog.
// The result has the order that hg gives it: ranges and unions as written, functions ascending unless they
// sort or reverse, `and` and `-` in the order of the left side.
import { type ByteString, showBytes } from "../core/bytes.ts";
import type { DateContext } from "../core/dates.ts";
import { ReelError } from "../core/errors.ts";
import { NULL_REV, type Rev } from "../core/ids.ts";
import type { ChangelogReader } from "./changelog-reader.ts";
import { ancestorsOf, bitsOf, childrenOf, descendantsOf, revsOf } from "./revset-dag.ts";
import { REVSET_FUNCTIONS, type RevsetCall } from "./revset-functions.ts";
import { RevisionNames } from "./revset-names.ts";
import { type BinaryOperator, parseRevset, type RevsetNode } from "./revset-parse.ts";

export { RevisionNames } from "./revset-names.ts";
export type { BranchTip } from "./revset-names.ts";

/** Throws `revset.parse`, `revset.unknown`, `revset.ambiguous`, `date.bad`. The null revision is left out. */
export function evaluateRevset(
  reader: ChangelogReader,
  expression: ByteString,
  dates: DateContext,
  names: RevisionNames = new RevisionNames(reader),
): Rev[] {
  const tree = parseRevset(expression, (name) => names.isName(name));
  return new RevsetEvaluation(reader, expression, dates, names)
    .evaluate(tree)
    .filter((rev) => rev >= 0);
}

/**
 * One revision: of a set of several the last, as in Mercurial. Throws `revset.empty` if there is none,
 * and also for the null revision.
 */
export function resolveRevision(
  reader: ChangelogReader,
  expression: ByteString,
  dates: DateContext,
  names: RevisionNames = new RevisionNames(reader),
): Rev {
  const rev = evaluateRevset(reader, expression, dates, names).at(-1);
  if (rev === undefined) throw new ReelError("revset.empty", { found: showBytes(expression) });
  return rev;
}

class RevsetEvaluation {
  private readonly reader: ChangelogReader;
  private readonly text: ByteString;
  private readonly dates: DateContext;
  private readonly names: RevisionNames;

  constructor(reader: ChangelogReader, text: ByteString, dates: DateContext, names: RevisionNames) {
    this.reader = reader;
    this.text = text;
    this.dates = dates;
    this.names = names;
  }

  /** Without repeats; -1 for the null revision. */
  evaluate(node: RevsetNode): readonly Rev[] {
    switch (node.kind) {
      case "symbol":
        return [this.names.resolve(node.name)];
      case "string":
        return [this.names.resolve(node.text)];
      case "call":
        return this.call(node);
      case "binary":
        return this.binary(node.operator, node.left, node.right);
      case "range":
        return this.range(node.from, node.to);
      case "dagrange":
        return this.dagRange(node.from, node.to);
      case "not": {
        const out = bitsOf(this.evaluate(node.of), this.reader.count);
        return revsOf(out.map((bit) => 1 - bit));
      }
      case "only":
        return this.function("only", [node.of], node.at);
      case "parent":
        return this.parents(node.of, node.number);
      case "ancestor":
        return this.generations(node.of, node.generations);
      default:
        return node satisfies never;
    }
  }

  private binary(operator: BinaryOperator, left: RevsetNode, right: RevsetNode): readonly Rev[] {
    if (operator === "only") return this.function("only", [left, right], 0);
    if (operator === "or") return this.union(left, right);
    const here = this.evaluate(left);
    const there = new Set(this.evaluate(right));
    return here.filter((rev) => there.has(rev) === (operator === "and"));
  }

  /** A long chain of unions is one pass, not one for each `+`. */
  private union(left: RevsetNode, right: RevsetNode): readonly Rev[] {
    const parts: RevsetNode[] = [right];
    let rest = left;
    while (rest.kind === "binary" && rest.operator === "or") {
      parts.push(rest.right);
      rest = rest.left;
    }
    parts.push(rest);
    return [...new Set(parts.reverse().flatMap((part) => this.evaluate(part)))];
  }

  private range(from: RevsetNode | null, to: RevsetNode | null): readonly Rev[] {
    const first = from === null ? 0 : this.evaluate(from)[0];
    const last = to === null ? this.reader.count - 1 : this.evaluate(to).at(-1);
    if (first === undefined || last === undefined || this.reader.count === 0) return [];
    const step = first <= last ? 1 : -1;
    return Array.from({ length: Math.abs(last - first) + 1 }, (_, i) => (first + i * step) as Rev);
  }

  private dagRange(from: RevsetNode | null, to: RevsetNode | null): readonly Rev[] {
    const { reader } = this;
    const { count } = reader;
    const sources = from === null ? null : this.evaluate(from);
    // Everything descends from the null revision.
    const all = sources === null || sources.includes(NULL_REV);
    const above = all ? null : descendantsOf(reader, bitsOf(sources, count));
    const below = to === null ? null : ancestorsOf(reader, bitsOf(this.evaluate(to), count));
    if (above !== null && below !== null)
      return revsOf(above.map((bit, i) => bit & (below[i] as number)));
    return revsOf(above ?? below ?? new Uint8Array(count).fill(1));
  }

  private parents(of: RevsetNode, number: number): readonly Rev[] {
    const { reader } = this;
    const revs = this.evaluate(of).filter((rev) => rev >= 0);
    const parents =
      number === 0 ? revs : revs.map((rev) => (number === 1 ? reader.p1(rev) : reader.p2(rev)));
    return ascending(parents.filter((rev) => rev >= 0));
  }

  /** Below zero: the one descendant so many generations on; more than one is an error. */
  private generations(of: RevsetNode, generations: number): readonly Rev[] {
    const { reader } = this;
    if (generations < 0) return this.onlyDescendants(of, -generations);
    const revs = this.evaluate(of).map((start) => {
      let rev = start;
      for (let i = 0; i < generations && rev >= 0; i++) rev = reader.p1(rev);
      return rev;
    });
    // A walk beyond a root ends at the null revision, which stays in the set, as in Mercurial.
    return ascending(revs);
  }

  private onlyDescendants(of: RevsetNode, generations: number): readonly Rev[] {
    const { reader } = this;
    const found = this.evaluate(of).flatMap((start) => {
      let rev: Rev | undefined = start;
      for (let i = 0; i < generations && rev !== undefined; i++) {
        const children: Rev[] = revsOf(childrenOf(reader, bitsOf([rev], reader.count)));
        if (children.length > 1) this.fail("revision in set has more than one child", of.at);
        rev = children[0];
      }
      return rev === undefined ? [] : [rev];
    });
    return ascending(found);
  }

  private call(node: Extract<RevsetNode, { kind: "call" }>): readonly Rev[] {
    const known = Object.hasOwn(REVSET_FUNCTIONS, node.name)
      ? REVSET_FUNCTIONS[node.name]
      : undefined;
    if (known === undefined)
      return this.fail(`unknown function '${node.name}'${suggestion(node.name)}`, node.at);
    const args = [...node.args];
    for (const [name, value] of node.named) {
      const place = known.named.indexOf(name);
      if (place < 0) this.fail(`${node.name}() has no argument '${name}'`, value.at);
      args[place] = value;
    }
    return this.function(node.name, args, node.at);
  }

  private function(name: string, args: readonly RevsetNode[], at: number): readonly Rev[] {
    const { least, most, run } = REVSET_FUNCTIONS[name] as (typeof REVSET_FUNCTIONS)[string];
    if (args.length < least || args.length > most) {
      const wanted = least === most ? String(least) : `${least} to ${most}`;
      this.fail(`${name}() takes ${wanted} argument${wanted === "1" ? "" : "s"}`, at);
    }
    return run(this.callOf(name, args, at));
  }

  private callOf(name: string, args: readonly RevsetNode[], at: number): RevsetCall {
    const set = (index: number) => this.evaluate(this.argument(args, index, name, at));
    return {
      reader: this.reader,
      names: this.names,
      dates: this.dates,
      count: args.length,
      set,
      setOrNull: (index) => {
        try {
          return set(index);
        } catch (error) {
          if (error instanceof ReelError && error.code === "revset.unknown") return null;
          throw error;
        }
      },
      string: (index) => this.stringOf(this.argument(args, index, name, at), name),
      integer: (index, otherwise) => {
        const node = args[index];
        if (node === undefined) return otherwise;
        const text = this.stringOf(node, name);
        return /^-?\d+$/.test(text)
          ? Number(text)
          : this.fail(`${name}() expects a number`, node.at);
      },
      fail: (what) => this.fail(what, at),
    };
  }

  private argument(
    args: readonly RevsetNode[],
    index: number,
    name: string,
    at: number,
  ): RevsetNode {
    return args[index] ?? this.fail(`${name}() needs another argument`, at);
  }

  private stringOf(node: RevsetNode, name: string): ByteString {
    if (node.kind === "symbol") return node.name;
    if (node.kind === "string") return node.text;
    return this.fail(`${name}() expects a string`, node.at);
  }

  private fail(what: string, at: number): never {
    throw new ReelError("revset.parse", { what, text: showBytes(this.text), at });
  }
}

function ascending(revs: readonly Rev[]): Rev[] {
  return [...new Set(revs)].sort((a, b) => a - b);
}

/** Functions that begin alike or differ by a letter or two. */
function suggestion(name: string): string {
  const near = Object.keys(REVSET_FUNCTIONS).filter((known) => distance(name, known) <= 2);
  return near.length === 0 ? "" : ` (did you mean ${near.join(" or ")}?)`;
}

function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
