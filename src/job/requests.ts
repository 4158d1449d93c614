// What a user asks of Reel and what comes back: plain values, types only. The command line, the web and
// the library build requests and draw reports; a job turns one into the other. Every job is one function
// in a file of its own, loaded when it is needed:
//
//   init-job.ts       runInit(InitRequest, JobContext): Promise<InitReport>
//   dump-job.ts       runDump(DumpRequest, JobContext): Promise<DumpReport>
//   catalog-job.ts    openCatalog(JobContext): Promise<Catalog>
//   files-job.ts      runFiles(FilesRequest, JobContext): AsyncGenerator<FileEntryView>
//   cat-job.ts        runCat(CatRequest, JobContext): Promise<CatReport>
//   diff-job.ts       runDiff(DiffRequest, JobContext): AsyncGenerator<DiffEntryView>
//   history-job.ts    runHistory(HistoryRequest, JobContext): Promise<HistoryReport>
//   chain-job.ts      runChain(ChainRequest, JobContext): Promise<ChainReport>
//   plan-job.ts       runPlan(PlanRequest, JobContext): Promise<RestorePlanView>
//   restore-job.ts    runRestore(RestoreRequest, JobContext): Promise<RestoreReport>
//   verify-job.ts     runVerify(VerifyRequest, JobContext): Promise<VerifyReport>
//   recover-job.ts    runRecover(RecoverRequest, JobContext): Promise<RecoverReport>
//   tape-job.ts       (tape-requests.ts) runTapeList, runTapeShow, runTapeCat, runTapeVerify
//   bundle-job.ts     (bundle-requests.ts) runBundle, runUnbundle
//   debug-job.ts      (debug-requests.ts) runDebugIndex, runDebugData
//   simulate-job.ts   runSimulate(SimulateRequest): SimulateReport
//   demo-job.ts       runDemo(DemoRequest, JobContext): AsyncGenerator<DemoStep>
//
// Units: sizes in bytes, tape blocks of 1024 bytes, times in seconds since 1970 with nanoseconds apart,
// zones in seconds west of UTC. Paths are bytes (ByteString), relative to the dump path, without a leading
// slash; "" is its root. They are the user's names, not the escaped ones of the manifest.
import type { ChangelogReader } from "../catalog/changelog-reader.ts";
import type { Attribute } from "../core/attributes.ts";
import type { ByteString } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import type { InodeType } from "../core/inode.ts";
import type { NodeId, Rev } from "../core/ids.ts";
import type { Progress } from "../core/progress.ts";

/** What surrounds a job; made once for each command. */
export interface JobContext {
  /** The catalog's directory (-R); null looks for one in `cwd` and above it. */
  readonly directory: string | null;
  readonly cwd: string;
  readonly clock: Clock;
  readonly host: string;
  /** Who a changeset is by: -u, REEL_USER, else login@host. */
  readonly user: string;
  /** Bumped by the job, sampled by the reporter. */
  readonly progress: Progress;
  /** Looked at per batch; the job stops at a record boundary and throws `interrupted`. */
  readonly signal: AbortSignal;
  /** A line for the person at the terminal: a dead owner's lock was broken, a default library was made. */
  readonly notice: (line: string) => void;
  /** File descriptors that "-" stands for. */
  readonly input: number;
  readonly output: number;
}

/** A changeset named in a report. */
export interface ChangesetName {
  readonly rev: Rev;
  readonly node: NodeId;
  /** Named branch: the dump path's name. */
  readonly branch: ByteString;
  readonly time: number;
  readonly zone: number;
}

/** The image that a dump's changeset records; null in reports stands for a changeset that is no dump. */
export interface ImageName extends ChangesetName {
  readonly imageId: string;
  readonly level: number;
}

/** An open catalog for the verbs that walk history; revsets, names and templates need no more. */
export interface Catalog {
  readonly directory: string;
  readonly changelog: ChangelogReader;
  /** The changed paths of a revision, as they stand in the manifest, by what became of them. Reads manifests. */
  changes(rev: Rev): PathChanges;
  close(): void;
}

export interface PathChanges {
  readonly added: readonly ByteString[];
  readonly modified: readonly ByteString[];
  readonly removed: readonly ByteString[];
}

// ---- init ----

export interface InitRequest {
  readonly directory: string;
}

export interface InitReport {
  readonly directory: string;
  readonly catalogId: string;
}

// ---- dump ----

export interface DumpRequest {
  readonly source: string;
  /** 0 to 31. */
  readonly level: number;
  /** Path of a tape file, "-", or a label; null takes the default library. */
  readonly tape: string | null;
  /** 4 to 256; null takes the default. */
  readonly blockingFactor: number | null;
  readonly message: string | null;
  /** The c_date to put on the label; null takes the clock. */
  readonly date: { readonly time: number; readonly zone: number } | null;
  readonly exclude: readonly string[];
  /** --as: the dump path's name when the default one belongs to another volume. */
  readonly name: string | null;
  /** Go on though the root is not the base's root. */
  readonly force: boolean;
  readonly crossMounts: boolean;
}

export interface DumpReport {
  readonly image: ImageName;
  /** Null for a level 0. */
  readonly base: ImageName | null;
  readonly directories: number;
  readonly files: number;
  /** Bytes of file content read. */
  readonly contentBytes: number;
  /** Tape blocks of the image. */
  readonly blocks: number;
  /** In the order they were written. */
  readonly tapes: readonly TapeExtentView[];
  /** Not on tape, or not as the walk saw it; the exit code is 3 if there is any but "changed". */
  readonly skipped: readonly SkippedView[];
  /** Entries left out by pattern. */
  readonly excluded: number;
  /** What the dump read from: "live directory", or the snapshot's name. */
  readonly snapshot: string;
  readonly seconds: number;
  /** What the seconds went into, in order: "prepare", "walk", "select", "image", "sync" (of the tape), "catalog", "commit", "cache". */
  readonly phases: readonly PhaseTime[];
}

export interface PhaseTime {
  readonly name: string;
  readonly seconds: number;
}

export interface SkippedView {
  readonly path: ByteString;
  readonly why:
    | "changed"
    | "shrunk"
    | "vanished"
    | "unreadable"
    | "failed"
    | "unreadable-directory"
    | "mount";
  /** errno name where there is one, else "". */
  readonly errno: string;
  /** The catalog keeps the base's record for it. */
  readonly stale: boolean;
}

/** A piece of an image on one tape. */
export interface TapeExtentView {
  readonly label: string;
  /** Filemarks before it. */
  readonly file: number;
  readonly firstBlock: number;
  readonly blocks: number;
}

// ---- files, cat, diff, history ----

/** What the catalog knows of one path in one changeset. */
export interface FileEntryView {
  readonly path: ByteString;
  readonly type: InodeType;
  /** Permission bits, 12. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly mtimeNs: number;
  readonly ctime: number;
  readonly ctimeNs: number;
  /** Birth time in seconds, or the generation with birthNs 0; both 0 if unknown. */
  readonly birth: number;
  readonly birthNs: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly target: ByteString | null;
  /** SHA-256 of the content, 64 hex digits; null for what is not a file. */
  readonly digest: string | null;
  readonly dumpInode: number;
  /** 64 bits. */
  readonly sourceInode: bigint;
  readonly attributes: readonly Attribute[];
  /** The file revision. */
  readonly node: NodeId;
  /** The dump could not read it: this is the base's record. */
  readonly stale: boolean;
}

export interface FilesRequest {
  /** A revision or a revset of one. */
  readonly rev: string;
  /** Only this path and what is below it; null for the whole dump path. */
  readonly path: ByteString | null;
}

export interface CatRequest {
  readonly rev: string;
  readonly path: ByteString;
}

export interface CatReport {
  readonly changeset: ChangesetName;
  readonly entry: FileEntryView;
  /** The changeset whose dump recorded this state first. */
  readonly since: ChangesetName;
  /** The old path, where a rename or a link was recorded. */
  readonly copiedFrom: ByteString | null;
  /** Paths of the same inode in this changeset, this one included, in byte order. */
  readonly links: readonly ByteString[];
  /** Where a copy lies, best first: the place a restore would take, then the others. Empty if none is needed or known. */
  readonly places: readonly PlaceView[];
}

export interface PlaceView {
  readonly image: ImageName;
  /** Tape block of the TS_INODE header within the image, and the tape it falls on. */
  readonly block: number;
  readonly tape: TapeExtentView;
  readonly available: boolean;
}

export interface DiffRequest {
  readonly from: string;
  readonly to: string;
  readonly path: ByteString | null;
}

/**
 * In byte order of `path`. "A" has no before, "R" no after; "M" has both; "V" is a rename: `before.path`
 * is the old name, and its removal is not listed again. The renderer works out which attributes differ.
 */
export interface DiffEntryView {
  readonly status: "A" | "M" | "R" | "V";
  readonly path: ByteString;
  readonly before: FileEntryView | null;
  readonly after: FileEntryView | null;
}

/** The changesets in which a path changed, across renames and across full dumps. */
export interface HistoryRequest {
  readonly path: ByteString;
  /** Where to begin; null: every head of every dump path that has it. */
  readonly rev: string | null;
}

export interface HistoryReport {
  /** Ascending by rev. */
  readonly steps: readonly HistoryStep[];
}

export interface HistoryStep {
  readonly rev: Rev;
  /** The name it had there. */
  readonly path: ByteString;
  readonly status: "A" | "M" | "R" | "V";
  /** The old name, for "V". */
  readonly from: ByteString | null;
}

// ---- chain, plan, restore ----

export interface ChainRequest {
  readonly rev: string;
}

/** From the level 0 to the revision asked for: what `restore -r` would read, in this order. */
export interface ChainReport {
  readonly steps: readonly ChainStep[];
}

export interface ChainStep {
  readonly image: ImageName;
  readonly host: string;
  readonly files: number;
  readonly blocks: number;
  readonly tapes: readonly (TapeExtentView & { readonly standing: TapeStanding })[];
}

/** Where a tape is, as far as the catalog and the library know. */
export interface TapeStanding {
  readonly available: boolean;
  /** "in the library", "at site B", "lost 2026-03-01", "not in the library"; and the path if available. */
  readonly where: string;
  /** Labels of copies of it that are available. */
  readonly copies: readonly string[];
}

export interface PlanRequest {
  readonly rev: string;
  /** What to bring back; none is the whole dump path. */
  readonly paths: readonly ByteString[];
}

export interface RestorePlanView {
  readonly changeset: ChangesetName;
  readonly paths: readonly ByteString[];
  readonly files: number;
  readonly directories: number;
  readonly others: number;
  readonly contentBytes: number;
  /** In mount order. */
  readonly tapes: readonly PlanTapeView[];
  /** Wanted, but no image that holds them is known. */
  readonly missing: readonly ByteString[];
}

export interface PlanTapeView {
  readonly label: string;
  readonly standing: TapeStanding;
  /** In tape order. */
  readonly images: readonly PlanImageView[];
}

export interface PlanImageView {
  readonly image: ImageName;
  /** Filemarks before it on this tape. */
  readonly file: number;
  readonly blocks: number;
  /** Inodes to read from it, in how many runs without a seek between. */
  readonly inodes: number;
  readonly reads: number;
  readonly contentBytes: number;
  /** First and last tape block of the image that is touched. */
  readonly firstBlock: number;
  readonly lastBlock: number;
}

export interface RestoreRequest extends PlanRequest {
  readonly to: string;
  /** Only make the plan. */
  readonly dryRun: boolean;
  /** Tapes to read from instead of the library's, by path. */
  readonly tapes: readonly string[];
  /** Go on though the target is not empty; what is in the way is replaced. */
  readonly force: boolean;
}

export interface RestoreReport {
  readonly changeset: ChangesetName;
  readonly target: string;
  readonly files: number;
  readonly directories: number;
  readonly others: number;
  readonly contentBytes: number;
  readonly tapesRead: readonly string[];
  /** What could not be brought back or not wholly; the exit code is 3 if there is any. */
  readonly problems: readonly { readonly path: ByteString; readonly what: string }[];
  readonly seconds: number;
}

// ---- verify, recover ----

export interface VerifyRequest {
  /** Also read every text and hash it (the default); false only walks the index. */
  readonly texts: boolean;
}

export interface VerifyReport {
  readonly changesets: number;
  readonly manifests: number;
  readonly histories: number;
  readonly revisions: number;
  readonly images: number;
  readonly storeBytes: number;
  readonly problems: readonly VerifyProblem[];
}

export interface VerifyProblem {
  /** The invariant or the error code that it breaks. */
  readonly code: string;
  /** "changeset 3:a065eb26e6b9", "etc/passwd rev 2", "store file g0.data at 4711". */
  readonly where: string;
  readonly what: string;
}

export type RecoverRequest = Record<string, never>;

export interface RecoverReport {
  /** What was done, a line each; empty if there was nothing to do. */
  readonly done: readonly string[];
  readonly changesets: number;
}

// ---- demo ----

export interface DemoRequest {
  /** Null makes a new directory under the system's temporary one and says where. */
  readonly directory: string | null;
}

/** A command shown as a user would type it, and what it printed; "note" is a line of text between them. */
export type DemoStep =
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "command"; readonly argv: readonly string[] };
