let isListening = false;

/**
 * Lets the program come to its end though a thread of it never does. In Deno 2.9.6 `terminate()` does not stop
 * a thread that computes, and the program would wait for it for ever.
 */
export function letProgramEnd(worker: Worker): void {
  unref(worker);
  if (isListening) return;
  isListening = true;
  // The last event of a program: nothing else is left to do.
  addEventListener("unload", () => Deno.exit());
}

// What `unref` of node:worker_threads does: the one nameless method of Deno's class.
function unref(worker: Worker): void {
  const name = Object.getOwnPropertySymbols(Worker.prototype)
    .find((symbol) => !symbol.description);
  const method = name && (worker as unknown as Record<symbol, unknown>)[name];
  if (typeof method === "function") method.call(worker, false);
}
