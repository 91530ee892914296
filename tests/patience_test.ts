import { assert, assertEquals } from "@std/assert";
import { Patience } from "../patience.ts";

const turn = () => new Promise((next) => setTimeout(next));

Deno.test("patience comes to its end, with its reason", async () => {
  using patience = new Patience(200, "too long");
  const { signal } = patience;
  if (!signal.aborted) await new Promise((ended) => signal.addEventListener("abort", ended));
  assertEquals(signal.reason, "too long");
});

Deno.test("while the program stands still nobody loses patience", async () => {
  using patience = new Patience(300, "too long");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  await turn();
  assert(!patience.signal.aborted);
});

Deno.test("patience that is disposed ends nothing", async () => {
  const patience = new Patience(0, "too long");
  patience[Symbol.dispose]();
  await turn();
  assert(!patience.signal.aborted);
});
