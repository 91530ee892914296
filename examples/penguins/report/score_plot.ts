// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear, scaleLog } from "d3-scale";
// @ts-types="npm:@types/d3-shape@^3.1.7"
import { line } from "d3-shape";
import type { Standing } from "../tasks/ranking.ts";

const WIDTH = 1080;
const HEIGHT = 420;
const MARGIN = { top: 112, right: 24, bottom: 58, left: 64 };
const GAP = 28;
// Okabe and Ito's colours, which people with any colour vision tell apart.
const COLOURS = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
];
/** The width of a digit, in the units of the drawing. */
const DIGIT = 8;
const INK = "#222";
const FAINT = "#e4e4e4";

interface Panel {
  readonly model: string;
  readonly parameter: string;
  readonly colour: string;
  readonly points: readonly Standing[];
}

type Scale = (value: number) => number;

/**
 * Draws the accuracy of each setting, one panel a kind of model: a dot for the mean over the folds, a
 * bar for one standard deviation to either side.
 *
 * @returns An SVG document.
 */
export function scorePlot(standings: readonly Standing[], subtitle = ""): string {
  const panels = panelsOf(standings);
  const gaps = GAP * (panels.length - 1);
  const width = (WIDTH - MARGIN.left - MARGIN.right - gaps) / panels.length;
  const bottom = HEIGHT - MARGIN.bottom;
  const middle = (MARGIN.top + bottom) / 2;
  const y = scaleLinear(extent(standings), [bottom, MARGIN.top]);
  const ticks = y.ticks(6).filter((tick) => tick <= 1);
  const drawn = panels.map((panel, i) => {
    const left = MARGIN.left + i * (width + GAP);
    return group("panel", [
      ...ticks.map((tick) => rule(left, y(tick), left + width, y(tick), FAINT)),
      rule(left, bottom, left + width, bottom, INK),
      ...drawPanel(panel, { left, right: left + width, bottom, y }),
    ]);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" ` +
    `height="${HEIGHT}" role="img" font-family="system-ui, 'DejaVu Sans', sans-serif" ` +
    `font-size="12" fill="${INK}">`,
    `<title>Accuracy against parameter, by model</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(MARGIN.left, 30, "Which model tells penguins apart?", `font-size="18" font-weight="600"`),
    text(MARGIN.left, 50, subtitle, `fill="#666"`),
    legend(),
    ...ticks.map((tick) =>
      text(MARGIN.left - 8, y(tick) + 4, tick.toFixed(2), `text-anchor="end"`)
    ),
    text(0, 0, "accuracy", `text-anchor="middle" transform="translate(18 ${middle}) rotate(-90)"`),
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

function panelsOf(standings: readonly Standing[]): Panel[] {
  const models = Map.groupBy(standings, (standing) => standing.model);
  return [...models].sort(([a], [b]) => a < b ? -1 : 1).map(([model, points], i) => ({
    model,
    parameter: points[0]!.parameter,
    colour: COLOURS[i % COLOURS.length]!,
    points: points.toSorted((a, b) => a.value - b.value),
  }));
}

function extent(standings: readonly Standing[]): [number, number] {
  const low = Math.min(...standings.map((standing) => standing.accuracy - standing.accuracy_sd));
  const high = Math.max(...standings.map((standing) => standing.accuracy + standing.accuracy_sd));
  return [Math.floor(low * 20) / 20, Math.max(high, 1)];
}

function drawPanel(
  { model, parameter, colour, points }: Panel,
  { left, right, bottom, y }: { left: number; right: number; bottom: number; y: Scale },
): string[] {
  const x = xScale(points.map((point) => point.value), [left + 16, right - 16]);
  const path = line<Standing>((point) => x(point.value), (point) => y(point.accuracy)).digits(1);
  const best = points.reduce((a, b) => b.rank < a.rank ? b : a);
  return [
    text(left, MARGIN.top - 20, model, `font-size="14" font-weight="600" fill="${colour}"`),
    text((left + right) / 2, bottom + 44, parameter, `text-anchor="middle"`),
    `<path d="${path([...points])}" fill="none" stroke="${colour}" stroke-opacity="0.45" ` +
    `stroke-width="2"/>`,
    ...labelled(points.map((point) => point.value), x).map((value) =>
      text(x(value), bottom + 20, String(value), `text-anchor="middle"`)
    ),
    ...points.flatMap((point) => [
      rule(x(point.value), bottom, x(point.value), bottom + 5, INK),
      errorBar(
        x(point.value),
        y(point.accuracy - point.accuracy_sd),
        y(point.accuracy + point.accuracy_sd),
        colour,
      ),
      dot(point, x(point.value), y(point.accuracy), colour),
    ]),
    `<circle class="best" cx="${round(x(best.value))}" cy="${round(y(best.accuracy))}" r="8" ` +
    `fill="none" stroke="${colour}" stroke-width="1.5"/>`,
  ];
}

// Values that span more than a factor of ten would crowd at the left on a linear scale.
function xScale(values: number[], range: [number, number]): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high) return () => (range[0] + range[1]) / 2;
  return low > 0 && high / low > 10
    ? scaleLog([low, high], range)
    : scaleLinear([low, high], range);
}

/** Those of the ascending values whose labels do not run into the one before. */
function labelled(values: readonly number[], x: Scale): number[] {
  let free = -Infinity;
  return values.filter((value) => {
    const half = String(value).length * DIGIT / 2;
    if (x(value) - half < free) return false;
    free = x(value) + half + DIGIT / 2;
    return true;
  });
}

function dot(point: Standing, x: number, y: number, colour: string): string {
  const said = `${point.parameter} = ${point.value}: ${point.accuracy.toFixed(3)} ± ` +
    point.accuracy_sd.toFixed(3);
  return `<circle class="score" cx="${round(x)}" cy="${round(y)}" r="4" fill="${colour}">` +
    `<title>${escape(said)}</title></circle>`;
}

function errorBar(x: number, low: number, high: number, colour: string): string {
  return [
    rule(x, low, x, high, colour),
    rule(x - 4, low, x + 4, low, colour),
    rule(x - 4, high, x + 4, high, colour),
  ].join("");
}

function legend(): string {
  const y = 46;
  const bar = WIDTH - MARGIN.right - 356;
  const ring = WIDTH - MARGIN.right - 112;
  return group("legend", [
    errorBar(bar, y - 9, y + 9, "#666"),
    `<circle cx="${bar}" cy="${y}" r="4" fill="#666"/>`,
    text(bar + 12, y + 4, "mean ± standard deviation of folds", `fill="#666"`),
    `<circle cx="${ring}" cy="${y}" r="8" fill="none" stroke="#666" stroke-width="1.5"/>`,
    `<circle cx="${ring}" cy="${y}" r="4" fill="#666"/>`,
    text(ring + 14, y + 4, "best of its kind", `fill="#666"`),
  ]);
}

function group(name: string, parts: string[]): string {
  return `<g class="${name}">\n${parts.join("\n")}\n</g>`;
}

function rule(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ` +
    `stroke="${colour}" stroke-width="1.2"/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escape(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
