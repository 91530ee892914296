/** How long a broker may take to answer, in ms, until it is taken for one that is away. */
const ANSWER = 3000;

/**
 * Waits for what the broker was asked, but not for one that is away: calls wait until it is back, and clients
 * that are looking for it just then never close. Whether the call came through is nothing that the caller needs.
 */
export async function patiently(call: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ANSWER);
  try {
    await Promise.race([call.catch(() => {}), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for something that takes its time, as long as the broker answers what `ask` asks meanwhile. Gives whether
 * it did.
 */
export async function whileAnswered(
  work: Promise<unknown>,
  ask: () => Promise<unknown>,
): Promise<boolean> {
  let isOver = false;
  const done = work.catch(() => {}).then(() => void (isOver = true));
  for (;;) {
    let isThere = false;
    ask().then(() => void (isThere = true), () => {});
    await patiently(done);
    if (isOver) return true;
    if (!isThere) return false;
  }
}
