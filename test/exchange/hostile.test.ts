// Changegroups that a hostile or a broken peer might send: each is refused by name, and the catalog is as it was.
import { describe, expect, test } from "vitest";
import { encodeChangeset } from "../../src/catalog/changeset-text.ts";
import { bytesOf } from "../../src/core/bytes.ts";
import { nodeOf } from "../../src/core/hash.ts";
import { type NodeId, NULL_NODE } from "../../src/core/ids.ts";
import { changegroupPart, writeBundle2 } from "../../src/exchange/bundle-file.ts";
import type { PartHeader } from "../../src/exchange/bundle2.ts";
import { ChangegroupEncoder } from "../../src/exchange/changegroup.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { receive, revisionsOf, viewOf } from "./catalogs.ts";
import { fixture, joined } from "./fixture-bundles.ts";

/** What is sent for one changeset with one file; each test changes something. */
class Sent {
  fileText = bytesOf("content\n");
  filePath = "a";
  fileParents: [NodeId, NodeId] = [NULL_NODE, NULL_NODE];
  fileNode: NodeId | null = null;
  fileLink: NodeId | null = null;
  fileDelta: Uint8Array | null = null;
  manifest: string | null = null;
  files = ["a"];
  changeset: Uint8Array | null = null;
  changesetParents: [NodeId, NodeId] = [NULL_NODE, NULL_NODE];
  trees: [path: string, text: string][] = [];
  withManifest = true;
  withFile = true;

  changegroup(): Uint8Array {
    const out = new ChangegroupEncoder("03");
    const fileNode = this.fileNode ?? nodeOf(this.fileText, ...this.fileParents);
    const manifest = bytesOf(this.manifest ?? `a\0${fileNode}\n`);
    const manifestNode = nodeOf(manifest, NULL_NODE, NULL_NODE);
    const changeset =
      this.changeset ??
      encodeChangeset(
        {
          manifest: manifestNode,
          user: "u",
          time: 0,
          zone: 0,
          extras: new Map(),
          description: "d",
        },
        this.files,
      );
    const node = nodeOf(changeset, ...this.changesetParents);
    out.fullText(node, ...this.changesetParents, node, changeset);
    out.enter("manifests");
    if (this.withManifest) out.fullText(manifestNode, NULL_NODE, NULL_NODE, node, manifest);
    for (const [path, text] of this.trees) {
      out.group("trees", path);
      out.fullText(
        nodeOf(bytesOf(text), NULL_NODE, NULL_NODE),
        NULL_NODE,
        NULL_NODE,
        node,
        bytesOf(text),
      );
    }
    if (this.withFile) {
      out.group("files", this.filePath);
      const link = this.fileLink ?? node;
      if (this.fileDelta)
        out.revision(fileNode, ...this.fileParents, NULL_NODE, link, this.fileDelta);
      else out.fullText(fileNode, ...this.fileParents, link, this.fileText);
    }
    out.finish();
    return out.take();
  }

  bundle(
    part: PartHeader = changegroupPart("03", 1, true),
    before: PartHeader[] = [],
  ): Promise<Uint8Array> {
    const parts = [
      ...before.map((header) => ({ header, payload: [] })),
      { header: part, payload: [this.changegroup()] },
    ];
    return joined(writeBundle2(parts, "GZ"));
  }
}

const ONES = "1".repeat(40) as NodeId;
const hunk = (start: number, end: number, length: number, bytes: string): Uint8Array => {
  const out = Buffer.alloc(12);
  out.writeUInt32BE(start, 0);
  out.writeUInt32BE(end, 4);
  out.writeUInt32BE(length, 8);
  return Buffer.concat([out, Buffer.from(bytes)]);
};

const CASES: readonly (readonly [string, string, (sent: Sent) => void])[] = [
  [
    "a wrong node",
    "exchange.wrong-node",
    (s) => {
      s.fileNode = ONES;
    },
  ],
  [
    "an unknown parent of a file",
    "exchange.unknown-parent",
    (s) => {
      s.fileParents = [ONES, NULL_NODE];
    },
  ],
  [
    "an unknown parent of a changeset",
    "exchange.unknown-parent",
    (s) => {
      s.changesetParents = [ONES, NULL_NODE];
    },
  ],
  [
    "an unknown link",
    "exchange.unknown-link",
    (s) => {
      s.fileLink = ONES;
    },
  ],
  [
    "the null link",
    "exchange.unknown-link",
    (s) => {
      s.fileLink = NULL_NODE;
    },
  ],
  [
    "a manifest that is not there",
    "exchange.missing-revision",
    (s) => {
      s.withManifest = false;
      s.withFile = false;
    },
  ],
  [
    "a file that is not there",
    "exchange.missing-revision",
    (s) => {
      s.withFile = false;
    },
  ],
  [
    "a directory that is not there",
    "exchange.missing-revision",
    (s) => {
      s.manifest = `a\0${nodeOf(s.fileText, NULL_NODE, NULL_NODE)}\nd\0${ONES}t\n`;
    },
  ],
  [
    "a file whose path no manifest names",
    "exchange.stray-history",
    (s) => {
      s.filePath = "b";
    },
  ],
  [
    "a path that climbs",
    "exchange.bad-name",
    (s) => {
      s.filePath = "../etc/passwd";
    },
  ],
  [
    "an absolute path",
    "exchange.bad-name",
    (s) => {
      s.filePath = "/etc/passwd";
    },
  ],
  [
    "a manifest with ..",
    "exchange.bad-name",
    (s) => {
      s.manifest = `..\0${ONES}\n`;
    },
  ],
  [
    "a manifest with an empty name",
    "exchange.damaged",
    (s) => {
      s.manifest = `\0${ONES}\n`;
    },
  ],
  [
    "a name twice",
    "exchange.damaged",
    (s) => {
      s.manifest = `a\0${ONES}\na\0${ONES}\n`;
    },
  ],
  [
    "names out of order",
    "exchange.damaged",
    (s) => {
      s.manifest = `b\0${ONES}\na\0${ONES}\n`;
    },
  ],
  [
    "a flag that is none",
    "exchange.damaged",
    (s) => {
      s.manifest = `a\0${ONES}q\n`;
    },
  ],
  [
    "a manifest without its last LF",
    "exchange.damaged",
    (s) => {
      s.manifest = `a\0${ONES}`;
    },
  ],
  [
    "a flat manifest",
    "exchange.flat-manifest",
    (s) => {
      s.manifest = `a/b\0${ONES}\n`;
    },
  ],
  [
    "a slash in a directory's manifest",
    "exchange.bad-name",
    (s) => {
      s.trees = [["d", `a/b\0${ONES}\n`]];
    },
  ],
  [
    "a directory above the root",
    "exchange.bad-name",
    (s) => {
      s.trees = [["..", `a\0${ONES}\n`]];
    },
  ],
  [
    "a changeset without lines",
    "exchange.damaged",
    (s) => {
      s.changeset = bytesOf("hello");
    },
  ],
  [
    "a changeset whose manifest is no node",
    "exchange.bad-name|exchange.damaged",
    (s) => {
      s.changeset = bytesOf("zz\nu\n0 0\n\nd");
    },
  ],
  [
    "an extra without a colon",
    "exchange.damaged",
    (s) => {
      s.changeset = bytesOf(`${NULL_NODE}\nu\n0 0 extra\n\nd`);
    },
  ],
  [
    "a list of files that climbs",
    "exchange.bad-name",
    (s) => {
      s.files = ["a", "b/../../c"];
    },
  ],
  [
    "a list with an absolute path",
    "exchange.bad-name",
    (s) => {
      s.files = ["/a"];
    },
  ],
  [
    "a metadata header without an end",
    "exchange.damaged",
    (s) => {
      s.fileText = bytesOf("\x01\ncopy: x");
    },
  ],
  [
    "a delta beyond its base",
    "exchange.damaged",
    (s) => {
      s.fileDelta = hunk(0, 9, 1, "x");
    },
  ],
  [
    "a delta cut short",
    "exchange.damaged",
    (s) => {
      s.fileDelta = hunk(0, 0, 9, "x");
    },
  ],
  [
    "a hunk of an absurd length",
    "exchange.damaged",
    (s) => {
      s.fileDelta = hunk(0, 0, 0xffff_fff0, "x");
    },
  ],
];

describe("refused, with the catalog as it was", () => {
  test.each(CASES)("%s", async (_, code, change) => {
    const store = createMemoryStore();
    await receive(store, fixture("tree/tree-none.hg"));
    const before = revisionsOf(viewOf(store));
    const sent = new Sent();
    change(sent);
    const failure = receive(store, await sent.bundle()).then(
      () => "taken",
      (error: { code: string }) => error.code,
    );
    expect(code.split("|")).toContain(await failure);
    expect(store.view().generation).toBe(1);
    expect(revisionsOf(viewOf(store))).toEqual(before);
  });

  const part = (
    type: string,
    mandatory: boolean,
    parameters: [string, string][] = [],
  ): PartHeader => ({
    type,
    mandatory,
    id: 0,
    mandatoryParameters: new Map(parameters),
    advisoryParameters: new Map(),
  });

  test("unknown parts and parameters", async () => {
    const store = createMemoryStore();
    const sent = new Sent();
    const take = (header: PartHeader | undefined, before: PartHeader[] = []): Promise<string> =>
      sent.bundle(header, before).then((bundle) =>
        receive(store, bundle).then(
          () => "taken",
          (error: Error) => error.message,
        ),
      );
    expect(await take(undefined, [part("obsmarkers", true)])).toBe(
      "the bundle requires its part 'obsmarkers', which this reel does not understand",
    );
    expect(await take(part("changegroup", true, [["version", "04"]]))).toContain("version=04");
    expect(
      await take(
        part("changegroup", true, [
          ["version", "03"],
          ["wings", "2"],
        ]),
      ),
    ).toContain("'wings'");
    expect(
      await take(part("changegroup", true, [["version", "03"]]), [
        part("error:abort", true, [["message", "no more"]]),
      ]),
    ).toContain("no more");
    expect(store.view().generation).toBe(0);
    expect(await take(undefined, [part("whatever", false)])).toBe("taken");
    expect(viewOf(store).changelog.count).toBe(1);
  });
});

test("flags are refused by name", async () => {
  const sent = new Sent();
  const changegroup = Buffer.from(sent.changegroup());
  changegroup.writeUInt16BE(0x8000, 4 + 100);
  const bundle = await joined(
    writeBundle2([{ header: changegroupPart("03", 1, true), payload: [changegroup] }], "UN"),
  );
  await expect(receive(createMemoryStore(), bundle)).rejects.toThrow(/0x8000 \(censored\)/);
});
