// Verifying a catalog: every text is rebuilt and hashed, every reference followed. Numbers cite what must
// hold (docs/format/catalog.md, section 7): 2 a text hashes to its node; 3 a manifest names revisions that
// are there; 4 a revision is linked to a changeset that is there; 5 a changeset names a root manifest that
// is there. 1 and 6 to 8 are tested wherever a catalog is read, and what was thrown is reported.
import { ReelError } from "../core/errors.ts";
import { nodeOf } from "../core/hash.ts";
import { type HistoryId, NULL_NODE, type NodeId, toHistoryId, toRev } from "../core/ids.ts";
import type { Progress } from "../core/progress.ts";
import { GROUP_SLOTS, groupOf, slotOf } from "../store/placement.ts";
import { type CatalogView, ROOT_HISTORY } from "./catalog-view.ts";
import type { GroupIndex } from "./group-index.ts";
import { HISTORY } from "./group-index.ts";
import { decodeManifest } from "./manifest-text.ts";

export interface CatalogProblem {
  readonly code: string;
  readonly where: string;
  readonly what: string;
}

export interface CatalogCheck {
  readonly changesets: number;
  /** Revisions of directories' manifests. */
  readonly manifests: number;
  readonly histories: number;
  readonly revisions: number;
  readonly problems: CatalogProblem[];
}

/** Reports at most so many problems: a lost segment makes one for each text in it. */
const PROBLEMS_MAX = 1000;

/** Never throws for damage. With `texts` false only the indices are walked. */
export function verifyCatalog(view: CatalogView, texts: boolean, progress: Progress): CatalogCheck {
  const steps = verifySteps(view, texts, progress);
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

/** The same, a history or a changeset a step, for a caller that lets signals in between. */
export function verifySteps(
  view: CatalogView,
  texts: boolean,
  progress: Progress,
): Generator<void, CatalogCheck> {
  return new Verifier(view, texts, progress).run();
}

class Verifier {
  private readonly view: CatalogView;
  private readonly texts: boolean;
  private readonly progress: Progress;
  private readonly problems: CatalogProblem[] = [];
  private manifests = 0;
  private histories = 0;
  private revisions = 0;
  private paths: Map<HistoryId, string> | null = null;

  constructor(view: CatalogView, texts: boolean, progress: Progress) {
    this.view = view;
    this.texts = texts;
    this.progress = progress;
  }

  *run(): Generator<void, CatalogCheck> {
    const { view, progress } = this;
    progress.phase = "verifying";
    progress.unit = "revisions";
    for (let group = 0; group < view.groupCount; group++) {
      let index: GroupIndex | null = null;
      this.attempt(`group ${group}`, () => {
        index = view.group(group);
      });
      if (index !== null) yield* this.group(index);
    }
    for (let rev = 0; rev < view.changelog.count; rev++) {
      this.attempt(`changeset ${rev}`, () => this.changeset(rev));
      yield;
    }
    const { manifests, histories, revisions, problems } = this;
    return { changesets: view.changelog.count, manifests, histories, revisions, problems };
  }

  private attempt(where: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      const code = error instanceof ReelError ? error.code : "internal";
      this.report(code, where, error instanceof Error ? error.message : String(error));
    }
  }

  private report(code: string, where: string, what: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push({ code, where, what });
  }

  private *group(index: GroupIndex): Generator<void, void> {
    this.histories += index.histories;
    for (let slot = 0; slot < index.histories; slot++) {
      const history = toHistoryId(index.group * GROUP_SLOTS + slot);
      for (const entry of index.entriesOf(slot)) {
        this.progress.done++;
        this.revisions++;
        if (index.kind.at(slot) === HISTORY.directory) this.manifests++;
        this.attemptEntry(index, history, entry);
      }
      yield;
    }
  }

  private attemptEntry(index: GroupIndex, history: HistoryId, entry: number): void {
    try {
      this.entry(index, history, entry);
    } catch (error) {
      const code = error instanceof ReelError ? error.code : "internal";
      this.report(
        code,
        this.nameOf(history, entry),
        error instanceof Error ? error.message : String(error),
      );
    }
  }

  private entry(index: GroupIndex, history: HistoryId, entry: number): void {
    if (index.link.at(entry) >= this.view.changelog.count) {
      this.report(
        "verify.4",
        this.nameOf(history, entry),
        `linked to changeset ${index.link.at(entry)} of ${this.view.changelog.count}`,
      );
    }
    if (!this.texts) return;
    const text = this.view.entryText(index, entry);
    const parent = (of: number): NodeId => (of < 0 ? NULL_NODE : index.node(of));
    const node = nodeOf(text, parent(index.p1.at(entry)), parent(index.p2.at(entry)));
    if (node !== index.node(entry))
      this.report(
        "verify.2",
        this.nameOf(history, entry),
        `hashes to ${node}, stored as ${index.node(entry)}`,
      );
    if (index.kind.at(slotOf(history)) === HISTORY.directory) this.manifest(history, entry, text);
  }

  private manifest(history: HistoryId, entry: number, text: Uint8Array): void {
    for (const { name, node, flag } of decodeManifest(text)) {
      const child = this.view.child(history, name, flag === "t" ? HISTORY.directory : HISTORY.file);
      const found =
        child !== null && this.view.group(groupOf(child)).find(slotOf(child), node) >= 0;
      if (!found)
        this.report(
          "verify.3",
          this.nameOf(history, entry),
          `names ${JSON.stringify(name)} at ${node}, which is not there`,
        );
    }
  }

  private changeset(rev: number): void {
    const { changelog } = this.view;
    const at = toRev(rev);
    const where = `changeset ${rev}:${changelog.node(at).slice(0, 12)}`;
    this.attempt(where, () => {
      const { manifest } = changelog.head(at);
      const root =
        manifest === NULL_NODE
          ? 0
          : this.view.group(groupOf(ROOT_HISTORY)).find(slotOf(ROOT_HISTORY), manifest);
      if (root < 0)
        this.report("verify.5", where, `names the manifest ${manifest}, which is not there`);
      if (!this.texts) return;
      const parent = (of: number): NodeId => (of < 0 ? NULL_NODE : changelog.node(toRev(of)));
      const node = nodeOf(changelog.text(at), parent(changelog.p1(at)), parent(changelog.p2(at)));
      if (node !== changelog.node(at)) this.report("verify.2", where, `hashes to ${node}`);
    });
  }

  /** A history's path, found by walking all names: only when there is something to report. */
  private nameOf(history: HistoryId, entry: number): string {
    this.paths ??= this.allPaths();
    const rev = this.view.revOf(this.view.group(groupOf(history)), entry);
    return `${this.paths.get(history) ?? `history ${history}`} rev ${rev}`;
  }

  private allPaths(): Map<HistoryId, string> {
    const paths = new Map<HistoryId, string>([[ROOT_HISTORY, "the root manifest"]]);
    const stack: [HistoryId, string][] = [[ROOT_HISTORY, ""]];
    for (let at = stack.pop(); at; at = stack.pop()) {
      const [directory, prefix] = at;
      try {
        const { names, ids } = this.view.children(directory);
        names.forEach((name, i) => {
          const id = ids[i] as HistoryId;
          const isDirectory = this.view.kindOf(id) === HISTORY.directory;
          paths.set(id, isDirectory ? `manifest ${prefix}${name}/` : prefix + name);
          if (isDirectory) stack.push([id, `${prefix}${name}/`]);
        });
      } catch {
        paths.set(directory, `manifest ${prefix} (its names are damaged)`);
      }
    }
    return paths;
  }
}
