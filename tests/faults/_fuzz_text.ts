import type { Random } from "../caches/cbor/_generator.ts";
import { mutate } from "../caches/cbor/_mutate.ts";

/** What a global is set to by code in mutants, if anything should ever run it. */
export const CODE = "globalThis.fuzzRan=true";

const URLS = [
  `data:application/javascript,${CODE}`,
  `javascript:${CODE}`,
  "file:///etc/passwd",
  "../../../../etc/passwd",
];
const TOKENS = [
  ...["null", "true", "0", "-0", "-1", "1e999", "9007199254740993", "1e-400", "0.1", '""', "[]"],
  ...["{}", '"\\ud800"', '"\\u0000"', '"__proto__"', '"constructor"', '"toString"', "undefined"],
  ...['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}'],
  ...['{"$task":"x"}', '{"$date":1e99}', '{"$number":"__proto__"}', '{"$bigint":"0x1"}'],
  ...['{"$undefined":true}', '{"$$task":1}', '{"$import":"x"}', '{"$number":{}}'],
  ...[...URLS, CODE].map((text) => JSON.stringify(text)),
  `"${"9".repeat(300)}"`,
  `{"$bigint":"${"9".repeat(3000)}"}`,
  "[".repeat(400) + "]".repeat(400),
  '{"a":'.repeat(400) + "1" + "}".repeat(400),
];
const KEYS = ["__proto__", "constructor", "prototype", "toString", "$task", "then", "length", ""];
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/g;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Changes a JSON text in one to three places: its tokens, its keys, its order, or any byte. */
export function mutateText(text: string, random: Random): string {
  for (let n = 1 + random.below(3); n > 0; n--) text = mutateOnce(text, random);
  return text;
}

function mutateOnce(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const length = random.below(40);
  switch (random.below(7)) {
    case 0:
      return decoder.decode(mutate(encoder.encode(text), random));
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + text.slice(Math.max(0, at - length), at) + text.slice(at);
    case 3:
      return replaceToken(text, random, () => JSON.stringify(random.pick(KEYS)));
    case 4: {
      // What stands in one place comes to stand in another.
      const tokens = text.match(TOKEN) ?? ["0"];
      return replaceToken(text, random, () => random.pick(tokens));
    }
    default:
      return replaceToken(text, random, () => random.pick(TOKENS));
  }
}

function replaceToken(text: string, random: Random, by: () => string): string {
  const tokens = [...text.matchAll(TOKEN)];
  if (tokens.length === 0) return by();
  const { index, 0: token } = random.pick(tokens);
  return text.slice(0, index) + by() + text.slice(index + token.length);
}
