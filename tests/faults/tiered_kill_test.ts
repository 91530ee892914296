import { dirname } from "@std/path/dirname";
import { faultContract } from "@labtech/lab/testing";

const FARS = {
  local: (dir: string) => ({ type: "local", dir: `${dir}/far` }),
  sqlite: (dir: string) => ({ type: "sqlite", file: `${dir}/far.db` }),
};

for (const [name, far] of Object.entries(FARS)) {
  faultContract({
    name: `TieredStorage, local and ${name}`,
    async make() {
      const dir = await Deno.makeTempDir();
      const near = { type: "local", dir: `${dir}/near` };
      // Other processes look at what was saved a moment ago.
      return { type: "tiered", near, far: far(dir), maxAge: 0 };
    },
    kills: 6,
    rounds: 30,
    grace: 3000,
    remove: ({ near }) =>
      Deno.remove(dirname(String((near as { dir: string }).dir)), { recursive: true }),
  });
}
