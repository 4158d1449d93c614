// Extended attributes of one inode as bytes: for each attribute u16le length of the name, the name with its
// prefix ("user.x", "system.posix_acl_access"), u32le length of the value, the value as the getxattr call
// gives it; ascending by the bytes of the names. No attributes are no bytes.
import { ByteReader, ByteWriter, EMPTY, type ByteString } from "./bytes.ts";
import { ReelError } from "./errors.ts";

export interface Attribute {
  readonly name: ByteString;
  readonly value: Uint8Array;
}

export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  if (attributes.length === 0) return EMPTY;
  const sorted = attributes.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const out = new ByteWriter();
  for (const { name, value } of sorted) {
    out.u16le(name.length);
    out.byteString(name);
    out.u32le(value.byteLength);
    out.put(value);
  }
  return out.finish();
}

/** The values are views on `bytes`. Throws `format.damaged` if names are not strictly ascending. */
export function decodeAttributes(bytes: Uint8Array): Attribute[] {
  const input = new ByteReader(bytes, "attributes");
  const attributes: Attribute[] = [];
  let previous = "";
  while (input.remaining > 0) {
    const name = input.byteString(input.u16le());
    if (name <= previous) {
      throw new ReelError("format.damaged", { what: "attributes", found: "names out of order" });
    }
    attributes.push({ name, value: input.slice(input.u32le()) });
    previous = name;
  }
  return attributes;
}
