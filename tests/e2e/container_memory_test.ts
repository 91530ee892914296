import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { memoryGroup, whyNoMemoryGroup } from "./_cgroup.ts";
import { CONFIG } from "./_child.ts";
import { scratch } from "./_scratch.ts";

const HOARDING = new URL("./programs/hoarding.ts", import.meta.url).pathname;
const reason = await whyNoMemoryGroup();

Deno.test({
  name: "workers: before the memory of a container runs out, the tasks that run are named" +
    (reason === undefined ? "" : ` (skipped: ${reason})`),
  ignore: reason !== undefined,
  async fn() {
    await using place = await scratch();
    await using group = memoryGroup(400e6);
    const join = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
    const program = ["run", "-A", "--no-check", "--no-lock", "--config", CONFIG, HOARDING];
    const { signal, stderr } = await new Deno.Command("sh", {
      args: ["-c", join, group.path, Deno.execPath(), ...program, "objects"],
      cwd: place.dir,
    }).output();
    assertNotEquals(signal, null, "the system ends it");
    const told = new TextDecoder().decode(stderr).split("\n")
      .filter((line) => line.includes("Memory runs out"));
    assertEquals(told.length, 1);
    assertStringIncludes(told[0]!, "of the container's 400 MB are left");
    assertStringIncludes(told[0]!, 'Idling(), Hoarding(what="objects")');
  },
});
