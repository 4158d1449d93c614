// Prints changesets one after another: in a style, with or without the drawn graph.
import type { GraphNode } from "../catalog/graph.ts";
import { type Rev, toRev } from "../core/ids.ts";
import type { Catalog, HistoryStep } from "../job/requests.ts";
import { dateContext, History } from "../job/walk-job.ts";
import type { Invocation } from "./invocation.ts";
import { type ChangesetView, graphSymbol, viewChangeset } from "./render/changeset-view.ts";
import { GraphPen } from "./render/graph.ts";
import { type LogStyle, logStyle, reelJson } from "./render/log-style.ts";
import type { TemplateEnvironment } from "./render/template.ts";

export class ChangesetPrinter {
  readonly history: History;
  private readonly catalog: Catalog;
  private readonly invocation: Invocation;
  private readonly style: LogStyle;
  private readonly environment: TemplateEnvironment;
  private readonly currentRev: Rev;

  /** `template` is -T, or null for the default style. */
  constructor(catalog: Catalog, invocation: Invocation, template: string | null) {
    const { io, settings } = invocation;
    this.catalog = catalog;
    this.invocation = invocation;
    this.history = new History(catalog, dateContext(io.clock));
    this.style = settings.json
      ? reelJson(settings.verbosity)
      : logStyle(template, settings.verbosity);
    this.currentRev = this.history.names.current;
    this.environment = {
      paint: settings.paint,
      now: Number(io.clock.now() / 1_000_000_000n),
      zoneOf: (time) => io.clock.zone(time),
      revset: (query) => this.history.evaluate(query),
      shortest: (node, digits) => this.shortest(node, digits),
      viewOf: (rev) => this.view(rev),
    };
  }

  private view(rev: number, step?: HistoryStep): ChangesetView {
    return viewChangeset(this.catalog.changelog, toRev(rev), {
      current: this.currentRev,
      changes: (of) => this.catalog.changes(of),
      ...(step === undefined ? {} : { step }),
    });
  }

  private shortest(node: string, digits: number): string {
    const { changelog } = this.catalog;
    const found = /^[0-9a-f]{1,40}$/.test(node) ? changelog.byPrefix(node) : "unknown";
    return typeof found === "number" ? this.history.shortest(changelog.node(found), digits) : node;
  }

  /** JSON is never drawn. `steps` is the history of one path. */
  async print(
    nodes: Iterable<GraphNode>,
    graph: boolean,
    steps: ReadonlyMap<Rev, HistoryStep> = new Map(),
  ): Promise<void> {
    const { out } = this.invocation.io;
    const pen = graph && !this.invocation.settings.json ? new GraphPen() : null;
    let index = 0;
    for (const node of nodes) {
      const view = this.view(node.rev, steps.get(node.rev));
      const text = this.entry(view, index, pen?.widthAt(node) ?? 0);
      if (index === 0) out.write(this.style.begin);
      else out.write(this.style.between);
      if (pen === null) out.write(text);
      else
        for (const line of pen.draw(node, graphSymbol(view), linesOf(text))) out.write(`${line}\n`);
      index++;
      await out.settle();
    }
    out.write(index === 0 ? this.style.emptyListing : this.style.end);
  }

  private entry(view: ChangesetView, index: number, graphWidth: number): string {
    const { verbosity } = this.invocation.settings;
    const context = {
      view,
      debug: verbosity === "debug",
      verbosity,
      graphWidth,
      terminalWidth: this.invocation.io.width,
      index,
    };
    return this.style.entry(context, this.environment);
  }

  close(): void {
    this.catalog.close();
  }
}

/** The last line end is not another line. */
function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
