import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "@std/path/join";
import { Lab, LabError } from "@labtech/lab";
import type { LocalStorage } from "@labtech/lab/storages";
import { holdsLarge, packShared } from "../../runners/_shared_memory.ts";
import { unpack, unpackOwn } from "../../runners/_transport.ts";
import { Copy, LARGE, Meeting, Room, Same, seen, Tour, Zoo } from "./_shared_memory_tasks.ts";

const sharing = { type: "workers", sharedMemory: true };

async function withLabs(
  run: (open: (runner: unknown) => Lab) => Promise<void>,
  storage: string | null | undefined = undefined,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await run((runner) =>
      new Lab({
        storage: storage === undefined ? dir : storage,
        runner: runner as string,
        maxWorkers: 2,
        progress: false,
      })
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function meet(lab: Lab, n: number): Promise<string[]> {
  const room = Room({ n });
  const results = await lab.runTasks([1, 2].map((place) => Meeting({ room, place })));
  return [...results.values()];
}

Deno.test("Workers see one memory of a result that one of them computed", () =>
  withLabs(async (open) => {
    await using lab = open(sharing);
    const [one, other] = await meet(lab, 1);
    assertNotEquals(one, other);
  }));

Deno.test("Workers see one memory of a result that they load", () =>
  withLabs(async (open) => {
    {
      await using lab = open("serial");
      await lab.runTask(Room({ n: 2 }));
    }
    await using lab = open(sharing);
    const [one, other] = await meet(lab, 2);
    assertNotEquals(one, other);
  }));

Deno.test("Workers see one memory of a result that is kept nowhere", () =>
  withLabs(async (open) => {
    await using lab = open(sharing);
    const [one, other] = await meet(lab, 3);
    assertNotEquals(one, other);
  }, null));

for (const storage of [undefined, null]) {
  const where = storage === null ? "handed over" : "loaded";
  Deno.test(`Values in shared memory are the same as others, ${where}`, () =>
    withLabs(async (open) => {
      const zoo = Zoo({ n: 1 });
      const tours = Array.from({ length: 6 }, (_, i) => Tour({ zoo, i }));
      await using serial = open("serial");
      const expected = seen(await serial.runTask(zoo));
      for (const runner of ["workers", sharing, sharing]) {
        await using lab = open(runner);
        const results = await lab.runTasks(tours);
        for (const tour of tours) assertEquals(results.get(tour), expected);
      }
    }, storage));

  Deno.test(`What the program gets lies in memory of its own, ${where}`, () =>
    withLabs(async (open) => {
      await using lab = open(sharing);
      const zoo = Zoo({ n: 2 });
      const results = await lab.runTasks([zoo, Tour({ zoo, i: 0 }), Tour({ zoo, i: 1 })]);
      const { doubles, view } = results.get(zoo) as { doubles: Float64Array; view: DataView };
      assert(doubles.buffer instanceof ArrayBuffer);
      assert(view.buffer instanceof ArrayBuffer);
      assertEquals([doubles.length, doubles[1]], [LARGE, 1 / 7 + 2]);
    }, storage));
}

Deno.test("A task that returns shared memory is told to copy it; a copy is kept", () =>
  withLabs(async (open) => {
    await using lab = open(sharing);
    const zoo = Zoo({ n: 3 });
    const error = await assertRejects(
      () => lab.runTask(Same({ zoo, copied: false })),
      LabError,
      "memory shared between threads; give a copy by slice()",
    );
    assertEquals(error.failures.size, 1);
    const copy = await lab.runTask(Copy({ zoo }));
    assertEquals([copy.length, copy[7]], [LARGE, 4]);
  }));

Deno.test("A damaged result is not shared, but computed again", () =>
  withLabs(async (open) => {
    const zoo = Zoo({ n: 4 });
    let expected: unknown;
    {
      await using lab = open("serial");
      expected = seen(await lab.runTask(zoo));
      damage((lab.storage as LocalStorage).dir);
    }
    await using lab = open(sharing);
    const results = await lab.runTasks([1, 2, 3, 4].map((i) => Tour({ zoo, i })));
    for (const tour of results.values()) assertEquals(tour, expected);
    assertEquals(results.summary.run, 5);
  }));

/** Turns one bit of the only result in a directory. */
function damage(dir: string): void {
  const files = [...Deno.readDirSync(dir)].filter(({ name }) => name.includes("SharedZoo"))
    .flatMap(({ name }) =>
      [...Deno.readDirSync(join(dir, name))].map((file) => join(dir, name, file.name))
    );
  const path = files.find((file) => file.endsWith("result.cbor"))!;
  const bytes = Deno.readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  Deno.writeFileSync(path, bytes);
}

Deno.test("Large arrays are found at the top of a value, and taken out of it once", () => {
  const doubles = new Float64Array(LARGE).fill(0.5);
  assert(holdsLarge([{ x: new Map([["a", doubles]]) }]));
  assert(!holdsLarge([{ x: new Float64Array(10) }, "x".repeat(LARGE), new ArrayBuffer(LARGE)]));
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  assert(!holdsLarge(cyclic));

  const packed = packShared({ doubles, buffer: new ArrayBuffer(LARGE), n: 1 })!;
  const [one, two] = [unpack(packed), unpack(packed)] as { doubles: Float64Array }[];
  assertEquals(one, { doubles, buffer: new ArrayBuffer(LARGE), n: 1 } as never);
  assert(one!.doubles.buffer === two!.doubles.buffer);
  assert((unpack(packShared(one)!) as typeof one)!.doubles.buffer === one!.doubles.buffer);
  assert((unpackOwn(packed) as typeof one)!.doubles.buffer instanceof ArrayBuffer);
  assertEquals(packShared({ a: () => {}, doubles }), undefined);
});
