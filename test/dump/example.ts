// The tape that the documents of the formats show in hex: a labelled tape with one image of one file.
import { writeLabel } from "../../src/tape/label.ts";
import { openVirtualDrive } from "../../src/tape/virtual-drive.ts";
import { MemoryVolume } from "./memory-source.ts";
import { runDump, testLabel } from "./run-dump.ts";

export async function writeExampleTape(path: string): Promise<void> {
  const volume = new MemoryVolume();
  volume.file("a", "hello\n", { mtime: 1_700_000_000, mtimeNs: 123_456_789 });
  const words = {
    imageId: "28f1c2a0d7b94e5c6a1f0b3d9e8877665544aa01",
    baseImageId: "0".repeat(40),
    volumeUuid: "6ba7b8109dad11d180b400c04fd430c8",
    date: 1_700_000_100,
    baseDate: 0,
  };
  const label = { date: 1_700_000_100, filesystem: "/home", host: "site-a", blockingFactor: 4 };
  const drive = openVirtualDrive(path, { write: true });
  try {
    await writeLabel(drive, "REEL01", 68_719_476_736);
    await runDump(volume, await volume.plan({ ...testLabel(label), words }), drive);
  } finally {
    await drive.close();
  }
}
