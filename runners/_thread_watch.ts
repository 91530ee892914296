import { builtin } from "../builtin.ts";
import { afterBeats } from "../patience.ts";

// How often, and how many times, is waited for what the thread said before its end, which may be on its way: the
// times are counted, since none passes for a program that stands still. In ms.
const LAST_WORDS = 10;
const TIMES = 5;

/**
 * Tells when a thread is there no more, however it ended: it is handed one end of a channel, which closes
 * with all else that the thread holds. A thread that ends by itself says nothing in Deno 2.9.6, and its
 * `Worker` takes messages as before; and whoever asks a thread whether it is there gets no answer while it
 * computes. The web's own `MessagePort` does not tell that the other end has closed; that of Node does.
 *
 * @param ended Is told a moment after the thread has ended, when what it said before has come.
 */
export function watchThread(worker: Worker, ended: () => void): Disposable {
  const { MessageChannel } = builtin<typeof import("node:worker_threads")>("node:worker_threads");
  const { port1: ours, port2: theirs } = new MessageChannel();
  let timer: ReturnType<typeof setInterval> | undefined;
  const closed = () => void (timer = afterBeats(TIMES, LAST_WORDS, ended));
  ours.on("close", closed);
  ours.start();
  ours.unref(); // what is only watched does not keep the program from its end
  worker.postMessage({ kind: "hold", port: theirs }, [theirs as unknown as Transferable]);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      ours.off("close", closed);
      ours.close();
    },
  };
}
