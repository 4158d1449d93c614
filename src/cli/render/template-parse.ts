// The template language of Mercurial: text with expressions in braces.
//
//   template   := ( text | escape | "{" expr "}" )*
//   expr       := sum
//   sum        := product ( ("+" | "-") product )*
//   product    := chain ( ("*" | "/") chain )*
//   chain      := unary ( "|" name | "%" unary )*
//   unary      := "-" unary | member
//   member     := primary ( "." name )*
//   primary    := number | string | name | name "(" arguments ")" | "(" expr ")"
//   arguments  := [ argument ( "," argument )* ]     argument := name "=" expr | expr
//   string     := quote template quote | "r" quote text quote
import type { ByteString } from "../../core/bytes.ts";
import { ReelError } from "../../core/errors.ts";

export type TemplateNode =
  | { readonly kind: "text"; readonly text: ByteString }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "name"; readonly name: string }
  /** A string or a whole template: its parts one after the other. */
  | { readonly kind: "parts"; readonly parts: readonly TemplateNode[] }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly args: readonly TemplateNode[];
      readonly named: NamedArguments;
    }
  | { readonly kind: "map"; readonly list: TemplateNode; readonly each: TemplateNode }
  | { readonly kind: "member"; readonly of: TemplateNode; readonly name: string }
  | {
      readonly kind: "arithmetic";
      readonly operator: "+" | "-" | "*" | "/";
      readonly left: TemplateNode;
      readonly right: TemplateNode;
    };

export type NamedArguments = ReadonlyMap<string, TemplateNode>;

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
};

/** Nesting deeper than any template written by a person; keeps the parser's own stack small. */
const DEPTH_MAX = 200;

/** Throws `template.parse` with the text and the place. */
export function parseTemplate(text: ByteString): TemplateNode {
  const parser = new TemplateParser(text);
  const parts = parser.parts(null);
  return { kind: "parts", parts };
}

class TemplateParser {
  private readonly text: ByteString;
  private at = 0;
  private depth = 0;

  constructor(text: ByteString) {
    this.text = text;
  }

  /** Up to the closing quote, which is passed over, or to the end. */
  parts(quote: string | null): TemplateNode[] {
    const parts: TemplateNode[] = [];
    const opened = this.at - 1;
    let plain = "";
    const flush = () => {
      if (plain !== "") parts.push({ kind: "text", text: plain });
      plain = "";
    };
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined) {
        if (quote !== null) this.fail("unterminated string", opened);
        flush();
        return parts;
      }
      if (character === quote) {
        this.at++;
        flush();
        return parts;
      }
      if (character === "{") {
        flush();
        this.at++;
        parts.push(this.expression());
        this.expect("}");
      } else if (character === "\\") plain += this.escape();
      else {
        plain += character;
        this.at++;
      }
    }
  }

  private escape(): string {
    const hex = /^\\x([0-9a-fA-F]{2})/.exec(this.text.slice(this.at, this.at + 4));
    if (hex !== null) {
      this.at += 4;
      return String.fromCharCode(Number.parseInt(hex[1] as string, 16));
    }
    const letter = this.text[this.at + 1];
    if (letter === undefined) this.fail("trailing \\ in string", this.at);
    this.at += 2;
    if (letter === "\n") return "";
    const known = ESCAPES[letter];
    return known ?? ("\\'\"{}".includes(letter) ? letter : `\\${letter}`);
  }

  private expression(): TemplateNode {
    if (++this.depth > DEPTH_MAX) this.fail("nested too deeply", this.at);
    let left = this.product();
    for (let operator = this.peek(); operator === "+" || operator === "-"; operator = this.peek()) {
      this.at++;
      left = { kind: "arithmetic", operator, left, right: this.product() };
    }
    this.depth--;
    return left;
  }

  private product(): TemplateNode {
    let left = this.chain();
    for (let operator = this.peek(); operator === "*" || operator === "/"; operator = this.peek()) {
      this.at++;
      left = { kind: "arithmetic", operator, left, right: this.chain() };
    }
    return left;
  }

  private chain(): TemplateNode {
    let left = this.unary();
    for (;;) {
      const next = this.peek();
      if (next === "|") {
        this.at++;
        left = { kind: "call", name: this.name(), args: [left], named: new Map() };
      } else if (next === "%") {
        this.at++;
        left = { kind: "map", list: left, each: this.unary() };
      } else return left;
    }
  }

  private unary(): TemplateNode {
    if (this.peek() === "-") {
      this.at++;
      return {
        kind: "arithmetic",
        operator: "-",
        left: { kind: "number", value: 0 },
        right: this.unary(),
      };
    }
    let node = this.primary();
    while (this.peek() === ".") {
      this.at++;
      node = { kind: "member", of: node, name: this.name() };
    }
    return node;
  }

  private primary(): TemplateNode {
    const next = this.peek();
    if (next === "(") {
      this.at++;
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (next === '"' || next === "'") {
      this.at++;
      return { kind: "parts", parts: this.parts(next) };
    }
    const raw = /^r(["'])/.exec(this.text.slice(this.at, this.at + 2));
    if (raw !== null) return this.rawString(raw[1] as string);
    const number = /^[0-9]+/.exec(this.text.slice(this.at, this.at + 16));
    if (number !== null) {
      this.at += number[0].length;
      return { kind: "number", value: Number(number[0]) };
    }
    const name = this.name();
    if (this.peek() !== "(") return { kind: "name", name };
    this.at++;
    return this.call(name);
  }

  private rawString(quote: string): TemplateNode {
    const end = this.text.indexOf(quote, this.at + 2);
    if (end < 0) this.fail("unterminated string", this.at);
    const text = this.text.slice(this.at + 2, end);
    this.at = end + 1;
    return { kind: "text", text };
  }

  private call(name: string): TemplateNode {
    const args: TemplateNode[] = [];
    const named = new Map<string, TemplateNode>();
    while (this.peek() !== ")") {
      const key = /^\s*([A-Za-z_]\w*)\s*=/.exec(this.text.slice(this.at, this.at + 80));
      if (key !== null) {
        this.at += key[0].length;
        named.set(key[1] as string, this.expression());
      } else args.push(this.expression());
      if (this.peek() !== ",") break;
      this.at++;
    }
    this.expect(")");
    return { kind: "call", name, args, named };
  }

  private name(): string {
    this.peek();
    const found = /^[A-Za-z_][\w]*/.exec(this.text.slice(this.at, this.at + 80));
    if (found === null) {
      const wrong = this.text[this.at];
      this.fail(
        wrong === undefined ? "it ends inside an expression" : `unexpected '${wrong}'`,
        this.at,
      );
    }
    this.at += found[0].length;
    return found[0];
  }

  /** The next character that is not a blank; it becomes the current one. */
  private peek(): string | undefined {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
    return this.text[this.at];
  }

  private expect(character: string): void {
    const found = this.peek();
    if (found !== character) {
      this.fail(
        found === undefined
          ? `'${character}' is missing`
          : `unexpected '${found}', expected '${character}'`,
        this.at,
      );
    }
    this.at++;
  }

  private fail(what: string, at: number): never {
    throw new ReelError("template.parse", { what, text: this.text, at });
  }
}
