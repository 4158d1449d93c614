// The topics of `reel help`.
import { utf8ToByteString } from "../../core/bytes.ts";
import { STYLE_NAMES } from "./log-style.ts";
import { FILTERS } from "./template-filters.ts";
import { FUNCTIONS } from "./template-functions.ts";
import { KEYWORDS } from "./template-keywords.ts";
import { wrapText } from "./wrap.ts";

const WIDTH = 78;

function names(table: Readonly<Record<string, unknown>>): string {
  return wrapText(Object.keys(table).toSorted().join(", "), WIDTH, "  ", "  ");
}

const TEXTS: Readonly<Record<string, () => string>> = {
  revisions: () => `Revisions

One revision is named by
  a number            4; -1 is the newest, -2 the one before
  a nodeid            792ab970fc80, or any beginning that is unique; x792 forces this reading
  a tag or a branch   v1.0, /home; a branch means its newest open head. Quote a name with blanks
  tip                 the newest changeset
  .                   the newest open head that holds a dump (a catalog has no working directory)
  null                the empty one before all others

A set of revisions is a revset, as in Mercurial:
  a:b  a::b           by number; by descent (also a..b, ::b, a::)
  a^  a^2  a~3        first parent, second parent, third generation back
  not a   a and b   a or b   a - b   a + b   only(a, b)

  all() none() head() heads(x) roots(x) parents(x) p1(x) p2(x) children(x)
  ancestors(x[, depth]) descendants(x[, depth]) ancestor(x, y) only(x[, y])
  merge() branchpoint() closed() branch(name) tag([name]) rev(n) id(hex)
  user(text) desc(text) keyword(text) grep(regex) date(span) extra(key[, value])
  file(pattern)       reads every file list: slow in a large catalog
  level(n) dumps()    dumps of one level; all dumps
  first(x[, n]) last(x[, n]) limit(x, n, offset) min(x) max(x)
  sort(x, keys) reverse(x) present(x)

  reel log -r 'level(0) and branch(/home)'
  reel log -r 'last(ancestors(.), 3)'
`,
  dates: () => `Dates

  2026-11-23                      a day, from its first second to its last
  2026-11-23 10:00 +0100          also 2026-11-23T10:00:59Z, Nov 23 2026, 11/23/2026
  10:30                           today; also today, yesterday, now
  2026-11                         a month; 2026 a year
  1267430400 -3600                seconds since 1970, and seconds west of UTC

A span is a date, or
  <2026-11-23  >2026-11-23        until, or from, that day
  2026-11-01 to 2026-11-23        both days included
  -7                              the last seven days
`,
  templates: () => `Templates

-T takes a style (${STYLE_NAMES.join(", ")}) or a template: text with expressions in braces, \\n and \\t.
The language is Mercurial's.

  {rev}:{node|short} {desc|firstline}\\n
  {date|isodate} {if(level, "level {level}", "-")} {pad(branch, 20)}{user|person}\\n
  {files % "{file}\\n"}    {get(extras, "reel.image")}    {reel.image}

Keywords
${names(KEYWORDS)}

Filters
${names(FILTERS)}

Functions
${names(FUNCTIONS)}
`,
  paths: () => `Paths

Paths are those in the dump: relative to the directory that was dumped, without a leading slash. Of /home,
dumped whole, /home/ann/x is ann/x. Names may hold any bytes. Where one is printed on a line, line ends,
tabs, other control characters and backslashes are escaped as in C; files -0 prints names as they are. In
JSON, a byte that is not UTF-8 is a lone surrogate \\udc80 to \\udcff, as Python and Mercurial write it.
`,
  environment: () => `Environment

  REEL_CATALOG    the catalog, where -R is not given
  REEL_USER       who changesets are by, where -u is not given
  REEL_PAGER      the pager of long output on a terminal; else PAGER, else less -FRX; empty for none
  NO_COLOR        no colour, unless --color says otherwise
`,
};

export const TOPICS = Object.keys(TEXTS).toSorted();

/** Null where there is no such topic. */
export function topicText(topic: string): string | null {
  const text = Object.hasOwn(TEXTS, topic) ? TEXTS[topic] : undefined;
  return text === undefined ? null : utf8ToByteString(text());
}
