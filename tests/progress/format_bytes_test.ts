import { assertEquals } from "@std/assert";
import { formatBytes } from "../../progress/format_bytes.ts";

Deno.test("a number of bytes is written in the units people use, without needless digits", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [0.4, "0 B"],
    [999, "999 B"],
    [999.6, "1 kB"],
    [1000, "1 kB"],
    [1499, "1 kB"],
    [640_000, "640 kB"],
    [999_499, "999 kB"],
    [999_500, "1 MB"],
    [85_400_000, "85 MB"],
    [999_600_000, "1.0 GB"],
    [1_240_000_000, "1.2 GB"],
    [9_949_000_000, "9.9 GB"],
    [9_950_000_000, "10 GB"],
    [17_179_869_184, "17 GB"],
    [4.2e12, "4.2 TB"],
    [1.5e15, "1500 TB"],
  ];
  for (const [bytes, text] of cases) assertEquals(formatBytes(bytes), text, `${bytes}`);
});

Deno.test("what is no number of bytes counts as none", () => {
  for (const bytes of [-5, -Infinity, NaN]) assertEquals(formatBytes(bytes), "0 B");
});
