import { assertEquals } from "@std/assert";
import { retryDelay } from "../../scheduler/retry_delay.ts";

Deno.test("delays grow to twice as much with each failure, up to a minute, and may be of any length", () => {
  const most = [1, 2, 3, 4, 5, 6, 7, 8, 100, 5000].map((failures) => retryDelay(failures, 1));
  assertEquals(most, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
  assertEquals([0, 0.25, 0.5].map((random) => retryDelay(3, random)), [0, 1000, 2000]);
});
