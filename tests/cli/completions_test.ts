import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cli, outcomeOf, Project } from "./_project.ts";
import { plant } from "./_plant.ts";

Deno.test({
  name: `completions know commands, flags, values, names and keys${cli.reason}`,
  ignore: cli.ignore,
  async fn() {
    await using project = await Project.create();
    const key = await plant(project, { name: "Fit", params: {} });
    const complete = async (...words: string[]) => {
      const { code, stdout, stderr } = await project.run("complete", "--", ...words);
      assertEquals([code, stderr], [0, ""]);
      return stdout.split("\n").slice(0, -1).map((line) => line.split("\t")[0]);
    };
    assertEquals(await complete("r"), ["run", "runs", "rm"]);
    assertEquals(await complete("run", "--r"), ["--runner"]);
    assertEquals(await complete("run", "--runner", "s"), ["serial"]);
    assertEquals(await complete("run", "--lab", ""), ["paper", "nothing"]);
    assertEquals(await complete("ls", ""), ["Fit"]);
    assertEquals(await complete("ls", "--sort", "s"), ["size"]);
    assertEquals(await complete("rm", "--type", "F"), ["Fit"]);
    assertEquals(await complete("show", "Fit"), [key]);
    assertEquals(await complete("show", "--lab", "paper", "Fit"), []);
    assertEquals(await complete("completions", "z"), ["zsh"]);
    // Files are the shell's part.
    assertEquals(await complete("run", ""), []);
    await project.write("deno.json", "{");
    assertEquals(await complete("show", ""), []);
  },
});

const shells = {
  bash: `eval "$(lab completions bash)"; eval "$(lab completions bash)"
    offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lab_complete; echo "\${COMPREPLY[@]}"; }
    offer lab pe; offer lab run '$(touch pwned)' --fail; offer lab run ""`,
  zsh: `compdef() {}; eval "$(lab completions zsh)"
    _describe() { print -r -- \${(P)2%%:*} }; _files() { print }
    offer() { words=("$@"); CURRENT=$#; _lab }
    offer lab pe; offer lab run '$(touch pwned)' --fail; offer lab run ""`,
  fish: `lab completions fish | source
    for line in 'lab pe' 'lab run \\'$(touch pwned)\\' --fail' 'lab run none'
      set -l found (complete -C $line | string split -f 1 \\t); echo "$found"
    end`,
};

for (const [shell, script] of Object.entries(shells)) {
  const missing = !cli.ignore && !await starts(shell);
  Deno.test({
    name: `${shell} completes by the script, and runs nothing of what stands on the line` +
      (cli.reason || (missing ? ` (skipped: needs ${shell})` : "")),
    ignore: cli.ignore || missing,
    async fn() {
      await using project = await Project.create();
      const command = project.command.map((word) => `'${word}'`).join(" ");
      const define = shell === "fish"
        ? `function lab; ${command} $argv; end\n`
        : `lab() { ${command} "$@"; }\n`;
      const child = new Deno.Command(shell, {
        args: [...(shell === "zsh" ? ["-f"] : []), "-c", define + script],
        cwd: project.path("sub"),
        env: { NO_COLOR: "1" },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      });
      const { stdout, stderr } = await outcomeOf(child.spawn());
      assertEquals([stdout, stderr], ["permissions\n--fail-fast\n\n", ""]);
      const files = await Array.fromAsync(Deno.readDir(project.path("sub")));
      assert(!files.some(({ name }) => name === "pwned"));
    },
  });
}

Deno.test({
  name: `completions of an unknown shell are refused with those that there are${cli.reason}`,
  ignore: cli.ignore,
  async fn() {
    await using project = await Project.create();
    const { code, stderr } = await project.run("completions", "tcsh");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "expected one of bash, zsh, fish");
  },
});

async function starts(shell: string): Promise<boolean> {
  try {
    const command = new Deno.Command(shell, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    });
    return (await command.output()).success;
  } catch {
    return false;
  }
}
