// The thread of a child process in which tasks run.
import "./_worker.ts";
import { captureOutput, closeInput } from "./_processes_output.ts";

captureOutput();
closeInput();
(self as unknown as Worker).postMessage({ kind: "ready" });
