import { assert, assertEquals } from "@std/assert";
import { testWithRun } from "../storages/_scratch.ts";
import { BOMBS } from "./_bombs.ts";
import { fastScratch } from "./_fast_scratch.ts";
import { setOffAll } from "./_set_off.ts";

/** How much memory a bomb may cost here, in MiB: much, as the machine may have other things to do. */
const MEMORY = 256;

Deno.test("whatever would cost much time or memory is refused: as a document, a file, metadata, a record, a table of tasks or a configuration", async (t) => {
  for (const [name, bomb] of Object.entries(BOMBS)) {
    await t.step(name, async () => {
      using place = fastScratch();
      const setOff = await bomb(place.dir);
      assert(await setOff());
    });
  }
});

testWithRun("no bomb fills the memory", async () => {
  if (Deno.build.os !== "linux") return console.log("skipped: only Linux tells");
  const reports = await setOffAll({ times: 1 });
  assertEquals(reports.length, Object.keys(BOMBS).length);
  assertEquals(
    reports.filter(({ refused, problem, mib }) => !refused || problem || mib > MEMORY),
    [],
  );
  const most = reports.reduce((a, b) => a.mib > b.mib ? a : b);
  console.log(`${reports.length} bombs, at most ${Math.round(most.mib)} MiB (${most.name})`);
});
