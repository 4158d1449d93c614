// The power goes at every operation that the store asks of the disk, with samples of what was unsynced lost
// or torn: the store must open, hold the last acknowledged state or the one being committed, check clean,
// and take a next, different commit.
import { describe, expect, test } from "vitest";
import { createDiskStore, openDiskStore } from "../../src/store/disk-store.ts";
import type { Store } from "../../src/store/store.ts";
import {
  appendAll,
  carryOut,
  ExpectedStore,
  planCommit,
  type PlannedCommit,
} from "../store/expected-store.ts";
import { SimulatedDisk, type Survival } from "./simulated-disk.ts";
import { processes, survivals } from "./survivals.ts";

const DIRECTORY = "/catalog";

/** What a scenario has been promised, kept outside the store that may fall at any moment. */
class Witness {
  created = false;
  acknowledged = new ExpectedStore();
  /** What a commit on its way would lead to. */
  next: ExpectedStore | undefined;

  async commit(store: Store, commit: PlannedCommit): Promise<void> {
    const tx = store.begin();
    this.next = this.acknowledged.with(commit);
    await carryOut(tx, commit);
    this.acknowledged = this.next;
    this.next = undefined;
  }
}

type Scenario = (disk: SimulatedDisk, witness: Witness) => Promise<void>;

const scenarios: Record<string, Scenario> = {
  "a new store and three commits, one aborted between": async (files, witness) => {
    const store = createDiskStore(DIRECTORY, { files, processes: processes(1) });
    witness.created = true;
    await witness.commit(store, planCommit(1, 2, 3000));
    await witness.commit(store, planCommit(2, 3, 1000));
    const tx = store.begin();
    appendAll(tx, planCommit(9, 4, 300_000));
    tx.abort();
    await witness.commit(store, planCommit(3, 3, 270_000));
    store.close();
  },
  "writers one after another, over what each left": async (files, witness) => {
    createDiskStore(DIRECTORY, { files, processes: processes(1) }).close();
    witness.created = true;
    for (let pid = 2; pid < 5; pid++) {
      const store = openDiskStore(DIRECTORY, { files, processes: processes(pid) });
      // Left as by a kill: appended, written in part, lock held.
      appendAll(store.begin(), planCommit(10 + pid, 3, 280_000));
      const after = openDiskStore(DIRECTORY, { files, processes: processes(10 * pid) });
      await witness.commit(after, planCommit(pid, pid, 600));
      after.close();
    }
  },
  "a damaged superblock and a grown commits file, put right by the next writer": async (
    files,
    witness,
  ) => {
    const store = createDiskStore(DIRECTORY, { files, processes: processes(1) });
    witness.created = true;
    // A root of 15,000 bytes: the file is folded after 35 commits.
    for (let i = 0; i < 35; i++) {
      await witness.commit(store, { ...planCommit(1, 0, 0), root: Buffer.alloc(15_000, i) });
    }
    const handle = files.open(`${DIRECTORY}/superblock`);
    files.write(handle, Buffer.alloc(100), 0);
    files.syncNow(handle);
    files.close(handle);
    await witness.commit(store, planCommit(4, 1, 500));
    store.close();
  },
};

async function runUntilCut(
  scenario: Scenario,
  cutAfter: number,
  disk: SimulatedDisk = new SimulatedDisk(),
): Promise<{ disk: SimulatedDisk; witness: Witness }> {
  disk.cutAfter = cutAfter;
  const witness = new Witness();
  try {
    await scenario(disk, witness);
  } catch (error) {
    // In whatever form: a store whose disk has gone may say so, or that its lock is still there.
    if (disk.steps <= cutAfter) throw error;
  }
  return { disk, witness };
}

async function verifyAfter(disk: SimulatedDisk, witness: Witness, pid: number): Promise<void> {
  const options = { files: disk, processes: processes(pid) };
  let store: Store;
  try {
    store = openDiskStore(DIRECTORY, options);
  } catch (error) {
    if (witness.created) throw error;
    store = createDiskStore(DIRECTORY, options);
  }
  const view = store.view();
  const { acknowledged, next } = witness;
  const state = next !== undefined && view.generation === next.generation ? next : acknowledged;
  expect(state.differences(view)).toEqual([]);
  // The main superblock is the last file of a creation, and one scenario damages it: a writer restores it.
  expect(store.check().filter(({ file }) => file !== "superblock")).toEqual([]);
  const commit = planCommit(50 + (pid % 5), state.groups.length + 1, 900);
  const after = state.with(commit);
  expect(after.differences(await carryOut(store.begin(), commit))).toEqual([]);
  expect(store.check()).toEqual([]);
  store.close();
  const again = openDiskStore(DIRECTORY, options);
  expect(after.differences(again.view())).toEqual([]);
  again.close();
  expect(disk.openHandles()).toBe(0);
}

describe.each(Object.entries(scenarios))("%s", (name, scenario) => {
  test("survives a power cut at every operation", async () => {
    const { disk: whole, witness: end } = await runUntilCut(scenario, Number.POSITIVE_INFINITY);
    expect(end.next).toBeUndefined();
    expect(whole.stat(`${DIRECTORY}/commits`)?.size).toBeLessThan(1 << 20);
    const first = name.includes("grown") ? whole.steps - 60 : 0;
    let cuts = 0;
    for (let cut = first; cut <= whole.steps; cut++) {
      const { disk, witness } = await runUntilCut(scenario, cut);
      for (const [kind, survival] of survivals(cut, 5)) {
        try {
          await verifyAfter(disk.afterPowerCut(survival), witness, 100 + cut);
        } catch (error) {
          throw new Error(`cut after ${cut} operations, ${kind}`, { cause: error });
        }
        cuts++;
      }
      await verifyAfter(disk.afterKill(), witness, 100 + cut);
    }
    expect(cuts).toBeGreaterThan(500);
  });

  test("survives a full disk at every operation, and a power cut after it", async () => {
    const { disk: whole } = await runUntilCut(scenario, Number.POSITIVE_INFINITY);
    const first = name.includes("grown") ? whole.steps - 60 : 0;
    for (let step = first + 1; step <= whole.steps; step++) {
      const disk = new SimulatedDisk();
      disk.failsAt = (at) => at === step;
      const witness = new Witness();
      await scenario(disk, witness).catch((error: unknown) => {
        expect(error).toMatchObject({ message: expect.stringContaining("ENOSPC") as string });
      });
      disk.failsAt = () => false;
      await verifyAfter(disk.afterKill(), witness, 100);
      for (const [, survival] of survivals(step, 1)) {
        await verifyAfter(disk.afterPowerCut(survival), witness, 100);
      }
    }
  });
});

describe("these tests would notice a store", () => {
  class LyingDisk extends SimulatedDisk {
    override async sync(): Promise<void> {}
  }

  class ForgetfulDisk extends SimulatedDisk {
    override syncDirectory(): void {}
  }

  test.each([
    ["whose files are not synced", () => new LyingDisk()],
    ["whose names are not synced", () => new ForgetfulDisk()],
  ])("%s", async (_, make) => {
    const scenario = scenarios["a new store and three commits, one aborted between"] as Scenario;
    const { disk: whole } = await runUntilCut(scenario, Number.POSITIVE_INFINITY, make());
    let noticed = 0;
    for (let cut = 0; cut <= whole.steps; cut += 3) {
      const { disk, witness } = await runUntilCut(scenario, cut, make());
      for (const [, survival] of survivals(cut, 0)) {
        await verifyAfter(disk.afterPowerCut(survival), witness, 100).catch(() => noticed++);
      }
    }
    expect(noticed).toBeGreaterThan(0);
  });
});

test("the disk of these tests does lose and tear what was not synced", () => {
  const disk = new SimulatedDisk();
  const handle = disk.create("/a");
  disk.write(handle, Buffer.alloc(600, 1), 0);
  disk.syncNow(handle);
  disk.write(handle, Buffer.alloc(1024, 2), 512);
  const lose: Survival = { name: () => true, data: () => false, sector: () => false };
  expect(disk.afterPowerCut(lose).stat("/a")?.size).toBe(600);
  expect(disk.afterPowerCut({ ...lose, name: () => false }).stat("/a")).toBeUndefined();
  const torn = disk.afterPowerCut({
    ...lose,
    data: () => "torn",
    sector: (_, sector) => sector === 2,
  });
  const found = Buffer.alloc(2000);
  expect(torn.read(torn.open("/a"), found, 0)).toBe(1536);
  expect([...found.subarray(598, 602), ...found.subarray(1022, 1026)]).toEqual([
    1, 1, 0, 0, 0, 0, 2, 2,
  ]);
});
