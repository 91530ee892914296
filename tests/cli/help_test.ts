import { assertEquals } from "@std/assert";
import { VERSION } from "@labtech/lab";
import { cli, Project } from "./_project.ts";

const COMMANDS = ["run", "ls", "show", "runs", "diagram", "rm", "gc", "verify", "accept", "audit"]
  .concat(
    "outdated",
    "explain",
    "keygen",
    "worker",
    "queue",
    "permissions",
    "plugins",
    "completions",
  );
const golden = (name: string) => new URL(`../golden/cli/${name}.txt`, import.meta.url);

// UPDATE_GOLDEN=1 deno test -A tests/cli/help_test.ts writes them anew.
const updates = Deno.permissions.querySync({ name: "env" }).state === "granted" &&
  Deno.env.get("UPDATE_GOLDEN") === "1";

for (const command of ["lab", ...COMMANDS]) {
  Deno.test({
    name: `the help of ${command} is as it was${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create();
      const args = command === "lab" ? ["--help"] : [command, "--help"];
      const { code, stdout, stderr } = await project.run(...args);
      if (updates) await Deno.writeTextFile(golden(command), stdout);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(stdout, await Deno.readTextFile(golden(command)));
    },
  });
}

Deno.test({
  name: `without a command, help is given; --version tells the version${cli.reason}`,
  ignore: cli.ignore,
  async fn() {
    await using project = await Project.create();
    assertEquals((await project.run()).stdout, await Deno.readTextFile(golden("lab")));
    assertEquals(await project.run("--version"), {
      code: 0,
      stdout: `${VERSION}\n`,
      stderr: "",
    });
  },
});

Deno.test({
  name: `what is mistyped is refused with a suggestion, and exit code 2${cli.reason}`,
  ignore: cli.ignore,
  async fn() {
    await using project = await Project.create();
    const cases: [string[], string][] = [
      [["rn"], "No command registered for `rn`, did you mean `run`?\n"],
      [["run"], "Expected a module; --help tells more\n"],
      [["show"], "Expected a key; --help tells more\n"],
      [
        ["run", "study.ts", "--bustcache"],
        "There is no flag --bustcache; did you mean --bust-cache?\n",
      ],
      [
        ["run", "study.ts", "--max-workers", "0"],
        'Wrong value "0" for max-workers: expected a whole number from 1\n',
      ],
      [
        ["rm", "--older-than", "30"],
        'Wrong value "30" for older-than: expected a number and one of s, m, h, d, w, as in 30d\n',
      ],
      [["completions", "tcsh"], 'Wrong value "tcsh" for shell: expected one of bash, zsh, fish\n'],
    ];
    for (const [args, stderr] of cases) {
      assertEquals(await project.run(...args), { code: 2, stdout: "", stderr });
    }
  },
});
