// Bytes as text. Output is made of ByteStrings, so that names come out as the bytes they are; where a
// format asks for text (JSON), a byte that is not UTF-8 becomes a lone surrogate U+DC80..U+DCFF, as
// Mercurial and Python write it: it shows as damage and can be turned back.
import { type ByteString, bytesOf, isAscii, utf8ToByteString } from "../../core/bytes.ts";

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text of bytes; reversible by `textToBytes`. */
export function bytesToText(bytes: ByteString): string {
  if (isAscii(bytes)) return bytes;
  try {
    return STRICT.decode(bytesOf(bytes));
  } catch {
    return decodeWithEscapes(bytes);
  }
}

function decodeWithEscapes(bytes: ByteString): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    text +=
      length === 0
        ? String.fromCharCode(0xdc00 + bytes.charCodeAt(at))
        : decodeOne(bytes, at, length);
    at += Math.max(1, length);
  }
  return text;
}

function decodeOne(bytes: ByteString, at: number, length: number): string {
  return length === 1 ? bytes.charAt(at) : STRICT.decode(bytesOf(bytes.slice(at, at + length)));
}

/** Bytes of the UTF-8 character at `at`; 0 if there is none. */
function sequenceLength(bytes: ByteString, at: number): number {
  const lead = bytes.charCodeAt(at);
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    STRICT.decode(bytesOf(bytes.slice(at, at + length)));
    return length;
  } catch {
    return 0;
  }
}

/** The bytes of text, with lone surrogates U+DC80..U+DCFF as the bytes they stand for. */
export function textToBytes(text: string): ByteString {
  if (isAscii(text)) return text;
  let bytes = "";
  let clean = "";
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code >= 0xdc80 && code <= 0xdcff) {
      bytes += utf8ToByteString(clean) + String.fromCharCode(code - 0xdc00);
      clean = "";
    } else clean += character;
  }
  return bytes + utf8ToByteString(clean);
}

/** Columns that bytes take on a terminal: wide East Asian characters two, combining marks none. */
export function columnsOf(bytes: ByteString): number {
  if (isAscii(bytes)) return bytes.length;
  let columns = 0;
  for (const character of bytesToText(bytes)) columns += characterColumns(character);
  return columns;
}

const COMBINING = /^[\p{Mn}\p{Me}\u200b-\u200f]$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]$/u;

export function characterColumns(character: string): number {
  return COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

/** As much of the beginning as fits in `columns`. */
export function cutToColumns(bytes: ByteString, columns: number): ByteString {
  let used = 0;
  let text = "";
  for (const character of bytesToText(bytes)) {
    used += characterColumns(character);
    if (used > columns) break;
    text += character;
  }
  return textToBytes(text);
}
