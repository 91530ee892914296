// The module that a Web Worker runs: it takes jobs from the Lab, one after the other.
import "../builtins.ts";
import { formatLine, isWithinTask } from "./_console.ts";
import { asError } from "./_executor.ts";
import { threadWorksOnly } from "./_importing.ts";
import { Participant, type Post } from "./_participant.ts";
import { guardProgram, guardThread } from "./_thread_guard.ts";
import type { ToWorker } from "./_worker_protocol.ts";

const thread = self as unknown as { postMessage: Post };
const post = thread.postMessage.bind(thread);

let participant: Participant | undefined;

// A module that waits before it runs a Lab does so when its import is over.
threadWorksOnly(isWithinTask);

guardThread();
let isGuarded = false;
for (const kind of ["error", "unhandledrejection"] as const) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    const thrown = event instanceof ErrorEvent
      ? event.error
      : (event as PromiseRejectionEvent).reason;
    const values = ["Uncaught, outside of what the task waited for:", asError(thrown)];
    // What a timer throws is no longer within the task that set it.
    if (isWithinTask() || participant === undefined) console.error(...values);
    else participant.log(undefined, "error", formatLine(values));
  });
}

// Libraries that know threads of their own set `onmessage`: what the Lab says is not for them.
addEventListener("message", (event) => {
  event.stopImmediatePropagation();
  take((event as MessageEvent<ToWorker>).data);
});

async function take(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "setup": {
      const before = participant;
      // A child process is its tasks' own.
      if (!message.isRelayed && !isGuarded) guardProgram();
      isGuarded = true;
      participant = new Participant(message, post);
      return await before?.[Symbol.asyncDispose]();
    }
    case "leave": {
      const before = participant;
      participant = undefined;
      return await before?.[Symbol.asyncDispose]();
    }
    case "work":
      return participant?.take(message);
    case "abort":
      return participant?.abort();
  }
}
