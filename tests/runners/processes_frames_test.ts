import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  framed,
  MAX_MESSAGE,
  MessageReader,
  newMarker,
  PacketReader,
  PacketWriter,
} from "../../runners/_processes_frames.ts";
import { LineReader } from "../../runners/_processes_lines.ts";

const bytes = (max: number) =>
  fc.oneof(
    fc.uint8Array({ maxLength: max }),
    // Rich in newlines, and in the bytes that packets begin with.
    fc.array(fc.constantFrom(10, 10, 0, 128, 255), { maxLength: max }).map((list) =>
      Uint8Array.from(list)
    ),
  );

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Cuts bytes at random. */
function cut(whole: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0, i = 0; at < whole.length; i++) {
    const size = sizes[i % sizes.length]!;
    parts.push(whole.slice(at, at + size));
    at += size;
  }
  return parts;
}

const sizes = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 8 });

Deno.test("messages are the same however their bytes arrive", () => {
  fc.assert(fc.property(fc.array(bytes(300), { maxLength: 20 }), sizes, (messages, sizes) => {
    const got: Uint8Array[] = [];
    const reader = new MessageReader((message) => got.push(message));
    const sent = concat(messages.flatMap((message) => framed([message])));
    for (const part of cut(sent, sizes)) reader.push(part);
    assertEquals(got, messages.map((message) => Uint8Array.from(message)));
  }));
});

Deno.test("a large message is whole", () => {
  const message = new Uint8Array(1_000_000).map((_, i) => i * 7);
  const got: Uint8Array[] = [];
  const reader = new MessageReader((message) => got.push(message));
  const sent = new Uint8Array([
    ...framed([message.subarray(0, 5), message.subarray(5)])
      .flatMap((part) => [...part]),
  ]);
  for (const part of cut(sent, [65_536, 1, 4095])) reader.push(part);
  assertEquals(got.length, 1);
  assertEquals(got[0], message);
});

Deno.test("a message that is said to be longer than any is refused before memory is taken", () => {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, MAX_MESSAGE + 1);
  assertThrows(() => new MessageReader(() => {}).push(head), RangeError, "too long");
});

Deno.test("packets are told from all that others write between them", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(bytes(9000), bytes(200)), { maxLength: 12 }),
      sizes,
      (turns, sizes) => {
        const marker = newMarker();
        const stream: Uint8Array[] = [];
        const writer = new PacketWriter(marker, (packet) => {
          assertEquals(packet.includes(10), false, "it is written in one piece");
          assertEquals(packet.length <= 4096, true);
          stream.push(packet.slice());
        });
        for (const [content, noise] of turns) {
          writer.write([content.subarray(0, 3), content.subarray(3)]);
          stream.push(noise);
        }
        const [content, output]: Uint8Array[][] = [[], []];
        const reader = new PacketReader(marker, {
          content: (bytes) => content!.push(bytes.slice()),
          output: (bytes) => output!.push(bytes.slice()),
        });
        // What ends the stream may be the beginning of a marker, so something is added.
        for (const part of cut(concat([...stream, Uint8Array.of(1)]), sizes)) reader.push(part);
        assertEquals(concat(content!), concat(turns.map(([content]) => content)));
        assertEquals(
          concat(output!),
          concat([...turns.map(([, noise]) => noise), Uint8Array.of(1)]),
        );
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("lines are taken out of bytes wherever those are cut; long ones come in parts", () => {
  const lines: string[] = [];
  const reader = new LineReader((line) => lines.push(line));
  for (const byte of new TextEncoder().encode("one\r\n\u{1f427} two\n\nno end")) {
    reader.push(Uint8Array.of(byte));
  }
  assertEquals(lines, ["one", "\u{1f427} two", ""]);
  reader.end();
  assertEquals(lines.pop(), "no end");
  lines.length = 0;
  reader.push(new Uint8Array(200_000).fill(65));
  reader.end();
  assertEquals(lines.join("").length, 200_000);
});
