// What an expression of a template stands for.
import type { ByteString } from "../../core/bytes.ts";
import { shortNode } from "../../core/ids.ts";
import { escapeString } from "./log.ts";
import type { ParentView } from "./changeset-view.ts";

export interface DateValue {
  readonly kind: "date";
  readonly time: number;
  readonly zone: number;
}

export interface ListValue {
  readonly kind: "list";
  readonly items: readonly TemplateValue[];
  readonly separator: ByteString;
  /** Printed after each item too: only `{parents}` has it, for old templates' sake. */
  readonly terminator: ByteString;
  /** The names that an item sets inside `%`. */
  readonly itemNames: readonly string[];
}

/** Keys and values: extras, or a changeset named by another (p1, parents). `shown` is its text. */
export interface DictValue {
  readonly kind: "dict";
  readonly entries: ReadonlyMap<string, TemplateValue>;
  readonly shown: ByteString | null;
  /** Stands between the entries where it is printed whole. */
  readonly separator: ByteString;
}

export type TemplateValue =
  | ByteString
  | number
  | boolean
  | null
  | DateValue
  | ListValue
  | DictValue;

export function listOf(
  items: readonly TemplateValue[],
  ...itemNames: readonly string[]
): ListValue {
  return { kind: "list", items, separator: " ", terminator: "", itemNames };
}

export function dictOf(
  entries: Iterable<readonly [string, TemplateValue]>,
  shown: ByteString | null = null,
  separator: ByteString = " ",
): DictValue {
  return { kind: "dict", entries: new Map(entries), shown, separator };
}

export function changesetOf(of: ParentView, debug: boolean): DictValue {
  return dictOf(
    [
      ["rev", of.rev],
      ["node", of.node],
    ],
    `${of.rev}:${debug ? of.node : shortNode(of.node)}`,
  );
}

/** The text that an expression prints. */
export function showValue(value: TemplateValue): ByteString {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  switch (value.kind) {
    case "date":
      return `${value.time}.0${value.zone}`;
    case "list":
      return value.items.map((item) => showValue(item) + value.terminator).join(value.separator);
    case "dict":
      return value.shown ?? itemsOf(value)?.map(showValue).join(value.separator) ?? "";
    default:
      return value satisfies never;
  }
}

/** Any text is true, "0" too; an empty text or list is false. */
export function isTrue(value: TemplateValue): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return true;
  if (value !== null && typeof value === "object") {
    if (value.kind === "list") return value.items.length > 0;
    if (value.kind === "dict") return value.shown === null ? value.entries.size > 0 : true;
    return true;
  }
  return value !== null && value !== "";
}

/** The items of a list, the entries of a dict as dicts of key and value, the lines of nothing else. */
export function itemsOf(value: TemplateValue): readonly TemplateValue[] | null {
  if (value === null || typeof value !== "object") return null;
  if (value.kind === "list") return value.items;
  if (value.kind === "dict" && value.shown === null) {
    return [...value.entries].map(([key, v]) =>
      dictOf(
        [
          ["key", key],
          ["value", v],
        ],
        `${key}=${escapeString(showValue(v))}`,
      ),
    );
  }
  return null;
}
