// The thread of a child process in which tasks run.
import "./_worker.ts";

(self as unknown as Worker).postMessage({ kind: "ready" });
