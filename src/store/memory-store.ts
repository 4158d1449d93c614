// A store in memory, for tests and for joins that never reach a disk: the same seam, the same order of
// events, nothing durable.
import { hostname } from "node:os";
import { ByteWriter, EMPTY } from "../core/bytes.ts";
import { assert, ReelError } from "../core/errors.ts";
import { storeFileName } from "./layout.ts";
import {
  FIRST_GROUP_FILE,
  GROUP_FILES,
  type GroupState,
  type ReadView,
  type Store,
  type StoreFile,
  type StoreProblem,
  type WriteTx,
} from "./store.ts";
import { GROUPS_REQUIREMENT } from "./superblock.ts";

export interface MemoryStoreOptions {
  readonly catalogId?: string;
  readonly requirements?: readonly string[];
}

class MemoryView implements ReadView {
  readonly generation: number;
  readonly groups: readonly GroupState[];
  readonly root: Uint8Array;
  private readonly sizes: ReadonlyMap<StoreFile, number>;
  private readonly contents: ReadonlyMap<StoreFile, ByteWriter>;

  constructor(
    generation: number,
    groups: readonly GroupState[],
    root: Uint8Array,
    sizes: ReadonlyMap<StoreFile, number>,
    contents: ReadonlyMap<StoreFile, ByteWriter>,
  ) {
    this.generation = generation;
    this.groups = groups;
    this.root = root;
    this.sizes = sizes;
    this.contents = contents;
  }

  size(file: StoreFile): number {
    return this.sizes.get(file) ?? 0;
  }

  read(file: StoreFile, offset: number, length: number): Uint8Array {
    const size = this.size(file);
    if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
      throw new ReelError("store.out-of-bounds", {
        file: storeFileName(file),
        offset,
        end: offset + length,
        found: size,
      });
    }
    const content = this.contents.get(file)?.finish() ?? EMPTY;
    return Uint8Array.from(content.subarray(offset, offset + length));
  }
}

class MemoryStore implements Store {
  readonly catalogId: string;
  readonly requirements: readonly string[];
  /** Committed bytes and, while a transaction is open, what it has appended behind them. */
  private readonly contents = new Map<StoreFile, ByteWriter>();
  private current: ReadView = new MemoryView(0, [], EMPTY, new Map(), this.contents);
  private writing = false;

  constructor(options: MemoryStoreOptions) {
    this.catalogId = options.catalogId ?? "0".repeat(40);
    this.requirements = [GROUPS_REQUIREMENT, ...(options.requirements ?? [])];
  }

  view(): ReadView {
    return this.current;
  }

  begin(): WriteTx {
    if (this.writing)
      throw new ReelError("store.locked", { pid: process.pid, host: hostname(), path: "memory" });
    this.writing = true;
    const { contents, current: base } = this;
    for (const [file, content] of contents) content.length = base.size(file);
    let open = true;
    const end = () => {
      open = false;
      this.writing = false;
    };
    return {
      base,
      size: (file) => (open ? (contents.get(file)?.length ?? 0) : base.size(file)),
      append(file, bytes) {
        assert(open, "append to an open transaction");
        const content = contents.get(file) ?? new ByteWriter();
        contents.set(file, content);
        const offset = content.length;
        content.put(bytes);
        return offset;
      },
      read(file, offset, length) {
        assert(open, "read from an open transaction");
        return new MemoryView(0, [], EMPTY, sizesOf(contents), contents).read(file, offset, length);
      },
      commit: async (groups, root) => {
        assert(open, "commit of an open transaction");
        end();
        assert(groups.length >= base.groups.length, "groups are never taken away");
        const sizes = sizesOf(contents);
        const count = FIRST_GROUP_FILE + groups.length * GROUP_FILES;
        for (const file of sizes.keys())
          assert(file < count, `file ${file} belongs to one of ${groups.length} groups`);
        const copies = groups.map((group) => ({ ...group }));
        this.current = new MemoryView(
          base.generation + 1,
          copies,
          Uint8Array.from(root),
          sizes,
          contents,
        );
        return this.current;
      },
      abort() {
        if (open) end();
      },
    };
  }

  check(): StoreProblem[] {
    return [];
  }

  close(): void {
    this.writing = false;
  }
}

function sizesOf(contents: ReadonlyMap<StoreFile, ByteWriter>): Map<StoreFile, number> {
  return new Map(
    [...contents].flatMap(([file, { length }]) => (length > 0 ? [[file, length] as const] : [])),
  );
}

export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}
