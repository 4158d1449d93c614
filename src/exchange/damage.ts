// Failures of what a peer sent: named apart from damage of the catalog, since the remedy is another.
import { ReelError } from "../core/errors.ts";

export function damaged(what: string, found: string): ReelError {
  return new ReelError("exchange.damaged", { what, found });
}

export function endsEarly(what: string, found: string): ReelError {
  return new ReelError("exchange.truncated", { what, found });
}

export function tooLarge(what: string, found: number, limit: number): ReelError {
  return new ReelError("exchange.too-large", { what, found, limit });
}

/** Runs a decoder of the catalog's formats over what was received: its complaints become the sender's. */
export function received<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ReelError && error.code.startsWith("format.")) {
      throw new ReelError("exchange.damaged", { what, found: error.message }, { cause: error });
    }
    throw error;
  }
}
