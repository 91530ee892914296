import { faultContract } from "@labtech/lab/testing";

faultContract({
  name: "LocalStorage",
  make: async () => ({ type: "local", dir: await Deno.makeTempDir() }),
  remove: ({ dir }) => Deno.remove(String(dir), { recursive: true }),
});
