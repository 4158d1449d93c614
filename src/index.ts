// The public library: the jobs, the types of the seams, ids and errors; nothing else.
export { ERRORS, EXIT, ReelError, type ErrorCode, type ErrorData } from "./core/errors.ts";
export type { HistoryId, NodeId, Rev } from "./core/ids.ts";
