// How many columns text takes in a terminal. Asked for plain text only: colours come after cutting.

type Measure = (text: string) => number;

// With the ellipsis, which cutting adds: 1 wide as well.
const ASCII = /^[\x20-\x7e…]*$/;

// Labels are measured at each drawing: 8 µs a time.
const known = new Map<string, number>();
const MOST_KNOWN = 1000;

let measure: Measure = guess;
let loading: Promise<void> | undefined;
let segmenter: Intl.Segmenter | undefined;

/** The columns that plain text of one line takes. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  loadTextWidth();
  let width = known.get(text);
  if (width === undefined) {
    width = measure(text);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(text, width);
  }
  return width;
}

/** Cuts plain text of one line to a width, with `…` for what is left out. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return "";
  if (ASCII.test(text)) return text.slice(0, width - 1) + "…";
  segmenter ??= new Intl.Segmenter();
  let kept = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += textWidth(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return kept + "…";
}

/** Cuts or fills plain text to exactly a width. */
export function fitText(text: string, width: number): string {
  const cut = cutText(text, width);
  return cut + " ".repeat(Math.max(0, width - textWidth(cut)));
}

/** Loads what measures text beyond ASCII; until then, widths are guessed, never too small. */
export function loadTextWidth(): Promise<void> {
  // Loaded when first needed: it takes 35 ms, and most labels are ASCII.
  return loading ??= import("string-width").then(
    (module) => {
      measure = (text) => module.default(text);
      known.clear();
    },
    // Where npm is out of reach the guess will do: text is cut a little early.
    () => {},
  );
}

function guess(text: string): number {
  let width = 0;
  for (const character of text) width += ASCII.test(character) ? 1 : 2;
  return width;
}
