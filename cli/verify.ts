import { buildCommand, type Command } from "@stricli/core";
import {
  type StorageProblem,
  type StorageReport,
  verifyStorage,
} from "../maintenance/verify_storage.ts";
import { openLab, type OutputFlags, outputFlags, storageOf } from "./_lab_flags.ts";
import type { LabContext } from "./_process.ts";
import { ProgressLine } from "./_progress_line.ts";
import { count, formatBytes, parseSpan } from "./_quantities.ts";
import { outputWidth, table } from "./_table.ts";

interface Flags extends OutputFlags {
  readonly repair?: boolean;
  readonly grace?: number;
}

/** How `--grace` is parsed and documented. */
export const graceFlag = {
  kind: "parsed",
  parse: parseSpan,
  optional: true,
  placeholder: "span",
  brief: "Where nothing tells whether a writer lives, leave what is younger [default = 1d]",
} as const;

/** `lab verify`: reads all that the storage holds, and tells what is not as it should be. */
export const verifyCommand: Command<LabContext> = buildCommand<Flags, [], LabContext>({
  func: verify,
  parameters: {
    flags: {
      repair: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Set torn entries aside, and remove what programs that died left behind",
      },
      grace: graceFlag,
      ...outputFlags,
    },
  },
  docs: {
    brief: "Read all that the storage holds, and tell what is damaged or foreign",
    customUsage: ["[flags]"],
    fullDescription:
      "Reads every byte in the storage, and tells which entries are torn (damaged: they count as not\n" +
      "there), foreign (made by something else) or not trusted, and what programs that died left\n" +
      "behind. Others may use the storage meanwhile. Nothing is changed without --repair.\n\n" +
      "Exit codes: 0 all is well, or was repaired; 1 problems remain; 2 a mistake in what was asked",
  },
});

async function verify(this: LabContext, flags: Flags): Promise<void> {
  await using lab = await openLab(flags);
  const storage = storageOf(lab);
  using line = new ProgressLine();
  const report = await verifyStorage(storage, {
    repair: flags.repair,
    grace: flags.grace,
    signing: lab.signing,
    onProgress: ({ entries, bytes, problems }) =>
      line.update(() =>
        `${count(entries, "entry", "entries")} read, ${formatBytes(bytes)}, ` +
        count(problems, "problem", "problems")
      ),
  });
  line[Symbol.dispose]();
  const remaining = report.problems.filter(({ repaired }) => repaired === undefined).length;
  if (remaining > 0) this.process.exitCode = 1;
  const { stdout, stderr } = this.process;
  if (flags.json) {
    stdout.write(`${JSON.stringify({ ...report, remaining }, null, 2)}\n`);
    return;
  }
  if (report.problems.length > 0) stdout.write(await listing(report.problems));
  stderr.write(summary(report, remaining));
}

async function listing(problems: readonly StorageProblem[]): Promise<string> {
  return await table(
    [{ title: "PROBLEM" }, { title: "WHERE", flexible: true }, { title: "WHAT", flexible: true }],
    problems.map((problem) => [problem.kind, problem.key ?? problem.place ?? "", what(problem)]),
    outputWidth(),
  );
}

function what({ reason, repaired, movedTo }: StorageProblem): string {
  if (repaired === undefined) return reason;
  return `${movedTo === undefined ? repaired : `${repaired} in ${movedTo}`}: ${reason}`;
}

function summary({ entries, bytes, aside, problems }: StorageReport, remaining: number): string {
  const read = `${count(entries, "entry", "entries")} read, ${formatBytes(bytes)}: `;
  const repaired = problems.length - remaining;
  const found = problems.length === 0
    ? "all is well"
    : repaired === 0
    ? count(problems.length, "problem", "problems")
    : `${count(problems.length, "problem", "problems")}, ${repaired} repaired`;
  const lies = aside.count === 0
    ? ""
    : `Set aside earlier or now: ${count(aside.count, "entry", "entries")}, ` +
      `${formatBytes(aside.bytes)}; lab gc removes them\n`;
  return `${read}${found}\n${lies}`;
}
