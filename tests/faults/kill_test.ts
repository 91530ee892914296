import { faultContract } from "@labtech/lab/testing";
import { strangersIn } from "./_leftovers.ts";

faultContract({
  name: "LocalStorage",
  make: async () => ({ type: "local", dir: await Deno.makeTempDir() }),
  kills: 15,
  grace: 0,
  strangers: ({ dir }) => strangersIn(String(dir)),
  remove: ({ dir }) => Deno.remove(String(dir), { recursive: true }),
});
