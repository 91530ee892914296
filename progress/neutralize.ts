/**
 * Text of tasks, made safe to print: a label or log line may hold anything, such as a file's
 * content, and must not move the cursor, clear the screen, set the title or the clipboard, or turn
 * the direction of writing. What is dangerous becomes visible instead.
 *
 * @module
 */

// Colours and weights: ESC [ numbers m. They are harmless, but end with the line.
// deno-lint-ignore no-control-regex
const STYLE = /(?:\x1b\[|\x9b)[\d;:]*m/g;

// Controls (C0, DEL, C1), line and paragraph separators, and what overrides the direction of
// writing (https://trojansource.codes/); not the tab and the newline.
const DANGEROUS =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Makes text of several lines safe: line ends become `\n` (a lone carriage return too, lest a line
 * overwrite itself), tabs stay, colours go, every other control becomes a visible sign.
 */
export function neutralize(text: string): string {
  return visible(normalizeLineEnds(text).replace(STYLE, ""));
}

/** The same, but with colours kept, for what the program itself prints. Reset them after a line. */
export function neutralizeKeepingColor(text: string): string {
  const lines = normalizeLineEnds(text);
  let result = "";
  let from = 0;
  for (const match of lines.matchAll(STYLE)) {
    result += visible(lines.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return result + visible(lines.slice(from));
}

/** Makes text safe and one line: all white space, line ends too, becomes single spaces. */
export function neutralizeLine(text: string): string {
  return neutralize(text).replace(/\s+/g, " ").trim();
}

function normalizeLineEnds(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}

function visible(text: string): string {
  return text.replace(DANGEROUS, (character) => {
    const code = character.codePointAt(0)!;
    // "Control Pictures", https://www.unicode.org/charts/PDF/U2400.pdf
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return "\u2421";
    return "\ufffd";
  });
}
