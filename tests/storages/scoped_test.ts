import { assertMatch } from "@std/assert";
import { runScoped } from "./_run_scoped.ts";
import { testWithRun } from "./_scratch.ts";

testWithRun(
  "the whole suite of the storages on the disk, and Labs on them, need one directory to read and write",
  async () => {
    const { text } = await runScoped();
    console.log(text);
    assertMatch(text, /^\d+ passed$/);
  },
);
