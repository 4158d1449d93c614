// Dates as people write them, in Mercurial's forms: "2026-11-23 10:00 +0100", "Nov 23", "10:30", "yesterday",
// "1267430400 -3600" (seconds since 1970 and seconds west of UTC); and spans of them: "<DATE", ">DATE",
// "DATE to DATE", "-7" (the last seven days). What a date leaves out below its last word is open: a span
// takes it whole ("2026-11" is the month); what it leaves out above is today's ("10:30" is today).
import { ReelError } from "./errors.ts";

export interface DateStamp {
  /** Seconds since 1970. */
  readonly time: number;
  /** Seconds west of UTC. */
  readonly zone: number;
}

/** What "now" and "here" are. */
export interface DateContext {
  readonly now: number;
  /** Seconds west of UTC here at that time. */
  readonly zoneOf: (time: number) => number;
}

/** Both ends belong to it; seconds since 1970. */
export interface DateSpan {
  readonly from: number;
  readonly to: number;
}

const TIME_MIN = -0x8000_0000;
/** Mercurial refuses later dates from people, though it reads them. */
const TIME_MAX = 0x7fff_ffff;
const ZONE_MIN = -50_400;
const ZONE_MAX = 43_200;
const DAY_SECONDS = 86_400;

interface Fields {
  year?: number;
  month?: number;
  day?: number;
  hour?: number;
  minute?: number;
  second?: number;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH = "(?<monthName>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*";
const WEEKDAY = "(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\\s+)?";
const CLOCK = "(?<hour>\\d{1,2}):(?<minute>\\d{2})(?::(?<second>\\d{2}))?(?:\\s*(?<half>am|pm))?";
const CLOCK_ALONE = "(?<hour>\\d{2})(?<minute>\\d{2})(?<second>\\d{2})?";

const FORMS: readonly RegExp[] = [
  `(?<year>\\d{4})-(?<month>\\d{1,2})-(?<day>\\d{1,2})(?:[T\\s]\\s*(?:${CLOCK}))?`,
  `(?<year>\\d{4})-(?<month>\\d{1,2})-(?<day>\\d{1,2})[T\\s]\\s*${CLOCK_ALONE}`,
  "(?<month>\\d{1,2})-(?<day>\\d{1,2})",
  "(?<month>\\d{1,2})/(?<day>\\d{1,2})(?:/(?<year>\\d{4}|\\d{2}))?",
  `${WEEKDAY}${MONTH}\\s+(?<day>\\d{1,2})(?:\\s+${CLOCK})?(?:\\s+(?<year>\\d{4}))?`,
  `${WEEKDAY}(?<day>\\d{1,2})\\s+${MONTH}\\s+(?<year>\\d{4})(?:\\s+${CLOCK})?`,
  CLOCK,
  "(?<year>\\d{4})(?:-(?<month>\\d{1,2}))?",
  `${MONTH}(?:\\s+(?<year>\\d{4}))?`,
].map((form) => new RegExp(`^${form}$`, "i"));

/** One moment; what is left out below is the earliest. Throws `date.bad`. */
export function parseDate(text: string, context: DateContext): DateStamp {
  const stamp = readDate(text, context, "earliest");
  return stamp ?? bad(text);
}

/** Throws `date.bad`. */
export function parseDateSpan(text: string, context: DateContext): DateSpan {
  const trimmed = text.trim();
  const earliest = (of: string) => (readDate(of, context, "earliest") ?? bad(text)).time;
  const latest = (of: string) => (readDate(of, context, "latest") ?? bad(text)).time;
  if (trimmed === "") return bad(text);
  if (trimmed.startsWith("<"))
    return { from: Number.NEGATIVE_INFINITY, to: latest(trimmed.slice(1)) };
  if (trimmed.startsWith(">"))
    return { from: earliest(trimmed.slice(1)), to: Number.POSITIVE_INFINITY };
  if (/^-\d+$/.test(trimmed)) {
    return {
      from: context.now - Number(trimmed.slice(1)) * DAY_SECONDS,
      to: Number.POSITIVE_INFINITY,
    };
  }
  const ends = trimmed.split(" to ");
  if (ends.length === 2)
    return { from: earliest(ends[0] as string), to: latest(ends[1] as string) };
  return { from: earliest(trimmed), to: latest(trimmed) };
}

function bad(text: string): never {
  throw new ReelError("date.bad", { found: text });
}

function readDate(
  text: string,
  context: DateContext,
  end: "earliest" | "latest",
): DateStamp | null {
  const trimmed = text.trim();
  if (trimmed.toLowerCase() === "now")
    return { time: context.now, zone: context.zoneOf(context.now) };
  const raw = /^(-?\d+)\s(-?\d+)$/.exec(trimmed);
  if (raw !== null) return checked(Number(raw[1]), Number(raw[2]));
  const today = localDay(context, context.now);
  if (/^(today|yesterday)$/i.test(trimmed)) {
    const ago = trimmed.toLowerCase() === "today" ? 0 : DAY_SECONDS;
    return complete(localDay(context, context.now - ago), null, context, end, today);
  }
  const { rest, zone } = splitZone(trimmed);
  for (const form of FORMS) {
    const match = form.exec(rest);
    if (match?.groups !== undefined) {
      const fields = fieldsOf(match.groups);
      return fields === null ? null : complete(fields, zone, context, end, today);
    }
  }
  return null;
}

function checked(time: number, zone: number): DateStamp | null {
  if (!(time >= TIME_MIN && time <= TIME_MAX && zone >= ZONE_MIN && zone <= ZONE_MAX)) return null;
  return { time, zone };
}

/** The zone at the end: "+0100", "+01:00", "UTC", "GMT", and "Z" after a time of day. */
function splitZone(text: string): { rest: string; zone: number | null } {
  const named = /^(.*\S)\s+(?:UTC|GMT)$/i.exec(text) ?? /^(.*\d)Z$/.exec(text);
  if (named !== null) return { rest: named[1] as string, zone: 0 };
  // A minus behind digits only ("2026-1123") is no zone: it needs a blank or a time of day before it.
  const offset = /^(.*\s|.*:\d\d)([+-])(\d\d):?(\d\d)$/.exec(text);
  if (offset === null) return { rest: text, zone: null };
  const seconds = Number(offset[3]) * 3600 + Number(offset[4]) * 60;
  return { rest: (offset[1] as string).trim(), zone: offset[2] === "+" ? -seconds : seconds };
}

function fieldsOf(groups: Readonly<Record<string, string | undefined>>): Fields | null {
  const fields: Fields = {};
  const name = groups["monthName"];
  if (name !== undefined) fields.month = MONTHS.indexOf(name.toLowerCase()) + 1;
  for (const key of ["year", "month", "day", "hour", "minute", "second"] as const) {
    const digits = groups[key];
    if (digits !== undefined) fields[key] = Number(digits);
  }
  if (groups["year"]?.length === 2)
    fields.year = (fields.year as number) + ((fields.year as number) < 69 ? 2000 : 1900);
  const half = groups["half"]?.toLowerCase();
  if (half !== undefined && fields.hour !== undefined) {
    if (fields.hour < 1 || fields.hour > 12) return null;
    fields.hour = (fields.hour % 12) + (half === "pm" ? 12 : 0);
  }
  const { month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
  const inRange =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 31 &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 60;
  return inRange ? fields : null;
}

/** Fills what is left out: below what is given with the end of the span, above it with today. */
function complete(
  given: Fields,
  zone: number | null,
  context: DateContext,
  end: "earliest" | "latest",
  today: Required<Pick<Fields, "year" | "month" | "day">>,
): DateStamp | null {
  const late = end === "latest";
  const order = ["second", "minute", "hour", "day", "month", "year"] as const;
  const open = {
    second: late ? 59 : 0,
    minute: late ? 59 : 0,
    hour: late ? 23 : 0,
    day: late ? 31 : 1,
    month: late ? 12 : 1,
    year: today.year,
  };
  const full = { ...open };
  let below = true;
  for (const key of order) {
    const value = given[key];
    if (value !== undefined) {
      full[key] = value;
      below = false;
    } else if (!below && (key === "day" || key === "month" || key === "year"))
      full[key] = today[key];
  }
  const last = new Date(Date.UTC(full.year, full.month, 0)).getUTCDate();
  if (full.day > last) {
    if (given.day !== undefined) return null;
    full.day = last;
  }
  const local =
    Date.UTC(full.year, full.month - 1, full.day, full.hour, full.minute, full.second) / 1000;
  return checked(local + (zone ?? localZone(context, local)), zone ?? localZone(context, local));
}

/** The zone that holds at a local time: asked at the time itself, then at the moment that gives. */
function localZone(context: DateContext, local: number): number {
  return context.zoneOf(local + context.zoneOf(local));
}

function localDay(
  context: DateContext,
  time: number,
): Required<Pick<Fields, "year" | "month" | "day">> {
  const local = new Date((time - context.zoneOf(time)) * 1000);
  return { year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate() };
}
