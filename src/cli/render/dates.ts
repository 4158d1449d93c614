// Dates as Mercurial writes them: seconds since 1970 and seconds west of UTC, shown in that zone.

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

export const DATE_FORMAT = {
  /** `hg log`: "Thu Apr 24 19:29:53 2008 +0100". */
  date: "%a %b %d %H:%M:%S %Y %1%2",
  isodate: "%Y-%m-%d %H:%M %1%2",
  isodatesec: "%Y-%m-%d %H:%M:%S %1%2",
  rfc822date: "%a, %d %b %Y %H:%M:%S %1%2",
  rfc3339date: "%Y-%m-%dT%H:%M:%S%1:%2",
  shortdate: "%Y-%m-%d",
} as const;

function two(n: number, fill = "0"): string {
  return String(n).padStart(2, fill);
}

/** `format` has strftime's letters, and `%1%2`: hours with sign and minutes of the zone. */
export function formatDate(time: number, zone: number, format: string): string {
  const local = new Date((Math.floor(time) - zone) * 1000);
  if (Number.isNaN(local.getTime())) return `${time} ${zone}`;
  const sign = zone > 0 ? "-" : "+";
  const minutes = Math.floor(Math.abs(zone) / 60);
  const one = `${sign}${two(Math.floor(minutes / 60))}`;
  const other = two(minutes % 60);
  return format.replaceAll(/%([a-zA-Z%12])/g, (whole, letter: string) => {
    switch (letter) {
      case "1":
        return one;
      case "2":
        return other;
      case "z":
        return one + other;
      case "Z":
        return "";
      case "s":
        return String(Math.floor(time));
      case "%":
        return "%";
      default:
        return calendarField(local, letter) ?? whole;
    }
  });
}

function calendarField(local: Date, letter: string): string | null {
  const hour = local.getUTCHours();
  switch (letter) {
    case "Y":
      return String(local.getUTCFullYear()).padStart(4, "0");
    case "y":
      return two(local.getUTCFullYear() % 100);
    case "m":
      return two(local.getUTCMonth() + 1);
    case "d":
      return two(local.getUTCDate());
    case "e":
      return two(local.getUTCDate(), " ");
    case "j":
      return String(dayOfYear(local)).padStart(3, "0");
    case "H":
      return two(hour);
    case "I":
      return two(hour % 12 === 0 ? 12 : hour % 12);
    case "p":
      return hour < 12 ? "AM" : "PM";
    case "M":
      return two(local.getUTCMinutes());
    case "S":
      return two(local.getUTCSeconds());
    case "a":
      return (DAYS[local.getUTCDay()] as string).slice(0, 3);
    case "A":
      return DAYS[local.getUTCDay()] as string;
    case "b":
    case "h":
      return (MONTHS[local.getUTCMonth()] as string).slice(0, 3);
    case "B":
      return MONTHS[local.getUTCMonth()] as string;
    case "w":
      return String(local.getUTCDay());
    case "u":
      return String(local.getUTCDay() || 7);
    case "F":
      return local.toISOString().slice(0, 10);
    case "T":
    case "X":
      return local.toISOString().slice(11, 19);
    case "R":
      return local.toISOString().slice(11, 16);
    case "n":
      return "\n";
    case "t":
      return "\t";
    default:
      return null;
  }
}

function dayOfYear(local: Date): number {
  return Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
}

const AGES: readonly (readonly [string, number])[] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** "3 days ago", "2 weeks from now"; dates over two years off are given as a date. */
export function formatAge(time: number, zone: number, now: number): string {
  const future = time > now;
  const seconds = future
    ? Math.max(1, Math.floor(time - now))
    : Math.max(1, Math.floor(now - time));
  if (seconds > 30 * 365 * 86_400 && future) return "in the distant future";
  if (!future && seconds > 2 * 365 * 86_400) return formatDate(time, zone, DATE_FORMAT.shortdate);
  for (const [unit, length] of AGES) {
    const count = Math.floor(seconds / length);
    if (count >= 2 || length === 1) {
      const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
      return future ? `${words} from now` : `${words} ago`;
    }
  }
  return "";
}

/** "2008-04-24 19:29:53.000000001 +0100", for records. */
export function formatNanoseconds(time: number, nanoseconds: number, zone: number): string {
  const seconds = formatDate(time, zone, "%Y-%m-%d %H:%M:%S");
  return `${seconds}.${String(nanoseconds).padStart(9, "0")} ${formatDate(time, zone, "%1%2")}`;
}
