import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path/from-file-url";
import { TestTerminal } from "./_terminal.ts";

const mayRun = Deno.permissions.querySync({ name: "run" }).state === "granted";
const without = mayRun ? "" : " (skipped: needs --allow-run to start Deno)";
// `script` of util-linux gives a program a terminal; that of other systems takes other options.
const hasScript = mayRun && Deno.build.os === "linux" && succeeds("script", "--version");
const withoutScript = hasScript
  ? ""
  : " (skipped: needs --allow-run and the command `script` of util-linux)";

const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
const denoArgs = ["run", "--no-prompt", "--no-lock", "--no-check", `--config=${config}`];

// A run that nobody ends: neither `ended` nor dispose.
function program(options: string): string {
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  return `
    import { createDisplay } from ${module("../../progress/display.ts")};
    import { label, logged, planned, started } from ${module("./_events.ts")};
    const display = createDisplay(${options});
    display.handle(planned("Größe", 3, Date.now()));
    display.handle(started(label("Größe", 1), Date.now()));
    display.handle(logged("one line"));
  `;
}

for (const options of ["{}", "{ enabled: true }", "{ enabled: false }"]) {
  Deno.test({
    name: `in a pipe, a display with ${options} asks for no permission and holds no process` +
      without,
    ignore: !mayRun,
    async fn() {
      assertEquals(await run(Deno.execPath(), [...denoArgs, "-"], program(options)), {
        success: true,
        stdout: "",
        stderr: "one line\n",
      });
    },
  });
}

Deno.test({
  name: `on a terminal, a display asks for no permission, holds no process, and leaves it clean` +
    withoutScript,
  ignore: !hasScript,
  async fn() {
    const directory = await Deno.makeTempDir();
    try {
      const file = `${directory}/program.ts`;
      await Deno.writeTextFile(file, program("{ color: false }"));
      const command = [Deno.execPath(), ...denoArgs, file].map((word) => `'${word}'`).join(" ");
      const { success, stdout } = await run("script", ["-qec", command, "/dev/null"]);
      assert(success, stdout);
      using terminal = new TestTerminal();
      terminal.write(stdout);
      const lines = await terminal.lines();
      assertEquals(lines[0], "one line");
      assertMatch(lines[1]!, /^Größe +─/);
      assertMatch(lines[2]!, /^ {2}Größe\(n=1\) {2}running +\d+ s$/);
      assertEquals(lines.length, 3);
      assert(terminal.wraps);
      assert(stdout.lastIndexOf("\x1b[?25h") > stdout.lastIndexOf("\x1b[?25l"));
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

async function run(
  command: string,
  args: readonly string[],
  input = "",
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const child = new Deno.Command(command, { args: [...args], ...piped }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { stdout, stderr, success } = await child.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { success, stdout: out!, stderr: err! };
}

function succeeds(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
