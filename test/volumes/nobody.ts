// Runs a part of a test without root's rights: root can read everything.
import { execFileSync } from "node:child_process";

const NOBODY = 65_534;

/** Gives the path and all below it to the user that `asNobody` becomes. */
export function giveToNobody(path: string): void {
  execFileSync("chown", ["-Rh", `${NOBODY}:${NOBODY}`, path]);
}

export async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  const { geteuid, getegid, getgroups, seteuid, setegid, setgroups } = process;
  if (!geteuid || !getegid || !getgroups || !seteuid || !setegid || !setgroups)
    throw new Error("a POSIX system is needed");
  const user = geteuid();
  const group = getegid();
  const groups = getgroups();
  setgroups([]);
  setegid(NOBODY);
  seteuid(NOBODY);
  try {
    return await act();
  } finally {
    seteuid(user);
    setegid(group);
    setgroups(groups);
  }
}
