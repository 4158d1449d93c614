// A plain value is no id: only src/core/ids.ts makes them.
import { expectTypeOf, test } from "vitest";
import type { HistoryId, NodeId, Rev } from "../../src/core/ids.ts";

test("ids are made in one place and never confused", () => {
  expectTypeOf<number>().not.toExtend<Rev>();
  expectTypeOf<string>().not.toExtend<NodeId>();
  expectTypeOf<Rev>().toExtend<number>();
  expectTypeOf<Rev>().not.toExtend<HistoryId>();
});
