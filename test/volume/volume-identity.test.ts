// The mount of a volume, from lines that a kernel printed.
import { expect, test } from "vitest";
import { parseMount } from "../../src/volume/volume-identity.ts";

// proc(5), and mounts of "/tmp/a b" and of an LVM volume.
const MOUNTINFO = `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
3 35 254:1 / /srv rw,relatime shared:1 - xfs /dev/mapper/vg-srv rw,attr2
361 35 7:0 / /tmp/a\\040b rw,relatime - ext4 /tmp/a\\040image rw
362 35 0:50 / /run rw
`;

test("a mount is found by its whole number, optional fields or not", () => {
  expect(parseMount(MOUNTINFO, 36)).toEqual({ type: "ext3", source: "/dev/root" });
  expect(parseMount(MOUNTINFO, 3)).toEqual({ type: "xfs", source: "/dev/mapper/vg-srv" });
  expect(parseMount(MOUNTINFO, 361)).toEqual({ type: "ext4", source: "/tmp/a image" });
  expect(parseMount(MOUNTINFO, 362)).toBeUndefined();
  expect(parseMount(MOUNTINFO, 6)).toBeUndefined();
});
