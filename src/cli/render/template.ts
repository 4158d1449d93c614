// A template made ready to run: `compileTemplate(text)` parses and checks it once, the result prints one
// changeset after another.
import type { ByteString } from "../../core/bytes.ts";
import { ReelError } from "../../core/errors.ts";
import type { Paint } from "./paint.ts";
import { FILTERS, itemNamesOf } from "./template-filters.ts";
import { type Call, FUNCTIONS } from "./template-functions.ts";
import { KEYWORDS, type KeywordContext } from "./template-keywords.ts";
import { parseTemplate, type TemplateNode } from "./template-parse.ts";
import { isTrue, itemsOf, listOf, showValue, type TemplateValue } from "./template-value.ts";

/** What a template may use besides the changeset; the same for a whole listing. */
export interface TemplateEnvironment {
  readonly paint: Paint;
  /** Seconds since 1970, for `age`. */
  readonly now: number;
  /** Seconds west of UTC here at that time, for `localdate`. */
  readonly zoneOf: (time: number) => number;
  readonly revset: ((query: ByteString) => readonly number[]) | null;
  readonly shortest: ((node: ByteString, digits: number) => ByteString) | null;
  /** A revision as keywords, for `{revset(...) % ...}` and `{parents % ...}`. */
  readonly viewOf: ((rev: number) => KeywordContext["view"]) | null;
}

export interface Template {
  /** What the template prints for a changeset. */
  render(context: KeywordContext, environment: TemplateEnvironment): ByteString;
}

/** Throws `template.parse`; unknown functions and wrong numbers of arguments are found here. */
export function compileTemplate(text: ByteString): Template {
  const node = parseTemplate(text);
  checkCalls(node, text);
  return {
    render: (context, environment) =>
      showValue(new Evaluation(text, context, environment).value(node)),
  };
}

function checkCalls(node: TemplateNode, text: ByteString): void {
  switch (node.kind) {
    case "text":
    case "number":
    case "name":
      return;
    case "parts":
      for (const part of node.parts) checkCalls(part, text);
      return;
    case "map":
      checkCalls(node.list, text);
      checkCalls(node.each, text);
      return;
    case "member":
      checkCalls(node.of, text);
      return;
    case "arithmetic":
      checkCalls(node.left, text);
      checkCalls(node.right, text);
      return;
    case "call":
      checkCall(node.name, node.args.length, node.args.length + node.named.size, text);
      for (const arg of [...node.args, ...node.named.values()]) checkCalls(arg, text);
      return;
    default:
      node satisfies never;
  }
}

function checkCall(name: string, unnamed: number, all: number, text: ByteString): void {
  const called = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  const isFilter = Object.hasOwn(FILTERS, name);
  const what =
    called === undefined && !isFilter
      ? `unknown function '${name}'`
      : called !== undefined &&
          !(isFilter && unnamed === 1) &&
          (all < called.least || unnamed > called.most)
        ? `${name}() takes ${called.least === called.most ? called.least : `${called.least} to ${called.most}`} arguments`
        : called === undefined && unnamed !== 1
          ? `filter ${name} takes one argument`
          : null;
  if (what !== null) {
    throw new ReelError("template.parse", { what, text, at: Math.max(0, text.indexOf(name)) });
  }
}

/** One printing of a template; `names` are what `%` has set. */
class Evaluation {
  private readonly text: ByteString;
  private readonly context: KeywordContext;
  private readonly environment: TemplateEnvironment;
  private readonly names: ReadonlyMap<string, TemplateValue>;

  constructor(
    text: ByteString,
    context: KeywordContext,
    environment: TemplateEnvironment,
    names: ReadonlyMap<string, TemplateValue> = new Map(),
  ) {
    this.text = text;
    this.context = context;
    this.environment = environment;
    this.names = names;
  }

  value(node: TemplateNode): TemplateValue {
    switch (node.kind) {
      case "text":
        return node.text;
      case "number":
        return node.value;
      case "name":
        return this.keyword(node.name);
      case "parts": {
        const [only] = node.parts;
        return node.parts.length === 1 && only?.kind === "text"
          ? only.text
          : node.parts.map((part) => showValue(this.value(part))).join("");
      }
      case "call":
        return this.call(node.name, node.args, node.named);
      case "map":
        return this.map(node.list, node.each);
      case "member":
        return this.member(this.value(node.of), node.name);
      case "arithmetic":
        return this.arithmetic(node.operator, node.left, node.right);
      default:
        return node satisfies never;
    }
  }

  /** A keyword that nobody knows prints nothing, as in Mercurial. */
  private keyword(name: string): TemplateValue {
    const set = this.names.get(name);
    if (set !== undefined) return set;
    const keyword = Object.hasOwn(KEYWORDS, name) ? KEYWORDS[name] : undefined;
    return keyword === undefined ? "" : keyword(this.context);
  }

  /** A name that is no keyword is a literal: True, False, yes, no, on, off. */
  private truth(node: TemplateNode): boolean {
    if (node.kind === "name" && !this.names.has(node.name) && !Object.hasOwn(KEYWORDS, node.name)) {
      return /^(1|yes|true|on|always)$/i.test(node.name);
    }
    return isTrue(this.value(node));
  }

  private call(name: string, args: readonly TemplateNode[], named: Call["named"]): TemplateValue {
    const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
    const [first] = args;
    if (filter !== undefined && first !== undefined && args.length === 1 && named.size === 0) {
      return filter(this.value(first), this.environment.now);
    }
    const { environment } = this;
    return (FUNCTIONS[name] as (typeof FUNCTIONS)[string]).run({
      name,
      args,
      named,
      value: (node) => this.value(node),
      truth: (node) => this.truth(node),
      paint: environment.paint,
      revset: (query) => (environment.revset === null ? null : environment.revset(query)),
      shortest: (node, digits) =>
        environment.shortest?.(node, digits) ?? node.slice(0, Math.max(digits, 12)),
      zoneOf: environment.zoneOf,
      fail: (what) => this.fail(what),
    });
  }

  private map(list: TemplateNode, each: TemplateNode): TemplateValue {
    const value = this.value(list);
    const items = itemsOf(value) ?? (isDict(value) ? [value] : null);
    if (items === null) return this.fail("% needs a list on its left");
    const itemNames = itemNamesOf(value);
    return {
      ...listOf(items.map((item, index) => this.within(item, itemNames, index).value(each))),
      separator: "",
    };
  }

  /** The names that an item sets: its own entries, its list's name for it, `index`, and a changeset's keywords. */
  private within(item: TemplateValue, itemNames: readonly string[], index: number): Evaluation {
    const names = new Map(this.names);
    names.set("index", index);
    for (const name of itemNames) names.set(name, item);
    if (isDict(item)) for (const [key, value] of item.entries) names.set(key, value);
    let context = this.context;
    const rev = isDict(item)
      ? item.entries.get("rev")
      : itemNames.includes("revision")
        ? item
        : undefined;
    if (typeof rev === "number" && rev >= 0 && this.environment.viewOf !== null) {
      context = { ...context, view: this.environment.viewOf(rev) };
      names.delete("rev");
      names.delete("node");
    }
    return new Evaluation(this.text, context, this.environment, names);
  }

  private member(of: TemplateValue, name: string): TemplateValue {
    if (!isDict(of)) return this.fail(`'.${name}' needs a dict or a changeset on its left`);
    const entry = of.entries.get(name);
    if (entry !== undefined) return entry;
    const rev = of.entries.get("rev");
    if (
      typeof rev === "number" &&
      rev >= 0 &&
      this.environment.viewOf !== null &&
      Object.hasOwn(KEYWORDS, name)
    ) {
      return (KEYWORDS[name] as (typeof KEYWORDS)[string])({
        ...this.context,
        view: this.environment.viewOf(rev),
      });
    }
    return "";
  }

  private arithmetic(
    operator: "+" | "-" | "*" | "/",
    left: TemplateNode,
    right: TemplateNode,
  ): TemplateValue {
    const a = this.integer(left);
    const b = this.integer(right);
    if (operator === "+") return a + b;
    if (operator === "-") return a - b;
    if (operator === "*") return a * b;
    if (b === 0) return this.fail("division by zero");
    return Math.floor(a / b);
  }

  private integer(node: TemplateNode): number {
    const shown = showValue(this.value(node));
    const number = Number(shown);
    if (shown === "" || !Number.isInteger(number))
      return this.fail("arithmetic only works on integers");
    return number;
  }

  private fail(what: string): never {
    throw new ReelError("template.parse", { what, text: this.text, at: 0 });
  }
}

function isDict(value: TemplateValue): value is Extract<TemplateValue, { kind: "dict" }> {
  return value !== null && typeof value === "object" && value.kind === "dict";
}
