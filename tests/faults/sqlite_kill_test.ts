import { faultContract } from "@labtech/lab/testing";

faultContract({
  name: "SqliteStorage",
  make: async () => ({ type: "sqlite", file: `${await Deno.makeTempDir()}/results.db` }),
  kills: 10,
  rounds: 40,
  grace: 3000,
  remove: ({ file }) =>
    Deno.remove(String(file).replace(/\/results\.db$/, ""), { recursive: true }),
});
