import { assertEquals } from "@std/assert";
import { randomSeeded } from "./_random.ts";
import { Project } from "./_project.ts";

// No token of it begins or ends within another line than it stands on, but for the template.
const SOURCE = `import { task } from "@labtech/lab";
import { scale, type Scale } from "./scale.ts";

const limits: Record<string, number> = { low: -1, "high": 1, [\`mid\`]: 0 };
class Model<T extends number> {
  #weights: T[] = [];
  static of(weights: number[]): Model<number> { const model = new Model(); model.#weights = weights; return model; }
  predict(x: number): number { return this.#weights.reduce((a, w, i) => a + w * x ** i, 0); }
}
function bounded(x: number | undefined): number {
  if (x === undefined) return limits.low!;
  else if (x > limits["high"]!) { return limits.high!; }
  for (const key of Object.keys(limits)) if (key === "none") throw new Error(\`no \${key} of \${x}\`);
  return x ?? 0;
}
export const Fit = task(import.meta, {
  name: "Fit",
  async run({ xs }: { xs: number[] }, { signal }): Promise<number[]> {
    const model = Model.of([1, 2, 3]), by: Scale = { factor: 2 };
    await Promise.resolve(signal);
    label: for (let i = 0, n = xs.length; i < n; i++) { if (i > 1e3) break label; }
    return xs.map((x) => bounded(model.predict(scale(x, by)) as number)).filter((y) => !/^a\\/b$/u.test(String(y)));
  },
});
`;
const SCALE = `export interface Scale { factor: number }
export const scale = (x: number, by: Scale) => x * by.factor;
`;

/** The borders of tokens, where white space may be put without changing what the code says. */
function borders(source: string): number[] {
  const tokens =
    /"[^"\n]*"|\`[^\`]*\`|\/\^a\\\/b\$\/u|\/\/[^\n]*|#?[\w$]+(?:\.\d+)?|=>|\?\?|\*\*|\+\+|[=!]==|\?\.|\.\.\.|\S/g;
  return [...source.matchAll(tokens)].map(({ index }) => index);
}

// After these a line break would end the statement; before them one would be added to.
const NO_BREAK_AFTER =
  /(?:\breturn|\bthrow|\bbreak|\basync|\btype|\bstatic|\b(?:interface|as|declare|abstract) ?\w*)\s*$/;
const NO_BREAK_BEFORE = /^(?:\+\+|=>|!|\[|<|as\b|Promise<number|scale\b)/;

Deno.test("white space and comments at the borders of tokens change no version, whatever they are", async () => {
  using project = new Project({ "tasks.ts": SOURCE, "scale.ts": SCALE });
  const before = await project.version();
  const random = randomSeeded(20);
  const at = borders(SOURCE);
  for (let round = 0; round < 400; round++) {
    let text = SOURCE;
    const chosen = at.filter(() => random() < 0.2).reverse();
    for (const place of chosen) {
      const [left, right] = [text.slice(0, place), text.slice(place)];
      const mayBreak = !NO_BREAK_AFTER.test(left) && !NO_BREAK_BEFORE.test(right);
      const gaps = [
        " ",
        "\t",
        "/* a */",
        " /* { */ ",
        "\u00a0",
        ...mayBreak ? ["\n", "// b }\n", "\r\n"] : [],
      ];
      text = left + gaps[Math.floor(random() * gaps.length)] + right;
    }
    project.write({ "tasks.ts": text });
    assertEquals(await project.version(), before, text);
  }
});

Deno.test("what deno fmt makes of a module, in any style, is no other version", async () => {
  using project = new Project({ "tasks.ts": SOURCE, "scale.ts": SCALE });
  const before = await project.version();
  const styles = [
    [
      'const limits: Record<string, number> = { low: -1, "high": 1, [`mid`]: 0 };',
      "const limits = {\n\tlow: -1,\n\t'high': 1,\n\t[`mid`]: 0,\n}",
    ],
    [
      "if (x === undefined) return limits.low!;\n  else if",
      "if (x === undefined) {\n    return limits.low;\n  } else if",
    ],
    ["{ return limits.high!; }", "return limits.high;"],
    ["xs.map((x) =>", "xs.map(x =>"],
    ["return x ?? 0;", "return (x ?? 0)"],
    ["1e3", "1000"],
    ['"none"', "'none'"],
    ['"high"]!', "'high']"],
  ] as const;
  let text: string = SOURCE;
  for (const [from, to] of styles) {
    assertEquals(text.split(from).length, 2, from);
    text = text.replace(from, to);
    project.write({ "tasks.ts": text });
    assertEquals(await project.version(), before, to);
  }
});
