// The public library: the jobs, their requests and reports, the seams' types, ids and errors; nothing else.
export { EXIT, ReelError } from "./core/errors.ts";
export type { ErrorCode, ErrorData } from "./core/errors.ts";
export { NULL_NODE, NULL_REV, shortNode, toNodeId, toRev } from "./core/ids.ts";
export type { HistoryId, NodeId, Rev } from "./core/ids.ts";
export type { Attribute } from "./core/attributes.ts";
export type { ByteString } from "./core/bytes.ts";
export { systemClock } from "./core/clock.ts";
export type { Clock } from "./core/clock.ts";
export { TYPE } from "./core/inode.ts";
export type { InodeType } from "./core/inode.ts";
export { newProgress } from "./core/progress.ts";
export type { Progress } from "./core/progress.ts";

export { openCatalog } from "./job/catalog-job.ts";
export { runBundle, runUnbundle } from "./job/bundle-job.ts";
export { runCat } from "./job/cat-job.ts";
export { runChain } from "./job/chain-job.ts";
export { runDebugData, runDebugIndex } from "./job/debug-job.ts";
export { runDiff } from "./job/diff-job.ts";
export { runDump } from "./job/dump-job.ts";
export { runFiles } from "./job/files-job.ts";
export { runHistory } from "./job/history-job.ts";
export { runInit } from "./job/init-job.ts";
export { runPlan } from "./job/plan-job.ts";
export { runRecover } from "./job/recover-job.ts";
export { runRestore } from "./job/restore-job.ts";
export { runTapeCat, runTapeList, runTapeShow, runTapeVerify } from "./job/tape-job.ts";
export { runVerify } from "./job/verify-job.ts";
export type * from "./job/bundle-requests.ts";
export type * from "./job/debug-requests.ts";
export type * from "./job/requests.ts";
export type * from "./job/tape-requests.ts";

export type { ChangelogReader, ChangesetHead } from "./catalog/changelog-reader.ts";
export type { ReadView, Store, WriteTx } from "./store/store.ts";
export type { Drive, ReadResult, TapePosition } from "./tape/drive.ts";
export type { ContentBatch, VolumeSource, Walk } from "./volume/source.ts";
