import { variable } from "../environment_variables.ts";
import { ConfigError, type ConfigMistake } from "../errors.ts";
import { pluginEnv } from "../plugin_env.ts";
import type { Call, Draft, Entry } from "../storages/storage.ts";
import type { EntrySigning, Refusal } from "./entry_signing.ts";
import type { KeyRing } from "./key_ring.ts";
import type { KeyFile, KeyVariable, SigningOptions } from "./options.ts";
import type { ReadPrivateKey, SigningKey } from "./private_key.ts";
import type { KeyList } from "./public_key.ts";

/** Where a key is to be had from: a text, a file or variable, or WebCrypto. */
type Source = NonNullable<SigningOptions["key"]>;

/** The keys that a Lab's options name, read when they are first needed. */
export class LabKeys implements EntrySigning {
  readonly #key: Source | undefined;
  readonly #trust: readonly (Exclude<Source, CryptoKey | CryptoKeyPair>)[];
  #ring: Promise<KeyRing> | undefined;

  /** Nothing is read yet; relative paths are made absolute. The options are sound: see `signingMistakes`. */
  constructor({ key, trust = [] }: SigningOptions) {
    const { path } = pluginEnv(Deno.cwd());
    const placed = <T>(given: T): T | KeyFile => {
      const file = given instanceof URL ? given : (given as Partial<KeyFile> | undefined)?.file;
      if (file === undefined) return given;
      return { file: path(file instanceof URL ? file.href : file) };
    };
    this.#key = placed(key);
    this.#trust = trust.map(placed);
  }

  /** Whether there is a key to sign by. */
  get signs(): boolean {
    return this.#key !== undefined;
  }

  /** What reading the keys needs. */
  get permissions(): Deno.PermissionOptionsObject {
    const all = [this.#key, ...this.#trust].filter((source) => source !== undefined);
    const files = all.filter(isKeyFile).map(({ file }) => String(file));
    const names = all.filter(isKeyVariable).map(({ env }) => env);
    return {
      ...(files.length > 0 && { read: [...new Set(files)] }),
      ...(names.length > 0 && { env: [...new Set(names)] }),
    };
  }

  /**
   * Reads the keys, once.
   *
   * @throws {ConfigError} Lists all keys that cannot be had. The next call tries again.
   */
  async load({ signal }: Call = {}): Promise<KeyRing> {
    signal?.throwIfAborted();
    this.#ring ??= this.#read().catch((error) => {
      this.#ring = undefined;
      throw error;
    });
    const ring = await this.#ring;
    signal?.throwIfAborted();
    return ring;
  }

  /** Signs an entry; see {@linkcode EntrySigning.sign}. */
  async sign(draft: Pick<Draft, "write">, metadata: Uint8Array, call?: Call): Promise<void> {
    await (await this.load(call)).sign(draft, metadata, call);
  }

  /** Checks an entry; see {@linkcode EntrySigning.check}. */
  async check(entry: Entry, metadata: Uint8Array, call?: Call): Promise<Refusal | undefined> {
    return await (await this.load(call)).check(entry, metadata, call);
  }

  async #read(): Promise<KeyRing> {
    const { KeyRing } = await import("./key_ring.ts");
    const mistakes: ConfigMistake[] = [];
    const own = await this.#readOwn(mistakes);
    const trusted: Uint8Array<ArrayBuffer>[] = [];
    for (const [at, source] of this.#trust.entries()) {
      trusted.push(...await readTrusted(source, `signing.trust[${at}]`, mistakes));
    }
    if (mistakes.length > 0) throw new ConfigError(mistakes);
    return new KeyRing({ own, trusted });
  }

  async #readOwn(mistakes: ConfigMistake[]): Promise<SigningKey | undefined> {
    const [key, path] = [this.#key, "signing.key"];
    if (key === undefined) return undefined;
    const { readPrivateKey, takePrivateKey } = await import("./private_key.ts");
    const isText = typeof key === "string" || isKeyFile(key) || isKeyVariable(key);
    let read: ReadPrivateKey | undefined;
    if (isText) {
      const source = await textOf(key, { path, kind: "private" }, mistakes);
      if (source !== undefined) read = await readPrivateKey(source.text);
      if (source?.exposure && read && "key" in read) console.warn(source.exposure);
    } else read = await takePrivateKey(key as CryptoKey | CryptoKeyPair);
    if (read === undefined || "key" in read) return read?.key;
    mistakes.push({ path, message: `${isText ? nameOf(key) : ""}${read.problem}` });
    return undefined;
  }
}

async function readTrusted(
  source: string | URL | KeyFile | KeyVariable,
  path: string,
  mistakes: ConfigMistake[],
): Promise<KeyList["keys"]> {
  const { readPublicKeys } = await import("./public_key.ts");
  const given = await textOf(source, { path, kind: "public" }, mistakes);
  if (given === undefined) return [];
  const { keys, problems } = readPublicKeys(given.text);
  const found = problems.length > 0 || keys.length > 0
    ? problems
    : ["there is no public key in it"];
  mistakes.push(...found.map((message) => ({ path, message: `${nameOf(source)}${message}` })));
  return keys;
}

/** The text that a source holds; `undefined`, and a mistake, where it cannot be had. */
async function textOf(
  source: string | URL | KeyFile | KeyVariable,
  { path, kind }: { readonly path: string; readonly kind: "private" | "public" },
  mistakes: ConfigMistake[],
): Promise<{ readonly text: string; readonly exposure?: string | undefined } | undefined> {
  if (typeof source === "string") return { text: source };
  if (isKeyVariable(source)) {
    const text = variable(source.env, path, mistakes);
    return text === undefined ? undefined : { text };
  }
  const { MOST_BYTES, readKeyFile } = await import("./_key_file.ts");
  const read = await readKeyFile(String((source as KeyFile).file), MOST_BYTES[kind]);
  if ("text" in read) return read;
  const hint = kind === "private" && read.problem.startsWith("there is no")
    ? "; lab keygen makes a key, and its file"
    : "";
  mistakes.push({ path, message: read.problem + hint });
  return undefined;
}

/** What a source is called in messages: never its text, which may be a secret. */
function nameOf(source: unknown): string {
  if (isKeyFile(source)) return `${source.file}: `;
  return isKeyVariable(source) ? `the environment variable ${source.env}: ` : "";
}

function isKeyFile(source: unknown): source is KeyFile {
  return typeof source === "object" && source !== null && "file" in source;
}

function isKeyVariable(source: unknown): source is KeyVariable {
  return typeof source === "object" && source !== null && "env" in source;
}
