// docs/errors.md, made from the tables of src/core/errors.ts: `npm run docs` writes it, test/tidy.test.ts
// holds it to the tables.
import { ERRORS, EXIT } from "../src/core/errors.ts";

const EXIT_MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  done: "done",
  failed: "failed",
  usage: "the command line was not understood, or asks for what cannot be",
  incomplete: "done, but some files were skipped or changed while they were read; they are listed",
  operator: "an operator is needed: another tape is to be mounted",
  noCatalog: "there is no catalog here, or it cannot be opened",
  locked: "another writer holds the catalog",
  corrupt: "something that was read is damaged",
  interrupted: "interrupted",
};

/** Facts stand between percent signs in the table; a reader sees them in italics. */
function show(text: string): string {
  return text
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;")
    .replaceAll(/%([a-zA-Z]+)%/g, "*$1*");
}

/** The part before the dot names who throws it. */
function domainOf(code: string): string {
  return code.includes(".") ? code.slice(0, code.indexOf(".")) : "any";
}

export function errorsPage(): string {
  const lines = [
    "# Errors and exit codes",
    "",
    "Made from `src/core/errors.ts` by `npm run docs`; do not edit it here.",
    "",
    "A failure is printed on standard error as `reel: message` and a line with the remedy; with `--json` as one",
    "object with `code`, `message`, `data` and `remedy`. Words in italics stand for a fact of the case.",
    "",
    "| exit code | meaning |",
    "|---|---|",
  ];
  for (const [name, code] of Object.entries(EXIT)) {
    lines.push(`| ${code} | ${EXIT_MEANING[name as keyof typeof EXIT]} |`);
  }
  const codes = Object.keys(ERRORS).toSorted() as (keyof typeof ERRORS)[];
  for (const domain of new Set(codes.map(domainOf).toSorted())) {
    lines.push("", `## ${domain}`, "", "| code | exit | message | remedy |", "|---|---|---|---|");
    for (const code of codes.filter((each) => domainOf(each) === domain)) {
      const { exit, message, remedy } = ERRORS[code];
      lines.push(`| \`${code}\` | ${exit} | ${show(message)} | ${show(remedy)} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
