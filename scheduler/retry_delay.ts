// In ms. Those of the standard library's `retry`.
const FIRST = 1000;
const MOST = 60_000;

/**
 * How long to wait before a task that failed is tried again, in ms: anything up to 1 s after the first
 * failure, up to twice as much after each further one, up to a minute at most. Any length is as likely as
 * any other ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), so
 * that tasks that failed together do not come back together.
 *
 * @param failures How often it has failed, from 1.
 * @param random A number from 0 to, but not including, 1.
 */
export function retryDelay(failures: number, random: number): number {
  return random * Math.min(MOST, FIRST * 2 ** (failures - 1));
}
