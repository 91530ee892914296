import { faultContract } from "@labtech/lab/testing";

faultContract({
  name: "LocalStorage",
  make: async () => ({ type: "local", dir: await Deno.makeTempDir() }),
  kills: 15,
  remove: ({ dir }) => Deno.remove(String(dir), { recursive: true }),
});
