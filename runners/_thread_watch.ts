import { builtin } from "../builtin.ts";

/**
 * Tells when a thread is there no more, however it ended: it is handed one end of a channel, which closes
 * with all else that the thread holds. A thread that ends by itself says nothing in Deno 2.9.6, and its
 * `Worker` takes messages as before; and whoever asks a thread whether it is there gets no answer while it
 * computes. The web's own `MessagePort` does not tell that the other end has closed; that of Node does.
 */
export function watchThread(worker: Worker, ended: () => void): Disposable {
  const { MessageChannel } = builtin<typeof import("node:worker_threads")>("node:worker_threads");
  const { port1: ours, port2: theirs } = new MessageChannel();
  ours.on("close", ended);
  ours.start();
  ours.unref(); // what is only watched does not keep the program from its end
  worker.postMessage({ kind: "hold", port: theirs }, [theirs as unknown as Transferable]);
  return {
    [Symbol.dispose]() {
      ours.off("close", ended);
      ours.close();
    },
  };
}
