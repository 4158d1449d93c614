// Dates compared with what `hg debugdate` makes of them.
import { afterAll, describe, expect, test } from "vitest";
import { type DateContext, parseDate, parseDateSpan } from "../../src/core/dates.ts";
import { ReelError } from "../../src/core/errors.ts";
import { HgServer } from "../hg-server.ts";

const hg = new HgServer();
afterAll(() => hg.close());

const context = (): DateContext => ({ now: Date.now() / 1000, zoneOf: () => 0 });

function ours(text: string): string {
  try {
    const { time, zone } = parseDate(text, context());
    return `${time} ${zone}`;
  } catch (error) {
    if (error instanceof ReelError && error.code === "date.bad") return "error";
    throw error;
  }
}

async function theirs(text: string): Promise<string> {
  // Without -e, a year or a month alone is refused; Reel takes both everywhere.
  const answer = await hg.run("debugdate", "-e", "--", text);
  return answer.code === 0
    ? (/^internal: (.*)$/m.exec(answer.output.toString())?.[1] ?? "")
    : "error";
}

test.each([
  "2026-11-23",
  "2026-11-23 10:00",
  "2026-11-23 10:00:59",
  "2026-11-23T10:00:59",
  "2026-11-23T10:00",
  "2026-11-23T100059",
  "2026-11-23 1000",
  "2026-11-23 10:00 +0100",
  "2026-11-23 10:00:00 -0930",
  "2026-11-23 10:00 UTC",
  "2026-11-23T10:00:00Z",
  "2026-11-23T10:00:00+01:00",
  "2026-11-23 +0545",
  "2026-11-23 10:30pm",
  "2026-11-23 12:00am",
  "Nov 23",
  "Nov 23 2026",
  "nov 5 10:30",
  "Mon Nov 23 10:30:00 2026",
  "Mon, 23 Nov 2026 10:30:00 +0100",
  "Thu Apr 24 18:50:22 2008 +0100",
  "11-23",
  "11/23",
  "11/23/26",
  "11/23/2026",
  "11/23/99",
  "10:30",
  "10:30:15",
  "3:05pm",
  "2026",
  "2026-11",
  "Nov",
  "Nov 2026",
  "1267430400 -3600",
  "0 0",
  "-5 0",
  "2147483647 0",
  "2147483648 0",
  "1 43201",
  "1 -50401",
  "2026-02-29",
  "2024-02-29",
  "2026-13-01",
  "2026-00-10",
  "2026-11-31",
  "25:00",
  "10:60",
  "rubbish",
  "2026-11-23 rubbish",
  "tomorrow",
  "Nov 31",
  "13/1",
])("%s", async (text) => {
  expect(ours(text)).toBe(await theirs(text));
});

test.each(["today", "yesterday"])("%s is a day ago at most", async (text) => {
  expect(ours(text)).toBe(await theirs(text));
});

describe("spans", () => {
  const utc = (text: string) => Date.parse(`${text}Z`) / 1000;
  test.each([
    ["2026-11-23", "2026-11-23T00:00:00", "2026-11-23T23:59:59"],
    ["2026-11", "2026-11-01T00:00:00", "2026-11-30T23:59:59"],
    ["2024-02", "2024-02-01T00:00:00", "2024-02-29T23:59:59"],
    ["2026", "2026-01-01T00:00:00", "2026-12-31T23:59:59"],
    ["2026-11-23 10:00", "2026-11-23T10:00:00", "2026-11-23T10:00:59"],
    ["2026-11-01 to 2026-11-23", "2026-11-01T00:00:00", "2026-11-23T23:59:59"],
  ])("%s", (text, from, to) => {
    expect(parseDateSpan(text, context())).toEqual({ from: utc(from), to: utc(to) });
  });

  test("open to one side", () => {
    expect(parseDateSpan("<2026-11", context())).toEqual({
      from: -Infinity,
      to: utc("2026-11-30T23:59:59"),
    });
    expect(parseDateSpan(">2026-11", context())).toEqual({
      from: utc("2026-11-01T00:00:00"),
      to: Infinity,
    });
    expect(parseDateSpan("-7", { now: 1_000_000, zoneOf: () => 0 }).from).toBe(
      1_000_000 - 7 * 86_400,
    );
  });

  test("local time where no zone is given", () => {
    const berlin: DateContext = {
      now: 1_700_000_000,
      zoneOf: (time) => (time > 1_711_846_800 ? -7200 : -3600),
    };
    expect(parseDate("2024-01-15 12:00", berlin)).toEqual({
      time: utc("2024-01-15T11:00:00"),
      zone: -3600,
    });
    expect(parseDate("2024-06-15 12:00", berlin)).toEqual({
      time: utc("2024-06-15T10:00:00"),
      zone: -7200,
    });
  });
});
