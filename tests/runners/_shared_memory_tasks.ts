import { type Task, task } from "@labtech/lab";

/** How many elements make a typed array large enough to be shared. */
export const LARGE = 2 ** 16;

/** Which thread this is. */
const thread = crypto.randomUUID();

/** Room in which threads that share it can count. */
export const Room = task(import.meta, {
  name: "SharedRoom",
  run: ({ n }: { n: number }) => ({ n, counts: new Int32Array(LARGE) }),
});

/** Two of these come together only in one memory. Gives the thread. */
export const Meeting = task(import.meta, {
  name: "SharedMeeting",
  cache: null,
  run({ room }: { room: Task<{ counts: Int32Array }>; place: number }): string {
    const { counts } = room.result;
    if (!(counts.buffer instanceof SharedArrayBuffer)) throw new Error("The room is nobody else's");
    Atomics.add(counts, 0, 1);
    Atomics.notify(counts, 0);
    while (Atomics.load(counts, 0) < 2) {
      if (Atomics.wait(counts, 0, 1, 60_000) === "timed-out") throw new Error("Nobody came");
    }
    return thread;
  },
});

/** All kinds of what may be large, beside what is not. */
export const Zoo = task(import.meta, {
  name: "SharedZoo",
  run: ({ n }: { n: number }) => ({
    doubles: Float64Array.from({ length: LARGE }, (_, i) => i / 7 + n),
    bytes: Uint8Array.from({ length: LARGE }, (_, i) => i),
    clamped: new Uint8ClampedArray(LARGE).fill(300),
    big: new BigInt64Array(LARGE).fill(-5n),
    half: new Float16Array(LARGE).fill(0.5),
    view: new DataView(new Uint8Array(LARGE).fill(9).buffer),
    buffer: new Uint8Array(LARGE).fill(3).buffer,
    small: new Float32Array([1.5, -0, NaN]),
    map: new Map([["inner", { ints: new Int32Array(LARGE).fill(-1) }]]),
    text: "and words",
  }),
});

/** What a task sees of a zoo: each value by its class, and a digest of its bytes. */
export const Tour = task(import.meta, {
  name: "SharedTour",
  cache: null,
  run: ({ zoo }: { zoo: Task<Awaited<ReturnType<typeof seen>>>; i: number }) => seen(zoo.result),
});

/** Tells what a value is: classes, lengths and sums of bytes. */
export function seen(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return ["ArrayBuffer", sumOf(new Uint8Array(value))];
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value;
    const sum = sumOf(new Uint8Array(buffer, byteOffset, byteLength));
    return [value.constructor.name, byteOffset, byteLength, sum];
  }
  if (value instanceof Map) return [...value].map(([key, inner]) => [key, seen(inner)]);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).map(([key, inner]) => [key, seen(inner)]);
}

function sumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte, i) => (sum * 31 + byte + i) % 1_000_003, 7);
}

/** Returns what it was given, which it may not where that is shared. */
export const Same = task(import.meta, {
  name: "SharedSame",
  run: ({ zoo }: { zoo: Task<{ doubles: Float64Array }>; copied: boolean }) => zoo.result.doubles,
});

/** Returns a copy. */
export const Copy = task(import.meta, {
  name: "SharedCopy",
  run: ({ zoo }: { zoo: Task<{ doubles: Float64Array }> }) => zoo.result.doubles.slice(),
});
