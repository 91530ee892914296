/** How long a broker may take to answer, in ms, until it is taken for one that is away. */
const ANSWER = 3000;
/**
 * How long what is to end may take though the broker answers, in ms: a client whose question was lost in a cut of
 * the network waits for its answer for ever. A job that it was given so is taken for lost, and goes to others.
 */
const LONGEST = 15_000;

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
 * Waits for something that ends soon, as long as the broker answers what `ask` asks meanwhile, and no longer than a
 * while. Gives whether it ended.
 */
export async function whileAnswered(
  work: Promise<unknown>,
  ask: () => Promise<unknown>,
): Promise<boolean> {
  let isOver = false;
  const done = work.catch(() => {}).then(() => void (isOver = true));
  const end = performance.now() + LONGEST;
  for (;;) {
    let isThere = false;
    ask().then(() => void (isThere = true), () => {});
    await patiently(done);
    if (isOver) return true;
    if (!isThere || performance.now() > end) return false;
  }
}
