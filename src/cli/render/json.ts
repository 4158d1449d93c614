// JSON as Mercurial's formatter writes it, for `-T json` and the json filter.
import type { ByteString } from "../../core/bytes.ts";
import { bytesToText, textToBytes } from "./text.ts";

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** A string in quotes. `ascii` also escapes all that is not ASCII, and `<` and `>` (safe inside a page). */
export function jsonString(bytes: ByteString, ascii = false): ByteString {
  let out = "";
  for (const character of bytesToText(bytes)) {
    const code = character.codePointAt(0) as number;
    const escape = SHORT[character];
    if (escape !== undefined) out += escape;
    else if (code < 0x20 || code === 0x7f || (code >= 0xdc80 && code <= 0xdcff))
      out += unicodeEscape(code);
    else if (ascii && (code > 0x7f || character === "<" || character === ">")) {
      for (let i = 0; i < character.length; i++) out += unicodeEscape(character.charCodeAt(i));
    } else out += character;
  }
  return `"${textToBytes(out)}"`;
}

function unicodeEscape(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Version of every object that --json prints; raised when a field changes its meaning or goes. */
export const JSON_SCHEMA = 1;

/** A value for --json on one line: bytes in it must already be text (`bytesToText`), bigints become strings. */
export function jsonLine(value: unknown): ByteString {
  const text = JSON.stringify(value, (_, field: unknown) =>
    typeof field === "bigint" ? field.toString() : field,
  );
  // JSON.stringify writes lone surrogates as escapes, so that this is plain UTF-8.
  return textToBytes(text);
}
