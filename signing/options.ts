import { describe, isPlainObject, showPath } from "../describe.ts";
import type { ConfigMistake } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { readPublicKey } from "./public_key.ts";

/** A file, by its path (relative to the working directory) or `file:` URL. */
export interface KeyFile {
  /** The path or URL. */
  readonly file: string | URL;
}

/** A variable of the environment, by its name. */
export interface KeyVariable {
  /** The name. */
  readonly env: string;
}

/** What a Lab signs its entries by, and whose it trusts. At least one of the two is given. */
export interface SigningOptions {
  /**
   * The private key to sign by, whose entries are trusted too: the text of a PEM file (PKCS #8), the file
   * or its URL, a variable of the environment that holds the text, or a key of WebCrypto (with its public
   * one, if it is not extractable).
   *
   * @default {none: entries are only read, and tasks that would have to run are refused}
   */
  readonly key?: string | URL | KeyFile | KeyVariable | CryptoKey | CryptoKeyPair;
  /**
   * Public keys whose entries are trusted: `ed25519:` and Base64, or a file, its URL or a variable of the
   * environment with one a line.
   *
   * @default {none but one's own}
   */
  readonly trust?: readonly (string | URL | KeyFile | KeyVariable)[];
}

const NAMES = ["key", "trust"] as const;
const PLACE = '{ file: "…" } or { env: "…" }';

/** Whether options stand in code, where keys may be given as they are, or in a JSON file. */
export type SigningPlace = "code" | "json";

/** What is wrong with the options, as far as that shows without reading keys. Never with a key in it. */
export function signingMistakes(
  given: unknown,
  path: string,
  place: SigningPlace,
): ConfigMistake[] {
  if (!isPlainObject(given)) {
    return [{ path, message: "expected an object with key, trust or both, got something else" }];
  }
  const unknown = Object.keys(given).filter((name) => !(NAMES as readonly string[]).includes(name))
    .map((name) => ({
      path: showPath(path, [name]),
      message: `unknown option${didYouMean(name, NAMES) || "; known are key, trust"}`,
    }));
  const { key, trust } = given;
  const list = Array.isArray(trust) ? trust : [];
  if (key === undefined && list.length === 0 && (trust === undefined || Array.isArray(trust))) {
    unknown.push({ path, message: "expected a key to sign by, keys to trust, or both; got none" });
  }
  if (trust !== undefined && !Array.isArray(trust)) {
    unknown.push({ path: showPath(path, ["trust"]), message: "expected a list of public keys" });
  }
  return [
    ...unknown,
    ...key === undefined ? [] : keyMistakes(key, showPath(path, ["key"]), place),
    ...list.flatMap((each, at) => trustMistakes(each, showPath(path, ["trust", at]))),
  ];
}

function keyMistakes(key: unknown, path: string, place: SigningPlace): ConfigMistake[] {
  if (place === "code" && (isCryptoKey(key) || isKeyPair(key))) return [];
  if (typeof key !== "string") return placeMistakes(key, path);
  if (place === "json") {
    const message = `a private key does not stand in a configuration itself; write where it is, ` +
      `{ "file": "lab.key" } or { "env": "LAB_KEY" }`;
    return [{ path, message }];
  }
  if (key.includes("-----BEGIN ")) return [];
  return [{ path, message: `expected the text of a PEM file, or ${PLACE}` }];
}

function trustMistakes(key: unknown, path: string): ConfigMistake[] {
  if (typeof key !== "string") return placeMistakes(key, path);
  const read = readPublicKey(key);
  return "problem" in read ? [{ path, message: `${read.problem}, or ${PLACE}` }] : [];
}

/** What is wrong with the place of a key. */
function placeMistakes(given: unknown, path: string): ConfigMistake[] {
  const mistake = (message: string, step: readonly string[] = []) => [
    { path: showPath(path, step), message },
  ];
  if (given instanceof URL) {
    return given.protocol === "file:" ? [] : mistake(`expected a file: URL, got ${given.protocol}`);
  }
  const names = isPlainObject(given) ? Object.keys(given) : [];
  if (!isPlainObject(given) || names.length !== 1 || !["file", "env"].includes(names[0]!)) {
    return mistake(`expected ${PLACE}`);
  }
  const { file, env } = given;
  if (env !== undefined) {
    const isName = typeof env === "string" && env !== "" && !/[=\0]/.test(env);
    return isName ? [] : mistake("expected the name of a variable of the environment", ["env"]);
  }
  if (file instanceof URL) return placeMistakes(file, showPath(path, ["file"]));
  if (isPlainObject(file) && typeof file.env === "string") return []; // a variable, put in later
  return typeof file === "string" && file !== ""
    ? []
    : mistake(`expected the path of a file, got ${describe(file)}`, ["file"]);
}

function isCryptoKey(value: unknown): value is CryptoKey {
  return value instanceof CryptoKey;
}

function isKeyPair(value: unknown): value is CryptoKeyPair {
  return isPlainObject(value) && isCryptoKey(value.privateKey) && isCryptoKey(value.publicKey);
}
