// Mercurial's language for sets of revisions, from text to tree. Operators, tightest first; all on one line
// bind alike and from the left:
//
//   ( )  ##  -x(sign)  ^ ~  :: ..  :  not !  and & - %  or | +  =  ,
//
// A name begins with a letter, a digit, or one of . _ @ / and goes on with those and "-". (Mercurial wants
// "/" quoted at the beginning; Reel's branches begin with it.) A "-" inside a name is a minus where no
// revision has the whole name.
import type { ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";

export type RevsetNode =
  | { readonly kind: "symbol"; readonly name: ByteString; readonly at: number }
  | { readonly kind: "string"; readonly text: ByteString; readonly at: number }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly args: readonly RevsetNode[];
      readonly named: ReadonlyMap<string, RevsetNode>;
      readonly at: number;
    }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: RevsetNode;
      readonly right: RevsetNode;
      readonly at: number;
    }
  /** `x:y`; an end that is left out is null. */
  | {
      readonly kind: "range";
      readonly from: RevsetNode | null;
      readonly to: RevsetNode | null;
      readonly at: number;
    }
  /** `x::y` and `x..y`. */
  | {
      readonly kind: "dagrange";
      readonly from: RevsetNode | null;
      readonly to: RevsetNode | null;
      readonly at: number;
    }
  | { readonly kind: "not"; readonly of: RevsetNode; readonly at: number }
  | { readonly kind: "only"; readonly of: RevsetNode; readonly at: number }
  /** `x^n` */
  | {
      readonly kind: "parent";
      readonly of: RevsetNode;
      readonly number: number;
      readonly at: number;
    }
  /** `x~n` */
  | {
      readonly kind: "ancestor";
      readonly of: RevsetNode;
      readonly generations: number;
      readonly at: number;
    };

export type BinaryOperator = "and" | "or" | "minus" | "only";

interface Token {
  readonly kind: "symbol" | "string" | "operator" | "end";
  readonly text: ByteString;
  readonly at: number;
}

const INITIAL = /[A-Za-z0-9._@/\x80-\xff]/;
const FOLLOWING = /[A-Za-z0-9._@/\-\x80-\xff]/;
const WORD_OPERATORS: ReadonlySet<string> = new Set(["and", "or", "not"]);
const SINGLE_OPERATORS = "():,-|&+!~^%=";

/** Deeper than any expression written by a person; keeps the parser's own stack small. */
const DEPTH_MAX = 200;

/** How tightly an operator between two operands, or after one, binds. */
const BINDING: Readonly<Record<string, number>> = {
  "##": 20,
  "~": 18,
  "^": 18,
  "::": 17,
  "..": 17,
  ":": 15,
  and: 5,
  "&": 5,
  "-": 5,
  "%": 5,
  or: 4,
  "|": 4,
  "+": 4,
};
const SIGN_BINDING = 19;
const NOT_BINDING = 10;

const BINARY: Readonly<Record<string, BinaryOperator>> = {
  and: "and",
  "&": "and",
  "-": "minus",
  "%": "only",
  or: "or",
  "|": "or",
  "+": "or",
};

/** `isName` says whether a revision has this name, for names with operators in them. Throws `revset.parse`. */
export function parseRevset(
  text: ByteString,
  isName: (name: ByteString) => boolean = () => false,
): RevsetNode {
  return new RevsetParser(text, tokenize(text, isName)).whole();
}

function fail(text: ByteString, at: number, what: string): never {
  throw new ReelError("revset.parse", { what, text, at });
}

function tokenize(text: ByteString, isName: (name: ByteString) => boolean): Token[] {
  const plain = rangeOfNames(text, isName);
  if (plain !== null) return plain;
  const tokens: Token[] = [];
  let at = 0;
  const push = (kind: Token["kind"], length: number, value = text.slice(at, at + length)) => {
    tokens.push({ kind, text: value, at });
    at += length;
  };
  while (at < text.length) {
    const character = text[at] as string;
    const pair = text.slice(at, at + 2);
    if (/\s/.test(character)) at++;
    else if (pair === "::" || pair === ".." || pair === "##") push("operator", 2);
    else if (/^r?["']/.test(pair)) {
      const { value, length } = readString(text, at);
      push("string", length, value);
    } else if (SINGLE_OPERATORS.includes(character)) push("operator", 1);
    else if (INITIAL.test(character)) {
      for (const part of splitSymbol(text, at, isName)) {
        push(part === "-" || WORD_OPERATORS.has(part) ? "operator" : "symbol", part.length);
      }
    } else fail(text, at, `syntax error at '${character}'`);
  }
  push("end", 0);
  return tokens;
}

/** "old-tag:new tag": where each side is a name as it stands, nothing in it is an operator. */
function rangeOfNames(text: ByteString, isName: (name: ByteString) => boolean): Token[] | null {
  const colon = text.indexOf(":");
  const left = colon < 0 ? text : text.slice(0, colon);
  const right = colon < 0 ? "" : text.slice(colon + 1);
  if (left + right === "") return null;
  if (![left, right].every((name) => name === "" || isName(name))) return null;
  const tokens: Token[] = [];
  if (left !== "") tokens.push({ kind: "symbol", text: left, at: 0 });
  if (colon >= 0) tokens.push({ kind: "operator", text: ":", at: colon });
  if (right !== "") tokens.push({ kind: "symbol", text: right, at: colon + 1 });
  tokens.push({ kind: "end", text: "", at: text.length });
  return tokens;
}

function splitSymbol(
  text: ByteString,
  at: number,
  isName: (name: ByteString) => boolean,
): string[] {
  let end = at + 1;
  while (end < text.length && FOLLOWING.test(text[end] as string)) {
    if (text[end] === "." && text[end - 1] === ".") {
      end--;
      break;
    }
    end++;
  }
  const symbol = text.slice(at, end);
  if (!symbol.includes("-") || isName(symbol)) return [symbol];
  return symbol.split(/(-)/).filter((part) => part !== "");
}

function readString(text: ByteString, at: number): { value: ByteString; length: number } {
  const raw = text[at] === "r";
  const start = raw ? at + 2 : at + 1;
  const quote = text[start - 1] as string;
  let value = "";
  for (let i = start; i < text.length; i++) {
    const character = text[i] as string;
    if (character === quote) return { value, length: i + 1 - at };
    if (character === "\\" && i + 1 < text.length) {
      const pair = text.slice(i, i + 2);
      value += raw ? pair : (STRING_ESCAPES[pair] ?? pair);
      i++;
    } else value += character;
  }
  return fail(text, at, "unterminated string");
}

const STRING_ESCAPES: Readonly<Record<string, string>> = {
  "\\n": "\n",
  "\\r": "\r",
  "\\t": "\t",
  "\\\\": "\\",
  "\\'": "'",
  '\\"': '"',
};

class RevsetParser {
  private readonly text: ByteString;
  private readonly tokens: readonly Token[];
  private next = 0;
  private depth = 0;

  constructor(text: ByteString, tokens: readonly Token[]) {
    this.text = text;
    this.tokens = tokens;
  }

  whole(): RevsetNode {
    if (this.atEnd) this.fail("the expression is empty");
    const node = this.expression(0);
    if (!this.atEnd) this.fail(`unexpected '${this.token.text}'`);
    return node;
  }

  private get token(): Token {
    return this.tokens[this.next] as Token;
  }

  private get atEnd(): boolean {
    return this.token.kind === "end";
  }

  private isOperator(text: string): boolean {
    return this.token.kind === "operator" && this.token.text === text;
  }

  private expression(binding: number): RevsetNode {
    if (++this.depth > DEPTH_MAX) this.fail("nested too deeply");
    let left = this.prefix();
    while (this.token.kind === "operator") {
      const operator = this.token.text;
      const tightness = BINDING[operator];
      if (tightness === undefined || tightness <= binding) break;
      left = this.infix(left, operator, tightness);
    }
    this.depth--;
    return left;
  }

  private prefix(): RevsetNode {
    const token = this.token;
    this.next++;
    if (token.kind === "symbol")
      return this.isOperator("(")
        ? this.call(token)
        : { kind: "symbol", name: token.text, at: token.at };
    if (token.kind === "string") return { kind: "string", text: token.text, at: token.at };
    switch (token.text) {
      case "(": {
        const inner = this.expression(0);
        this.expect(")");
        return inner;
      }
      case "-":
        return this.negated(token);
      case "not":
      case "!":
        return { kind: "not", of: this.expression(NOT_BINDING), at: token.at };
      case "::":
      case "..":
        return { kind: "dagrange", from: null, to: this.expression(17), at: token.at };
      case ":":
        return {
          kind: "range",
          from: null,
          to: this.startsOperand() ? this.expression(15) : null,
          at: token.at,
        };
      default:
        this.next--;
        return fail(
          this.text,
          token.at,

          token.kind === "end"
            ? "it ends where a revision is expected"
            : `not a prefix: '${token.text}'`,
        );
    }
  }

  /** "-1" counts from the end; a sign before anything else is an error. */
  private negated(sign: Token): RevsetNode {
    const of = this.expression(SIGN_BINDING);
    if (of.kind !== "symbol") fail(this.text, sign.at, "can't negate that");
    return { kind: "symbol", name: `-${of.name}`, at: sign.at };
  }

  private startsOperand(): boolean {
    const { kind, text } = this.token;
    return (
      kind === "symbol" ||
      kind === "string" ||
      (kind === "operator" && ["(", "-", "not", "!"].includes(text))
    );
  }

  private infix(left: RevsetNode, operator: string, tightness: number): RevsetNode {
    const at = this.token.at;
    this.next++;
    switch (operator) {
      case "::":
      case "..":
        return {
          kind: "dagrange",
          from: left,
          to: this.startsOperand() ? this.expression(tightness) : null,
          at,
        };
      case ":":
        return {
          kind: "range",
          from: left,
          to: this.startsOperand() ? this.expression(tightness) : null,
          at,
        };
      case "^":
        return { kind: "parent", of: left, number: this.parentNumber(tightness), at };
      case "~":
        return {
          kind: "ancestor",
          of: left,
          generations: this.integer(this.expression(tightness), "~ expects a number"),
          at,
        };
      case "##":
        return this.concatenated(left, this.expression(tightness), at);
      case "%":
        if (!this.startsOperand()) return { kind: "only", of: left, at };
        return { kind: "binary", operator: "only", left, right: this.expression(tightness), at };
      default:
        return {
          kind: "binary",
          operator: BINARY[operator] as BinaryOperator,
          left,
          right: this.expression(tightness),
          at,
        };
    }
  }

  /** `x^` alone is the first parent, and so is the first `^` of `x^^`. */
  private parentNumber(tightness: number): number {
    if (this.token.kind !== "symbol" && !this.isOperator("(")) return 1;
    const number = this.integer(this.expression(tightness), "^ expects a number 0, 1, or 2");
    return number >= 0 && number <= 2 ? number : this.fail("^ expects a number 0, 1, or 2");
  }

  private integer(node: RevsetNode, otherwise: string): number {
    const text = node.kind === "symbol" ? node.name : node.kind === "string" ? node.text : "";
    return /^-?\d+$/.test(text) ? Number(text) : fail(this.text, node.at, otherwise);
  }

  private concatenated(left: RevsetNode, right: RevsetNode, at: number): RevsetNode {
    const textOf = (node: RevsetNode) =>
      node.kind === "symbol"
        ? node.name
        : node.kind === "string"
          ? node.text
          : fail(this.text, at, "## can only concatenate strings");
    return { kind: "string", text: textOf(left) + textOf(right), at: left.at };
  }

  private call(name: Token): RevsetNode {
    this.next++;
    const args: RevsetNode[] = [];
    const named = new Map<string, RevsetNode>();
    while (!this.isOperator(")")) {
      const key = this.token;
      const after = this.tokens[this.next + 1];
      if (key.kind === "symbol" && after?.kind === "operator" && after.text === "=") {
        this.next += 2;
        named.set(key.text, this.expression(0));
      } else args.push(this.expression(0));
      if (!this.isOperator(",")) break;
      this.next++;
    }
    this.expect(")");
    return { kind: "call", name: name.text, args, named, at: name.at };
  }

  private expect(operator: string): void {
    if (!this.isOperator(operator)) {
      this.fail(
        this.token.kind === "end" ? `'${operator}' is missing` : `unexpected '${this.token.text}'`,
      );
    }
    this.next++;
  }

  private fail(what: string): never {
    return fail(this.text, this.token.at, what);
  }
}
