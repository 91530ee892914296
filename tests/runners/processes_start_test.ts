import { assertEquals } from "@std/assert";
import { CONFIG } from "../e2e/_child.ts";
import { scratch, testWith } from "../e2e/_scratch.ts";

const PROGRAM = `import { Lab, task } from "@labtech/lab";
export const Twice = task(import.meta, { name: "Twice", run: ({ n }: { n: number }) => 2 * n });
if (import.meta.main) {
  await using lab = new Lab({ runner: "processes", storage: null, progress: false });
  console.log(await lab.runTask(Twice({ n: 21 })));
}
`;

for (const lock of [["--lock", "own.lock"], ["--lock=own.lock"], ["--lock"]]) {
  testWith("run", `processes: children start where the program has ${lock.join(" ")}`, async () => {
    await using place = await scratch();
    await Deno.writeTextFile(`${place.dir}/program.ts`, PROGRAM);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--config", CONFIG, ...lock, "-A", "program.ts"],
      cwd: place.dir,
    }).output();
    const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals({ code, said, complaint }, { code: 0, said: "42\n", complaint: "" });
  });
}
