/** What a piece of text means, told by colour. */
export type Style = "ran" | "cached" | "failed" | "skipped" | "faint" | "strong";

// Select Graphic Rendition, ECMA-48 section 8.3.117: the 8 basic colours, which every theme defines.
const CODES: Readonly<Record<Style, number>> = {
  ran: 32,
  cached: 36,
  failed: 31,
  skipped: 33,
  faint: 2,
  strong: 1,
};

/** Writes text in a style, or as it is. */
export type Paint = (text: string, style: Style) => string;

/** Colours text. */
export function paintColor(text: string, style: Style): string {
  return text === "" ? "" : `\x1b[${CODES[style]}m${text}\x1b[0m`;
}

/** Leaves text without colour. */
export function paintNothing(text: string): string {
  return text;
}

/** Takes back what {@linkcode paintColor} added. */
export function unpaint(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[\d+m/g, "");
}
