// What a name stands for: `.`, numbers, nodeids, tags, branches and prefixes, in Mercurial's order.
import type { ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { NULL_REV, type NodeId, type Rev } from "../core/ids.ts";
import type { ChangelogReader } from "./changelog-reader.ts";

/** The named branch of catalog-wide facts; no dump is ever on it. */
const FACTS_BRANCH = "reel";
const DEFAULT_BRANCH = "default";

export interface BranchTip {
  readonly branch: ByteString;
  /** The tipmost open head, or the tipmost head if all are closed. */
  readonly rev: Rev;
  readonly closed: boolean;
  /** All heads of the branch, closed ones too, ascending. */
  readonly heads: readonly Rev[];
}

/**
 * Names of one state of a changelog. Branches are found by reading every head once, and only when a name
 * could be one.
 */
export class RevisionNames {
  private readonly reader: ChangelogReader;
  private branches: ReadonlyMap<ByteString, BranchTip> | null = null;

  constructor(reader: ChangelogReader) {
    this.reader = reader;
  }

  get tip(): Rev {
    return (this.reader.count - 1) as Rev;
  }

  /**
   * `.`: a catalog has no working directory; it is the newest open head that holds a dump rather than
   * facts, and the tip if there is none.
   */
  get current(): Rev {
    const hasChild = new Set<Rev>();
    for (let rev = this.tip; rev >= 0; rev = (rev - 1) as Rev) {
      hasChild.add(this.reader.p1(rev)).add(this.reader.p2(rev));
      if (hasChild.has(rev)) continue;
      const { extras } = this.reader.head(rev);
      if (!extras.has("close") && extras.get("branch") !== FACTS_BRANCH) return rev;
    }
    return this.tip;
  }

  branchOf(rev: Rev): ByteString {
    return this.reader.head(rev).extras.get("branch") ?? DEFAULT_BRANCH;
  }

  isClosed(rev: Rev): boolean {
    return this.reader.head(rev).extras.has("close");
  }

  /** By name, in byte order. */
  branchTips(): ReadonlyMap<ByteString, BranchTip> {
    this.branches ??= this.findBranches();
    return this.branches;
  }

  /** Throws `revset.unknown` and `revset.ambiguous`. -1 is the null revision. */
  resolve(name: ByteString): Rev {
    const rev = this.find(name);
    if (rev === "ambiguous") throw new ReelError("revset.ambiguous", { found: name });
    if (rev === "unknown") throw new ReelError("revset.unknown", { found: name });
    return rev;
  }

  find(name: ByteString): Rev | "ambiguous" | "unknown" {
    const exact = this.findExact(name);
    if (exact !== null) return exact;
    const prefix = /^x[0-9a-fA-F]+$/.test(name) ? name.slice(1) : name;
    return /^[0-9a-fA-F]{1,40}$/.test(prefix) ? this.findPrefix(prefix.toLowerCase()) : "unknown";
  }

  /** Whether a name with operators in it is meant as it stands. */
  isName(name: ByteString): boolean {
    return this.findExact(name) !== null || typeof this.find(name) === "number";
  }

  private findExact(name: ByteString): Rev | null {
    if (name === ".") return this.current;
    if (name === "tip") return this.tip;
    if (name === "null") return NULL_REV;
    if (/^(0|-?[1-9]\d{0,9})$/.test(name)) {
      const number = Number(name);
      const rev = number < 0 ? number + this.reader.count : number;
      if (rev >= 0 && rev < this.reader.count) return rev as Rev;
      // The null revision by its number.
      if (number === -1 && this.reader.count === 0) return NULL_REV;
    }
    if (/^[0-9a-f]{40}$/.test(name)) {
      if (/^0+$/.test(name)) return NULL_REV;
      const rev = this.reader.revOf(name as NodeId);
      if (rev >= 0) return rev;
    }
    return this.reader.tags().get(name) ?? this.branchTips().get(name)?.rev ?? null;
  }

  /** The null node takes part: "0000" means it where no revision begins so. */
  private findPrefix(hex: string): Rev | "ambiguous" | "unknown" {
    const found = this.reader.byPrefix(hex);
    if (!/^0+$/.test(hex)) return found;
    return found === "unknown" ? NULL_REV : "ambiguous";
  }

  private findBranches(): ReadonlyMap<ByteString, BranchTip> {
    const { reader } = this;
    const branches: ByteString[] = [];
    const heads = new Map<ByteString, Set<Rev>>();
    /** Heads so far whose children are all on other branches. */
    const left = new Set<Rev>();
    for (let rev = 0 as Rev; rev < reader.count; rev = (rev + 1) as Rev) {
      const branch = this.branchOf(rev);
      branches.push(branch);
      let own = heads.get(branch);
      if (own === undefined) heads.set(branch, (own = new Set()));
      for (const parent of [reader.p1(rev), reader.p2(rev)]) {
        if (parent < 0) continue;
        own.delete(parent);
        if (branches[parent] !== branch) left.add(parent);
      }
      own.add(rev);
    }
    for (const rev of left) {
      const own = heads.get(branches[rev] as ByteString);
      if (own?.has(rev) === true && own.size > 1 && this.comesBack(rev, branches)) own.delete(rev);
    }
    return new Map(
      [...heads]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([branch, own]) => [
          branch,
          this.branchTip(
            branch,
            [...own].sort((a, b) => a - b),
          ),
        ]),
    );
  }

  private branchTip(branch: ByteString, heads: readonly Rev[]): BranchTip {
    const open = heads.filter((rev) => !this.isClosed(rev));
    const rev = (open.at(-1) ?? heads.at(-1)) as Rev;
    return { branch, rev, closed: open.length === 0, heads };
  }

  /** Whether a later revision of the same branch descends from it, by way of other branches. */
  private comesBack(from: Rev, branches: readonly ByteString[]): boolean {
    const reached = new Uint8Array(this.reader.count);
    reached[from] = 1;
    for (let rev = (from + 1) as Rev; rev < this.reader.count; rev = (rev + 1) as Rev) {
      const p1 = this.reader.p1(rev);
      const p2 = this.reader.p2(rev);
      if (!((p1 >= 0 && reached[p1] === 1) || (p2 >= 0 && reached[p2] === 1))) continue;
      if (branches[rev] === branches[from]) return true;
      reached[rev] = 1;
    }
    return false;
  }
}
