// The functions of the template language. Arguments come as nodes, so that `if` evaluates one branch only.
import { type ByteString, bytesOf } from "../../core/bytes.ts";
import { DATE_FORMAT, formatDate } from "./dates.ts";
import { asDate } from "./template-filters.ts";
import type { NamedArguments, TemplateNode } from "./template-parse.ts";
import {
  dictOf,
  isTrue,
  itemsOf,
  listOf,
  showValue,
  type TemplateValue,
} from "./template-value.ts";
import { columnsOf, cutToColumns } from "./text.ts";
import { wrapText } from "./wrap.ts";

/** What a call may do with its arguments. */
export interface Call {
  readonly name: string;
  readonly args: readonly TemplateNode[];
  readonly named: NamedArguments;
  value(node: TemplateNode): TemplateValue;
  truth(node: TemplateNode): boolean;
  paint(labels: ByteString, text: ByteString): ByteString;
  /** The changesets of a revset, as their revision numbers; null if the caller has no catalog. */
  revset(query: ByteString): readonly number[] | null;
  /** The shortest prefix of a node of at least so many digits that names it alone. */
  shortest(node: ByteString, digits: number): ByteString;
  zoneOf(time: number): number;
  fail(what: string): never;
}

export interface TemplateFunction {
  readonly least: number;
  readonly most: number;
  readonly run: (call: Call) => TemplateValue;
}

function fn(least: number, most: number, run: (call: Call) => TemplateValue): TemplateFunction {
  return { least, most, run };
}

function text(call: Call, index: number): ByteString {
  const node = call.args[index];
  return node === undefined ? "" : showValue(call.value(node));
}

function optional(call: Call, index: number, name: string): TemplateValue | undefined {
  const node = call.args[index] ?? call.named.get(name);
  return node === undefined ? undefined : call.value(node);
}

function integer(call: Call, value: TemplateValue | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const number = Number(showValue(value));
  if (!Number.isInteger(number))
    call.fail(`${call.name}() expects an integer, not '${showValue(value)}'`);
  return number;
}

/** The argument at `index`, or nothing where it is left out. */
function branch(call: Call, index: number): TemplateValue {
  const node = call.args[index];
  return node === undefined ? "" : call.value(node);
}

function items(call: Call, index: number): readonly TemplateValue[] {
  const value = branch(call, index);
  return itemsOf(value) ?? [value];
}

function pad(call: Call): TemplateValue {
  const content = text(call, 0);
  const width = integer(call, optional(call, 1, "width"), 0);
  const fill = showValue(optional(call, 2, "fillchar") ?? " ");
  if (columnsOf(fill) !== 1) call.fail("pad() expects a single fill character");
  const left = flag(call, 3, "left");
  const shown = content.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const missing = width - columnsOf(shown);
  if (missing < 0 && flag(call, 4, "truncate")) {
    return left ? rightColumns(shown, width) : cutToColumns(shown, width);
  }
  if (missing <= 0) return content;
  return left ? fill.repeat(missing) + content : content + fill.repeat(missing);
}

function flag(call: Call, index: number, name: string): boolean {
  const node = call.args[index] ?? call.named.get(name);
  return node !== undefined && call.truth(node);
}

function rightColumns(shown: ByteString, width: number): ByteString {
  let cut = shown;
  while (columnsOf(cut) > width) cut = cut.slice(1);
  return cut;
}

function extreme(
  call: Call,
  better: (a: TemplateValue, b: TemplateValue) => boolean,
): TemplateValue {
  const [first, ...rest] = items(call, 0);
  if (first === undefined) call.fail(`${call.name}() of an empty list`);
  return rest.reduce<TemplateValue>((best, item) => (better(item, best) ? item : best), first);
}

function less(a: TemplateValue, b: TemplateValue): boolean {
  return typeof a === "number" && typeof b === "number" ? a < b : showValue(a) < showValue(b);
}

function regex(call: Call, pattern: ByteString, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags);
  } catch {
    return call.fail(`${call.name}() got a bad pattern '${pattern}'`);
  }
}

export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  date: fn(1, 2, (call) => {
    const date = asDate(branch(call, 0));
    if (date === null) return call.fail("date() expects a date");
    return formatDate(
      date.time,
      date.zone,
      call.args.length > 1 ? text(call, 1) : DATE_FORMAT.date,
    );
  }),
  dict: fn(0, 100, (call) =>
    dictOf([...call.named].map(([key, node]) => [key, call.value(node)] as const)),
  ),
  fill: fn(1, 4, (call) =>
    wrapText(
      text(call, 0),
      integer(call, optional(call, 1, "width"), 76),
      text(call, 2),
      text(call, 3),
    ),
  ),
  filter: fn(1, 1, (call) => listOf(items(call, 0).filter(isTrue))),
  get: fn(2, 2, (call) => {
    const dict = branch(call, 0);
    if (dict === null || typeof dict !== "object" || dict.kind !== "dict")
      return call.fail("get() expects a dict");
    return dict.entries.get(text(call, 1)) ?? "";
  }),
  if: fn(2, 3, (call) => branch(call, flag(call, 0, "expr") ? 1 : 2)),
  ifcontains: fn(3, 4, (call) => {
    const needle = text(call, 0);
    const hay = branch(call, 1);
    const list = itemsOf(hay);
    const found =
      list === null ? showValue(hay).includes(needle) : list.some((item) => matches(item, needle));
    return branch(call, found ? 2 : 3);
  }),
  ifeq: fn(3, 4, (call) => branch(call, text(call, 0) === text(call, 1) ? 2 : 3)),
  indent: fn(2, 3, (call) => {
    const by = text(call, 1);
    const first = call.args.length > 2 ? text(call, 2) : by;
    return text(call, 0)
      .split("\n")
      .map((line, i) => (line === "" ? "" : (i === 0 ? first : by) + line))
      .join("\n");
  }),
  join: fn(1, 2, (call) => {
    return items(call, 0)
      .map(showValue)
      .join(call.args.length > 1 ? text(call, 1) : " ");
  }),
  label: fn(2, 2, (call) => call.paint(text(call, 0), text(call, 1))),
  localdate: fn(1, 2, (call) => {
    const date = asDate(branch(call, 0));
    if (date === null) return call.fail("localdate() expects a date");
    const zone = call.args.length > 1 ? parseZone(call, text(call, 1)) : call.zoneOf(date.time);
    return { kind: "date", time: date.time, zone };
  }),
  max: fn(1, 1, (call) => extreme(call, (a, b) => less(b, a))),
  min: fn(1, 1, (call) => extreme(call, less)),
  mod: fn(2, 2, (call) => {
    const by = integer(call, branch(call, 1), 0);
    if (by === 0) return call.fail("mod() by zero");
    const rest = integer(call, branch(call, 0), 0) % by;
    return rest !== 0 && rest < 0 !== by < 0 ? rest + by : rest;
  }),
  pad: fn(1, 5, pad),
  relpath: fn(1, 1, (call) => text(call, 0)),
  revset: fn(1, 9, (call) => {
    const query = call.args
      .slice(1)
      .reduce<string>((so, _, i) => so.replace(/%[ds]/, () => text(call, i + 1)), text(call, 0));
    const revs = call.revset(query);
    return revs === null ? call.fail("revset() needs a catalog") : listOf([...revs], "revision");
  }),
  separate: fn(1, 100, (call) => {
    return call.args
      .slice(1)
      .map((_, i) => text(call, i + 1))
      .filter((part) => part !== "")
      .join(text(call, 0));
  }),
  shortest: fn(1, 2, (call) =>
    call.shortest(text(call, 0), integer(call, optional(call, 1, "minlength"), 4)),
  ),
  startswith: fn(2, 2, (call) => (text(call, 1).startsWith(text(call, 0)) ? text(call, 1) : "")),
  strip: fn(1, 2, (call) =>
    stripCharacters(text(call, 0), call.args.length > 1 ? text(call, 1) : " \t\n\r\f\v"),
  ),
  sub: fn(3, 3, (call) => {
    const replacement = text(call, 1);
    return text(call, 2).replaceAll(regex(call, text(call, 0), "g"), (...match: unknown[]) =>
      replacement.replaceAll(/\\(?:g<(\d+)>|(\d))/g, (_, long: string, short: string) => {
        const group = match[Number(long ?? short)];
        return typeof group === "string" ? group : "";
      }),
    );
  }),
  word: fn(2, 3, (call) => {
    const words =
      call.args.length > 2 ? text(call, 1).split(text(call, 2)) : text(call, 1).trim().split(/\s+/);
    const number = integer(call, branch(call, 0), 0);
    return words.at(number) ?? "";
  }),
};

function matches(item: TemplateValue, needle: ByteString): boolean {
  if (item !== null && typeof item === "object" && item.kind === "dict") {
    const key = item.entries.get("key") ?? item.entries.get("rev");
    return key !== undefined && showValue(key) === needle;
  }
  return showValue(item) === needle;
}

function stripCharacters(content: ByteString, characters: ByteString): ByteString {
  const set = new Set(bytesOf(characters));
  let from = 0;
  let to = content.length;
  while (from < to && set.has(content.charCodeAt(from))) from++;
  while (to > from && set.has(content.charCodeAt(to - 1))) to--;
  return content.slice(from, to);
}

function parseZone(call: Call, zone: ByteString): number {
  if (/^(utc|gmt|z)$/i.test(zone)) return 0;
  const offset = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
  if (offset !== null) {
    const seconds = Number(offset[2]) * 3600 + Number(offset[3]) * 60;
    return offset[1] === "+" ? -seconds : seconds;
  }
  if (/^-?\d+$/.test(zone)) return Number(zone);
  return call.fail(`localdate() expects a zone such as UTC, +0100 or -3600, not '${zone}'`);
}
