/**
 * What it costs to have versions follow the code: 60 modules of some 100 lines, each with 8 functions, of which a
 * task reaches one of each. Cold is a program's first look, the loading of the parser included; warm is another
 * look at the same files; one file is saved anew for the third.
 *
 * `deno run -A bench/code_version.ts [modules]`
 *
 * @module
 */

import { Lab, task } from "@labtech/lab";

const MODULES = Number(Deno.args[0] ?? 60);
const ROUNDS = 7;

const functions = (i: number) =>
  Array.from({ length: 8 }, (_, n) => `
/** Function ${n} of module ${i}. */
export function work${i}_${n}(values: readonly number[], scale: number = ${n}): number {
  const totals: Record<string, number> = { a: 0, b: ${i} };
  for (const [at, value] of values.entries()) {
    if (value > scale) totals["a"] = (totals.a ?? 0) + value * at;
    else totals.b = Math.max(totals.b ?? 0, value);
  }
  const text = \`\${totals.a} of \${totals.b}\`;
  return text.length + (values.length === 0 ? ${n} : (totals.a ?? 0));
}
`).join("");

function moduleText(i: number): string {
  const next = i + 1 < MODULES ? `import { work${i + 1}_0 } from "./m${i + 1}.ts";\n` : "";
  const call = i + 1 < MODULES ? ` + work${i + 1}_0(values)` : "";
  return `${next}${functions(i)}
export const entry${i} = (values: number[]): number => work${i}_1(values)${call};
`.replace(
    "return text.length",
    `return ${i + 1 < MODULES ? `work${i + 1}_0(values) + ` : ""}text.length`,
  );
}

const dir = await Deno.makeTempDir();
try {
  for (let i = 0; i < MODULES; i++) await Deno.writeTextFile(`${dir}/m${i}.ts`, moduleText(i));
  const text = `import { entry0 } from "./m0.ts";\nimport { task } from "@labtech/lab";
export const Bench = task(import.meta, { name: "Bench", codeVersion: "auto", run: () => entry0([1]) });\n`;
  await Deno.writeTextFile(`${dir}/tasks.ts`, text);
  // Older than any file may be whose time is not trusted.
  for await (const { name } of Deno.readDir(dir)) Deno.utimeSync(`${dir}/${name}`, 1e9, 1e9);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const meta = {
    url: `file://${dir}/tasks.ts`,
    resolve: (specifier: string) => import.meta.resolve(specifier),
  };
  const type = task(meta, { name: "Bench", codeVersion: "auto", run: () => 0 });

  const times: Record<string, number[]> = {
    "cold, with the parser": [],
    cold: [],
    warm: [],
    edited: [],
  };
  const timed = async (what: string, look: () => Promise<unknown>) => {
    const began = performance.now();
    await look();
    times[what]!.push(performance.now() - began);
  };
  const { CodeReader } = await import("../code_version/code_reader.ts");
  const open = () => CodeReader.open();
  await timed("cold, with the parser", async () => {
    await using lab = new Lab({ storage: null, progress: false });
    await lab.codeVersionOf(type);
  });
  const subject = { taskName: "Bench", module: type.module, resolve: meta.resolve };
  for (let round = 0; round < ROUNDS; round++) {
    const reader = await open();
    let parts = 0;
    await timed("cold", () => Promise.resolve(parts = reader.read(subject).parts.size));
    if (parts < MODULES) throw new Error(`Expected ${MODULES} parts, got ${parts}`);
    await timed("warm", () => Promise.resolve((reader.refresh(), reader.read(subject))));
    await Deno.writeTextFile(`${dir}/m1.ts`, moduleText(1));
    await timed("edited", () => Promise.resolve((reader.refresh(), reader.read(subject))));
  }
  for (const [what, all] of Object.entries(times)) {
    const median = all.toSorted((a, b) => a - b)[all.length >> 1]!;
    console.log(`${what.padEnd(24)}${median.toFixed(1).padStart(8)} ms`);
  }
} finally {
  await Deno.remove(dir, { recursive: true });
}
