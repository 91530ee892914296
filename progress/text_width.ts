// How many columns text takes in a terminal. Asked for plain text only: colours come after cutting.

type Measure = (text: string) => number;

// Latin, Greek and Cyrillic letters and signs, the lines that bars are drawn with, and the ellipsis, which
// cutting adds: each of them one column wide and one code unit long. Not the soft hyphen, U+00AD, nor what
// combines with the letter before it.
const NARROW = /^[\x20-\x7e\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f\u2500-\u257f…]*$/;

// Labels are measured at each drawing: 8 µs a time.
const known = new Map<string, number>();
const MOST_KNOWN = 1000;

let measure: Measure = guess;
let loading: Promise<void> | undefined;
let segmenter: Intl.Segmenter | undefined;

/** The columns that plain text of one line takes. */
export function textWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
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
  if (NARROW.test(text)) return text.slice(0, width - 1) + "…";
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

/** How much of what is kept stands before the `…` of {@linkcode cutMiddle}. */
const HEAD = 0.4;

/**
 * Cuts plain text of one line to a width, with `…` in its middle: tasks of one type begin alike, with the same
 * nested tasks often, and differ at their end.
 */
export function cutMiddle(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const head = Math.ceil((width - 1) * HEAD);
  if (width < 2 || head + 1 >= width) return cutText(text, width);
  if (NARROW.test(text)) return `${text.slice(0, head)}…${text.slice(head + 1 - width)}`;
  segmenter ??= new Intl.Segmenter();
  const segments = Array.from(segmenter.segment(text), ({ segment }) => segment);
  const first = fitting(segments, head);
  const last = fitting(segments.toReversed(), width - 1 - textWidth(first.join("")));
  return `${first.join("")}…${last.toReversed().join("")}`;
}

function fitting(segments: readonly string[], width: number): string[] {
  let used = 0;
  const kept: string[] = [];
  for (const segment of segments) {
    used += textWidth(segment);
    if (used > width) break;
    kept.push(segment);
  }
  return kept;
}

/** Cuts or fills plain text to exactly a width. */
export function fitText(
  text: string,
  width: number,
  cut: (text: string, width: number) => string = cutText,
): string {
  const kept = cut(text, width);
  return kept + " ".repeat(Math.max(0, width - textWidth(kept)));
}

/** The indentation of what {@linkcode wrapText} moves to a further line. */
const INDENTATION = "  ";

/**
 * Breaks plain text of one line between words into lines of a width, those after the first indented. A word
 * that is longer than a line, as a path may be, is left to the terminal to break.
 */
export function wrapText(text: string, width: number): string[] {
  if (textWidth(text) <= width) return [text];
  const [, start, rest] = /^( *)(.*)$/s.exec(text)!;
  const lines: string[] = [];
  let line = start!;
  let isEmpty = true;
  for (const word of rest!.split(" ")) {
    const fits = textWidth(start + INDENTATION + word) <= width;
    if (!isEmpty && fits && textWidth(`${line} ${word}`) > width) {
      lines.push(line);
      line = start + INDENTATION + word;
    } else line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Loads what measures text beyond narrow letters; until then, widths are guessed, never too small. */
export function loadTextWidth(): Promise<void> {
  // Loaded when first needed: it takes 35 ms, and most labels do without.
  return loading ??= import("string-width").then(
    (module) => {
      measure = (text) => module.default(text);
      known.clear();
    },
    // Where npm is out of reach the guess will do: text is cut a little early.
    () => {},
  );
}

/** Whether widths are guessed, since nothing that measures them is loaded (yet). */
export function isGuessing(): boolean {
  return measure === guess;
}

function guess(text: string): number {
  let width = 0;
  for (const character of text) width += NARROW.test(character) ? 1 : 2;
  return width;
}
