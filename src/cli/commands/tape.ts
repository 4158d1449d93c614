// reel tape: list, show, cat, verify.
import type { Command } from "commander";
import { EXIT } from "../../core/errors.ts";
import type { TapeCatRequest, TapeRequest } from "../../job/tape-requests.ts";
import type { Invocation } from "../invocation.ts";
import { addGlobalOptions } from "../settings.ts";
import { act, type Host, textArgument, verb, wholeNumber } from "../verb.ts";

/** What each of them may run; a test gives others. */
const RUNS = {
  list: runTapeList,
  show: runTapeShow,
  cat: runTapeCat,
  verify: runTapeVerify,
} as const;

const TAPE_ARGUMENT = "a label of the library, the path of a .tap file or of a plain dump, or '-'";

export function tapeCommand(host: Host, runs: typeof RUNS = RUNS): Command {
  const command = verb("tape", {
    summary: "list tapes, show and copy out what is on one",
    examples: [["reel tape list", "the tapes that the catalog knows"]],
  }).usage("[options] list|show|cat|verify ...");
  return addGlobalOptions(command)
    .helpCommand(false)
    .addCommand(listCommand(host, runs.list))
    .addCommand(showCommand(host, runs.show))
    .addCommand(imageCommand(host, runs.cat))
    .addCommand(checkCommand(host, runs.verify));
}

function listCommand(host: Host, run: typeof runTapeList): Command {
  const command = verb("list", {
    summary: "the tapes of the library, and those that were used elsewhere",
    examples: [["reel tape list", "labels, images, sizes, and where each is"]],
  });
  return act<object, null>(host, command, () => null, run);
}

function showCommand(host: Host, run: typeof runTapeShow): Command {
  const command = verb("show", {
    summary: "the images on a tape",
    about:
      "Shows the images on a tape, numbered from 1, read from the tape itself: no catalog is needed.",
    examples: [["reel tape show REEL01", "level, date and size of each image"]],
  }).argument("<tape>", TAPE_ARGUMENT);
  return act<object, TapeRequest>(
    host,
    command,
    (args) => ({ tape: textArgument(args[0]) ?? "" }),
    run,
  );
}

interface ImageOptions {
  readonly number?: number;
}

function imageCommand(host: Host, run: typeof runTapeCat): Command {
  const command = verb("cat", {
    summary: "write an image of a tape as a plain dump stream to standard output",
    about:
      "Writes the K-th image of a tape to standard output as the plain stream that dump(8) makes and restore(8) reads.",
    examples: [
      [
        "reel tape cat REEL01 -n 2 | restore -tf -",
        "list the second image with the restore of any Unix",
      ],
      ["reel tape cat old.tap -n 1 > home.0", "copy an image into a file"],
    ],
  })
    .argument("<tape>", TAPE_ARGUMENT)
    .option("-n, --number <k>", "the K-th image, from 1", wholeNumber, 1);
  return act<ImageOptions, TapeCatRequest>(
    host,
    command,
    (args, options) => ({ tape: textArgument(args[0]) ?? "", number: options.number ?? 1 }),
    run,
  );
}

function checkCommand(host: Host, run: typeof runTapeVerify): Command {
  const command = verb("verify", {
    summary: "read a tape through and check it",
    about:
      "Reads every image of a tape, checks the stream, and compares contents with the digests in the catalog.",
    examples: [["reel tape verify REEL01", "before it goes to the vault"]],
  }).argument("<tape>", TAPE_ARGUMENT);
  return act<object, TapeRequest>(
    host,
    command,
    (args) => ({ tape: textArgument(args[0]) ?? "" }),
    run,
  );
}

async function runTapeList(_: null, invocation: Invocation): Promise<undefined> {
  const job = await import("../../job/tape-job.ts");
  const { renderTapeList, tapeListObject } = await import("../render/tape.ts");
  const report = await job.runTapeList(invocation.context());
  invocation.print(
    invocation.settings.json
      ? tapeListObject(report)
      : renderTapeList(report, invocation.settings.paint),
  );
  return undefined;
}

async function runTapeShow(request: TapeRequest, invocation: Invocation): Promise<number> {
  const job = await import("../../job/tape-job.ts");
  const { renderTapeShow, tapeShowObject } = await import("../render/tape.ts");
  const report = await job.runTapeShow(request, invocation.context());
  const { io, settings } = invocation;
  invocation.print(
    settings.json ? tapeShowObject(report) : renderTapeShow(report, (time) => io.clock.zone(time)),
  );
  return report.damaged.length > 0 ? EXIT.corrupt : EXIT.done;
}

async function runTapeCat(request: TapeCatRequest, invocation: Invocation): Promise<undefined> {
  const job = await import("../../job/tape-job.ts");
  invocation.io.out.flush();
  await invocation.withProgress({}, (context) => job.runTapeCat(request, context));
  return undefined;
}

async function runTapeVerify(request: TapeRequest, invocation: Invocation): Promise<number> {
  const job = await import("../../job/tape-job.ts");
  const { renderTapeVerify, tapeVerifyObject } = await import("../render/tape.ts");
  const report = await invocation.withProgress({}, (context) =>
    job.runTapeVerify(request, context),
  );
  const { io, settings } = invocation;
  invocation.print(
    settings.json
      ? tapeVerifyObject(report)
      : renderTapeVerify(report, (time) => io.clock.zone(time)),
  );
  const sound =
    report.damaged.length === 0 && report.images.every((image) => image.problems.length === 0);
  return sound ? EXIT.done : EXIT.corrupt;
}
