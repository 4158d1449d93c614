// The keywords of the template language for a changeset.
import type { ByteString } from "../../core/bytes.ts";
import type { PathChanges } from "../../job/requests.ts";
import { type ChangesetView, graphSymbol, parentsShown } from "./changeset-view.ts";
import { stripBlanks } from "./log.ts";
import { changesetOf, dictOf, listOf, type TemplateValue } from "./template-value.ts";

const REEL_PREFIX = "reel.";

/** What a keyword may look at besides its changeset. */
export interface KeywordContext {
  readonly view: ChangesetView;
  readonly debug: boolean;
  readonly verbosity: string;
  readonly graphWidth: number;
  readonly terminalWidth: number;
  /** Position in the listing, from 0. */
  readonly index: number;
}

type Keyword = (context: KeywordContext) => TemplateValue;

function changed(side: keyof PathChanges): Keyword {
  return ({ view }) => listOf(view.changes()?.[side] ?? [], "file", "path");
}

function reelExtras(view: ChangesetView): [ByteString, ByteString][] {
  return [...view.extras].flatMap(([key, value]) =>
    key.startsWith(REEL_PREFIX) ? [[key.slice(REEL_PREFIX.length), value]] : [],
  );
}

export const KEYWORDS: Readonly<Record<string, Keyword>> = {
  author: ({ view }) => view.user,
  bookmarks: () => listOf([], "bookmark"),
  branch: ({ view }) => view.branch,
  branches: ({ view }) => listOf(view.branch === "default" ? [] : [view.branch], "branch"),
  date: ({ view }) => ({ kind: "date", time: view.time, zone: view.zone }),
  desc: ({ view }) => stripBlanks(view.description),
  extras: ({ view }) => dictOf(view.extras, null, ""),
  file_adds: changed("added"),
  file_dels: changed("removed"),
  file_mods: changed("modified"),
  files: ({ view }) => listOf(view.files(), "file", "path"),
  graphnode: ({ view }) => graphSymbol(view),
  graphwidth: ({ graphWidth }) => graphWidth,
  index: ({ index }) => index,
  level: ({ view }) => view.extras.get(`${REEL_PREFIX}level`) ?? "",
  manifest: ({ view }) => {
    const number = view.manifestRev();
    const rev: TemplateValue = number ?? "";
    const shown =
      number === null ? view.manifest.slice(0, 12) : `${number}:${view.manifest.slice(0, 12)}`;
    return dictOf(
      [
        ["rev", rev],
        ["node", view.manifest],
      ],
      shown,
    );
  },
  node: ({ view }) => view.node,
  p1: ({ view, debug }) => changesetOf(view.p1, debug),
  p1node: ({ view }) => view.p1.node,
  p1rev: ({ view }) => view.p1.rev,
  p2: ({ view, debug }) => changesetOf(view.p2, debug),
  p2node: ({ view }) => view.p2.node,
  p2rev: ({ view }) => view.p2.rev,
  parents: ({ view, debug }) => ({
    ...listOf(parentsShown(view, debug).map((parent) => changesetOf(parent, debug))),
    separator: "",
    terminator: " ",
  }),
  path: ({ view }) => view.step?.path ?? "",
  path_from: ({ view }) => view.step?.from ?? "",
  path_status: ({ view }) => view.step?.status ?? "",
  /** Every changeset of a catalog is public: what is committed never changes. */
  phase: () => "public",
  reel: ({ view }) => dictOf(reelExtras(view)),
  rev: ({ view }) => view.rev,
  tags: ({ view }) => listOf(view.tags, "tag"),
  termwidth: ({ terminalWidth }) => terminalWidth,
  user: ({ view }) => view.user,
  verbosity: ({ verbosity }) => (verbosity === "normal" ? "" : verbosity),
};
