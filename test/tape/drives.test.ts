import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { MemoryDrive } from "../../src/tape/memory-drive.ts";
import { openVirtualDrive } from "../../src/tape/virtual-drive.ts";
import { driveSuite } from "../conformance/drive.ts";

const folder = mkdtempSync(join(tmpdir(), "reel-drive-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let tapes = 0;

driveSuite({
  name: "memory",
  open: async (capacityBytes) =>
    new MemoryDrive(capacityBytes === undefined ? {} : { capacityBytes }),
});
driveSuite({
  name: "virtual tape",
  open: async (capacityBytes) =>
    openVirtualDrive(join(folder, `${tapes++}.tap`), {
      write: true,
      ...(capacityBytes === undefined ? {} : { capacityBytes }),
    }),
});
