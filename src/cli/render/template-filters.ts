// The filters of the template language: `{value|filter}`. A filter is a function of one argument.
import { type ByteString, bytesOf } from "../../core/bytes.ts";
import { DATE_FORMAT, formatAge, formatDate } from "./dates.ts";
import { jsonString } from "./json.ts";
import { escapeString, firstLine, stripBlanks } from "./log.ts";
import {
  type DateValue,
  itemsOf,
  listOf,
  showValue,
  type TemplateValue,
} from "./template-value.ts";
import { bytesToText, textToBytes } from "./text.ts";
import { wrapText } from "./wrap.ts";

export type Filter = (value: TemplateValue, now: number) => TemplateValue;

function ofText(change: (text: ByteString) => TemplateValue): Filter {
  return (value) => change(showValue(value));
}

function ofDate(format: string): Filter {
  return (value) => {
    const date = asDate(value);
    return date === null ? null : formatDate(date.time, date.zone, format);
  };
}

/** A date, or the two numbers of `hgdate` as text. */
export function asDate(value: TemplateValue): DateValue | null {
  if (value !== null && typeof value === "object" && value.kind === "date") return value;
  const pair = /^(-?\d+)(?:\.0|\s+)(-?\d+)$/.exec(showValue(value));
  return pair === null ? null : { kind: "date", time: Number(pair[1]), zone: Number(pair[2]) };
}

export const FILTERS: Readonly<Record<string, Filter>> = {
  addbreaks: ofText((text) => text.replaceAll("\n", "<br/>\n")),
  age: (value, now) => {
    const date = asDate(value);
    return date === null ? null : formatAge(date.time, date.zone, now);
  },
  basename: ofText((text) => text.slice(text.lastIndexOf("/") + 1)),
  count: (value) => itemsOf(value)?.length ?? showValue(value).length,
  dirname: ofText((text) => (text.includes("/") ? text.slice(0, text.lastIndexOf("/")) : "")),
  domain: ofText((text) => {
    const at = text.indexOf("@");
    return at < 0 ? "" : (text.slice(at + 1).split(">", 1)[0] as string);
  }),
  email: ofText((text) => {
    const end = text.indexOf(">");
    return text.slice(text.indexOf("<") + 1, end < 0 ? undefined : end);
  }),
  emailuser: ofText(emailUser),
  escape: ofText((text) =>
    text
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
      .replaceAll("'", "&#39;")
      .replaceAll("\0", ""),
  ),
  fill68: ofText((text) => wrapText(text, 68)),
  fill76: ofText((text) => wrapText(text, 76)),
  firstline: ofText(firstLine),
  hex: ofText((text) => text),
  hgdate: (value) => {
    const date = asDate(value);
    return date === null ? null : `${date.time} ${date.zone}`;
  },
  date: ofDate(DATE_FORMAT.date),
  isodate: ofDate(DATE_FORMAT.isodate),
  isodatesec: ofDate(DATE_FORMAT.isodatesec),
  rfc822date: ofDate(DATE_FORMAT.rfc822date),
  rfc3339date: ofDate(DATE_FORMAT.rfc3339date),
  shortdate: ofDate(DATE_FORMAT.shortdate),
  json: (value) => jsonValue(value),
  lower: ofText((text) => textToBytes(bytesToText(text).toLowerCase())),
  upper: ofText((text) => textToBytes(bytesToText(text).toUpperCase())),
  nonempty: ofText((text) => (text === "" ? "(none)" : text)),
  person: ofText(person),
  reverse: (value) => {
    const items = itemsOf(value);
    return items === null ? value : listOf(items.toReversed(), ...itemNamesOf(value));
  },
  short: ofText((text) => text.slice(0, 12)),
  splitlines: ofText((text) => listOf(text.replace(/\n$/, "").split("\n"), "line")),
  stringescape: ofText(escapeString),
  stringify: ofText((text) => text),
  strip: ofText(stripBlanks),
  stripdir: ofText((text) => (text.includes("/") ? text.slice(0, text.lastIndexOf("/")) : text)),
  tabindent: ofText((text) => text.replaceAll(/\n(?=[^\n])/g, "\n\t")),
  urlescape: ofText(urlEscape),
  user: ofText((text) => (emailUser(text).split(" ", 1)[0] as string).split(".", 1)[0] as string),
  utf8: ofText((text) => text),
};

export function itemNamesOf(value: TemplateValue): readonly string[] {
  return value !== null && typeof value === "object" && value.kind === "list"
    ? value.itemNames
    : [];
}

function emailUser(text: ByteString): ByteString {
  const local = text.split("@", 1)[0] as string;
  return local.slice(local.indexOf("<") + 1);
}

function person(text: ByteString): ByteString {
  if (!text.includes("@")) return text;
  const angle = text.indexOf("<");
  if (angle >= 0)
    return text
      .slice(0, angle)
      .replaceAll(/^[ "]+|[ "]+$/g, "")
      .replaceAll('\\"', '"');
  return (text.split("@", 1)[0] as string).replaceAll(".", " ");
}

function urlEscape(text: ByteString): ByteString {
  let out = "";
  for (const byte of bytesOf(text)) {
    const character = String.fromCharCode(byte);
    out += /[\w.\-~/]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

export function jsonValue(value: TemplateValue): ByteString {
  if (value === null) return "null";
  if (typeof value === "string") return jsonString(value, true);
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value.kind === "date") return `[${value.time}, ${value.zone}]`;
  if (value.kind === "list") return `[${value.items.map(jsonValue).join(", ")}]`;
  return `{${[...value.entries].map(([key, v]) => `${jsonString(key, true)}: ${jsonValue(v)}`).join(", ")}}`;
}
