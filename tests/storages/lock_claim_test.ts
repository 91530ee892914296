import { assert, assertEquals, assertFalse } from "@std/assert";
import { join } from "@std/path/join";
import { claimByLock, type LockPlace } from "../../storages/_lock_claim.ts";

Deno.test("a claim on what others made anew and filled, before it was locked, tells that there is an entry", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = join(dir, "key");
    const isThere = () => [...Deno.readDirSync(dir)].length > 0;
    const place: LockPlace = {
      ...{ key: "key", path },
      make: () => {
        if (isThere()) return false;
        Deno.mkdirSync(path);
        return true;
      },
      find: () => [...Deno.readDirSync(path)].length > 0 ? "entry" : "nothing",
      clear: () => Deno.removeSync(path),
    };
    const late: LockPlace = {
      ...place,
      make() {
        const isNew = place.make();
        // It stands still here; meanwhile another one clears up, makes it anew, saves an entry and lets go.
        place.clear();
        place.make();
        Deno.writeTextFileSync(join(path, "entry"), "");
        return isNew;
      },
    };
    const claim = claimByLock({ ...late, clear: () => {} });
    assertEquals(claim?.hasEntry, true);
    await claim?.[Symbol.asyncDispose]();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("what was claimed by one that died at once is told apart from what is made in its place", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = join(dir, "key");
    const place: LockPlace = {
      ...{ key: "key", path },
      make: () => {
        if ([...Deno.readDirSync(dir)].length > 0) return false;
        Deno.mkdirSync(path);
        return true;
      },
      find: () => "nothing",
      clear: () => Deno.removeSync(path),
    };
    for (let round = 0; round < 20; round++) {
      Deno.mkdirSync(path);
      const left = Deno.statSync(path);
      const claim = claimByLock(place);
      const { ino, birthtime } = Deno.statSync(path);
      assert(claim);
      assert(claim.token?.startsWith("new-"));
      assertFalse(ino === left.ino && birthtime?.getTime() === left.birthtime?.getTime());
      await claim[Symbol.asyncDispose]();
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
