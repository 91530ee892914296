import type { Random } from "./_generator.ts";

/** Changes a bit, a byte or a length; cuts, doubles or joins. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const list = [...bytes];
  const at = random.below(list.length || 1);
  switch (random.below(7)) {
    case 0:
      list[at]! ^= 1 << random.below(8);
      break;
    case 1:
      list[at] = random.below(256);
      break;
    case 2:
      list.splice(at, 1 + random.below(4));
      break;
    case 3:
      list.splice(at, 0, ...random.bytes(1 + random.below(4)));
      break;
    case 4:
      list.splice(at, 0, ...list.slice(at, at + random.below(9)));
      break;
    case 5:
      list.splice(at, 1, random.pick([0xd8, 0xd9, 0xda, 0x9b, 0xbb, 0x5b, 0x7b, 0xfb, 0xff]));
      break;
    default:
      list.splice(at, 0, ...random.pick([[0xd8, 0x1c], [0xd8, 0x1d, 0], [0xda, 0x4c, 0x61, 0x42]]));
  }
  return Uint8Array.from(list);
}
