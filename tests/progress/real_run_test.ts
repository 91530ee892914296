import { assert, assertEquals, assertFalse } from "@std/assert";
import { scratch } from "../e2e/_scratch.ts";
import { LAB_RUN, Pty, whyNoPty } from "./_pty.ts";

// Real runs by `lab run`, of the study in _study.ts. Its pictures were looked at when they were kept; what
// differs from run to run is taken out of them. Set LABTECH_UPDATE_GOLDEN to write them anew, then look at them.
const golden = (name: string) => new URL(`../golden/progress/real/${name}.txt`, import.meta.url);
const isUpdated = Deno.permissions.querySync({ name: "env", variable: "LABTECH_UPDATE_GOLDEN" })
      .state === "granted" && Deno.env.has("LABTECH_UPDATE_GOLDEN");
const reason = whyNoPty();
// deno-lint-ignore no-control-regex
const COLOR = /\x1b\[\d+m/;

function testInTerminal(name: string, fn: () => Promise<void>): void {
  const why = reason === undefined ? "" : ` (skipped: ${reason})`;
  Deno.test({ name: name + why, ignore: reason !== undefined, fn });
}

async function assertGolden(name: string, lines: readonly string[]): Promise<void> {
  const text = `${steady(lines).join("\n")}\n`;
  if (isUpdated) await Deno.writeTextFile(golden(name), text);
  assertEquals(text, await Deno.readTextFile(golden(name)), name);
}

/** What is the same in each run: no times, no measures, log lines in the order of the alphabet. */
function steady(lines: readonly string[]): string[] {
  const text = withoutSlowest(lines.join("\n"))
    .replace(/\d+ min \d+ s|\d+(?:\.\d)? (?:ms|s)\b/g, "T")
    .replace(/; the cache saved T$/m, "")
    .replace(/^( {2}\S.*?)\d+%( +)\d+ MB$/gm, "$1C$2M")
    .replace(/^( {2})Fit\(.*…?.*fold=3\)/gm, "$1Fit(… fold=3)");
  const all = text.split("\n").map(steadyBar);
  const bars = all.findIndex((line) => /[━─]/.test(line));
  return bars < 0 ? all : [...sorted(all.slice(0, bars)), ...all.slice(bars)];
}

// Which tasks are slow, and what it is worth not to run them again, is up to the machine.
function withoutSlowest(text: string): string {
  return text.replace(/^Slowest:\n(?: .*\n)*/m, "");
}

// With the lines that a terminal made of them.
function sorted(lines: readonly string[]): string[] {
  const whole: string[] = [];
  for (const line of lines) {
    if (/^(?:\[|Ending|Waiting|warning)/.test(line)) whole.push(line);
    else whole.push(`${whole.pop() ?? ""}\n${line}`);
  }
  return whole.sort();
}

// How long the bar is, and which of the times stand beside it, depends on how many digits they have.
function steadyBar(line: string): string {
  const [, name, bar, told] = /^(\S+) +([━─]+) +(.*)$/.exec(line) ?? [];
  if (name === undefined) return line.replaceAll(/(?<=\S) +/g, " ");
  const counts = told!.match(/\d+\/\d+|\d+ (?:failed|cached)/g)!;
  return [name, bar!.replace(/━+/, "━").replace(/─+/, "─"), ...counts].join(" ");
}

async function study(
  options: object = {},
): Promise<Awaited<ReturnType<typeof scratch>> & { go(): Promise<void> }> {
  const place = await scratch();
  const runner = { type: "processes", maxWorkers: 2 };
  await Deno.writeTextFile(
    place.path("lab.json"),
    JSON.stringify({ labtech: { storage: "results", runner, ...options } }),
  );
  return { ...place, go: () => Deno.writeTextFile(place.path("go"), "") };
}

/** All but one task are over, one of them skipped, and what that one takes is shown. */
const isMidway = (text: string) =>
  /Fit .*3\/4/.test(text) && /Score +━/.test(text) && /\d+% +\d+ MB$/m.test(text);

testInTerminal(
  "at 40 columns, without colour: bars, tasks, logs; Ctrl-C ends cleanly",
  async () => {
    await using place = await study();
    const options = { columns: 40, rows: 40, cwd: place.dir, env: { NO_COLOR: "1" } };
    await using terminal = new Pty(LAB_RUN, options);
    await assertGolden("mid-40", await terminal.until(isMidway));
    await terminal.type("\x03");
    await terminal.until((text) => text.replaceAll("\n", "").includes("press Ctrl-C again"));
    await place.go();
    const { lines, before, after } = await terminal.end();
    await assertGolden("ctrl-c-40", lines);
    assertEquals(before, after, "the terminal is as before");
    assertFalse(COLOR.test(terminal.screen.writes.join("")));
    assertIsClean(terminal);
  },
);

testInTerminal(
  "at 200 columns, in colour, and in two terminals with one storage; made narrower midway",
  async () => {
    await using place = await study();
    const options = { rows: 40, cwd: place.dir };
    await using terminal = new Pty(LAB_RUN, { ...options, columns: 200 });
    await assertGolden("mid-200", await terminal.until(isMidway));
    await using other = new Pty(LAB_RUN, { ...options, columns: 100 });
    const isWaiting = (text: string) =>
      /fold=3\) +waiting for another process/.test(text) && /Score +━/.test(text);
    await assertGolden("waiting-100", await other.until(isWaiting));
    await terminal.resize(60, 40);
    await terminal.until((text) =>
      text.split("\n").every((line) => line.length <= 60) && isMidway(text)
    );
    await place.go();
    const [{ lines, before, after }, ended] = await Promise.all([terminal.end(), other.end()]);
    await assertGolden("end-200-to-60", lines);
    await assertGolden("end-100", ended.lines);
    assertEquals(before, after, "the terminal is as before");
    assert(COLOR.test(terminal.screen.writes.join("")));
    assertIsClean(terminal);
    assertIsClean(other);
  },
);

for (
  const [how, flag, options] of [
    ["by the configuration", "", { progress: false }],
    ["by a flag", " --no-progress", {}],
  ] as const
) {
  testInTerminal(`where progress is switched off ${how}, the summary is shown once`, async () => {
    await using place = await study(options);
    await place.go();
    const size = { columns: 200, rows: 60 };
    await using terminal = new Pty(`${LAB_RUN}${flag}`, { ...size, cwd: place.dir });
    const { lines } = await terminal.end();
    assertEquals(lines.filter((line) => /^6 tasks: 4 run, /.test(line)).length, 1);
    assertFalse(terminal.screen.writes.join("").includes("━"));
  });
}

for (const progress of ["", " --progress"]) {
  testInTerminal(`in a file, as in continuous integration: lab run${progress}`, async () => {
    await using place = await study();
    await place.go();
    const options = { columns: 200, rows: 40, cwd: place.dir };
    await using terminal = new Pty(`${LAB_RUN}${progress} > out 2> err`, options);
    await terminal.end();
    const [out, err] = ["out", "err"].map((name) => Deno.readTextFileSync(place.path(name)));
    assertFalse(`${out}${err}`.includes("\x1b"));
    await assertGolden(`file${progress.trim()}`, [
      "Standard output:",
      ...out!.trimEnd().split("\n"),
      "Standard error:",
      ...lastOfEach(withoutSlowest(err!).trimEnd().split("\n")).sort(),
    ]);
  });
}

/** Without times, and of the lines that tell how far types are the last ones: slow runs have more of them. */
function lastOfEach(lines: readonly string[]): string[] {
  const last = new Map<string, string>();
  for (const line of lines) {
    const [, type] = /^(\w+): \d+\/\d+ /.exec(line) ?? [];
    const told = line.replace(/, [\d.]+\/(?:s|min|h)\b|, (?:in|after) \d.*$/g, "");
    last.set(type ?? told, type === undefined ? line : told);
  }
  return [...last.values()];
}

/** The cursor is shown, lines wrap, and the next thing to be written stands on a line of its own. */
function assertIsClean({ screen }: Pty): void {
  const text = screen.writes.join("");
  assert(text.lastIndexOf("\x1b[?25h") > text.lastIndexOf("\x1b[?25l"));
  assert(screen.wraps);
  assertEquals(screen.cursor.column, 0);
}
