import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { runChild } from "./_child.ts";
import { RUNNERS } from "./_lab.ts";
import { testWith } from "./_scratch.ts";

const program = (name: string) => new URL(`./programs/${name}.ts`, import.meta.url);

for (const runner of RUNNERS) {
  testWith("run", `${runner}: a program that forgets to dispose its Lab still ends`, async () => {
    const { code, stdout, stderr, signal } = await runChild(program("forgetful"), {
      args: [runner],
    });
    assertEquals({ code, stdout, stderr, signal }, {
      code: 0,
      stdout: "1\n2\n",
      stderr: "",
      signal: null,
    });
  });
}

testWith("run", "a program that runs its Lab at the top level is told to guard it", async () => {
  const { code, stdout, stderr, signal } = await runChild(program("bare"));
  assertNotEquals(code, 0);
  assertEquals([stdout, signal], ["", null]);
  assertStringIncludes(stderr, "put what runs it behind `if (import.meta.main) { … }`");
});

testWith(
  "run",
  "a program whose unguarded Lab runs late runs once, and is told to guard it",
  async () => {
    const { code, stdout, stderr } = await runChild(program("floating"));
    assertEquals([code, stdout], [0, "ran\n"]);
    assert(stderr.split("import.meta.main").length <= 2);
  },
);
