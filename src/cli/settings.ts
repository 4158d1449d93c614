// The options that every verb has, and what they come to together with the environment.
import type { Command } from "commander";
import { ReelError } from "../core/errors.ts";
import type { Io } from "./io.ts";
import type { Verbosity } from "./render/log.ts";
import { colourPaint, type Paint, plainPaint } from "./render/paint.ts";

export interface Settings {
  /** -R */
  readonly directory: string | null;
  readonly json: boolean;
  readonly verbosity: Verbosity;
  readonly paint: Paint;
  /** The pager's command, or null for none. */
  readonly pager: string | null;
}

interface GlobalOptions {
  readonly catalog?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly debug?: boolean;
  readonly color?: string;
  readonly pager?: boolean;
}

const PAGER_DEFAULT = "less -FRX";

/** They may stand before the verb and after it. */
export function addGlobalOptions(command: Command): Command {
  return command
    .optionsGroup("Options of all verbs:")
    .option("-R, --catalog <dir>", "the catalog; default: the one here or above")
    .option("--json", "print JSON")
    .option("-q, --quiet", "print less")
    .option("-v, --verbose", "print more")
    .option("--debug", "print everything")
    .option("--color <when>", "always, never or auto")
    .option("--no-pager", "do not page long output");
}

export function settingsOf(command: Command, io: Io): Settings {
  const options: GlobalOptions = command.optsWithGlobals<GlobalOptions>();
  const json = options.json === true;
  const noPager = [command, ...ancestors(command)].some(
    (c) => c.getOptionValueSource("pager") === "cli",
  );
  return {
    directory: options.catalog ?? io.env["REEL_CATALOG"] ?? null,
    json,
    verbosity:
      options.debug === true
        ? "debug"
        : options.verbose === true
          ? "verbose"
          : options.quiet === true
            ? "quiet"
            : "normal",
    paint: !json && wantsColour(options.color ?? "auto", io) ? colourPaint : plainPaint,
    pager:
      noPager || json || !io.outputIsTerminal
        ? null
        : (io.env["REEL_PAGER"] ?? io.env["PAGER"] ?? PAGER_DEFAULT),
  };
}

function ancestors(command: Command): Command[] {
  return command.parent === null ? [] : [command.parent, ...ancestors(command.parent)];
}

/** https://no-color.org: any text in NO_COLOR is a no, but --color is asked first. */
function wantsColour(when: string, io: Io): boolean {
  if (when === "always" || when === "never") return when === "always";
  if (when !== "auto")
    throw new ReelError("usage", { found: `--color is always, never or auto, not '${when}'` });
  const { NO_COLOR, TERM } = io.env;
  return io.outputIsTerminal && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb";
}
