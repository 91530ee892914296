import { assert, assertEquals } from "@std/assert";
import { runChild } from "./_child.ts";
import { RUNNERS } from "./_lab.ts";
import { scratch, testWith } from "./_scratch.ts";

const PROGRAM = new URL("./programs/memory.ts", import.meta.url);

for (const runner of RUNNERS) {
  for (const storage of ["", "results"]) {
    const where = storage === "" ? "nowhere" : "in a directory";
    testWith(
      "run",
      `${runner}, results kept ${where}: they leave memory when their last dependent is done`,
      async () => {
        await using place = await scratch();
        const { stdout, stderr } = await runChild(PROGRAM, {
          flags: ["-A", "--v8-flags=--expose-gc"],
          args: [runner, storage],
          cwd: place.dir,
        });
        assertEquals(stderr, "");
        const { most, samples, mebibytes, total } = JSON.parse(stdout);
        assert(samples > 0);
        assert(most <= 4, `${most} of ${total} results were in memory at once`);
        assert(mebibytes < total * 0.7, `the Lab's thread held ${mebibytes} of ${total} MiB`);
      },
    );
  }
}
