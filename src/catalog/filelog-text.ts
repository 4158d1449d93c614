// The stored text of a file revision: the content, behind a metadata header where there is copy
// information or the content looks like one (hg formats, section 4).
import { byteString, bytesOf, type ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import type { NodeId } from "../core/ids.ts";

const MARK_0 = 0x01;
const MARK_1 = 0x0a;

export interface Copy {
  /** Path that the file was copied or renamed from. */
  readonly path: ByteString;
  readonly node: NodeId;
}

export function encodeFileText(content: Uint8Array, copy: Copy | null): Uint8Array {
  const escaped = content[0] === MARK_0 && content[1] === MARK_1;
  if (!copy && !escaped) return content;
  const lines = copy ? `copy: ${copy.path}\ncopyrev: ${copy.node}\n` : "";
  const header = bytesOf(`\x01\n${lines}\x01\n`);
  const text = new Uint8Array(header.byteLength + content.byteLength);
  text.set(header);
  text.set(content, header.byteLength);
  return text;
}

/** Where the content begins in a stored text. Throws `format.damaged` for a header without an end. */
export function contentOffset(text: Uint8Array): number {
  if (text[0] !== MARK_0 || text[1] !== MARK_1) return 0;
  for (let at = 2; at + 1 < text.byteLength; at++) {
    if (text[at] === MARK_0 && text[at + 1] === MARK_1) return at + 2;
  }
  throw new ReelError("format.damaged", {
    what: "a file revision",
    found: "a metadata header without an end",
  });
}

export function fileContent(text: Uint8Array): Uint8Array {
  return text.subarray(contentOffset(text));
}

/** Metadata in any order of lines; null without copy information. */
export function decodeCopy(text: Uint8Array): Copy | null {
  const end = contentOffset(text);
  if (end < 5) return null;
  const fields = new Map<string, string>();
  for (const line of byteString(text.subarray(2, end - 2)).split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const path = fields.get("copy");
  const node = fields.get("copyrev");
  return path === undefined || node === undefined ? null : { path, node: node as NodeId };
}
