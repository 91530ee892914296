/** Keeps what ends a thread, before the library puts something else in its place. */
Object.assign(globalThis, { kept: { exit: Deno.exit, close: globalThis.close } });
