import { isPlainObject } from "../describe.ts";
import { sha256Hex } from "../digest.ts";

/** What is known of packages by a `deno.lock` (version 4 or 5). */
export class Lockfile {
  readonly #specifiers: Readonly<Record<string, unknown>>;
  readonly #packages: Readonly<Record<"npm" | "jsr", Readonly<Record<string, unknown>>>>;
  readonly #remote: Readonly<Record<string, unknown>>;
  readonly #digests = new Map<string, string>();

  /** Reads the text of a lockfile; what cannot be read counts as empty. */
  constructor(text: string) {
    const json = jsonOf(text);
    this.#specifiers = recordOf(json.specifiers);
    this.#packages = { npm: recordOf(json.npm), jsr: recordOf(json.jsr) };
    this.#remote = recordOf(json.remote);
  }

  /**
   * What a package is locked at: its version, and a digest over it and all that it depends on. The specifier
   * itself where the lockfile does not have it.
   */
  locked(specifier: string): string {
    let locked = this.#digests.get(specifier);
    if (locked === undefined) this.#digests.set(specifier, locked = this.#locked(specifier));
    return locked;
  }

  #locked(specifier: string): string {
    if (/^https?:/.test(specifier)) return this.#ofRemote(specifier);
    const found = this.#keysOf(specifier);
    if (found.length === 0) return specifier;
    const closure = [...this.#closure(found)].sort();
    const versions = found.map((key) => key.slice(key.lastIndexOf("@", nameEnd(key)) + 1));
    return `${versions.join(", ")} ${sha256Hex(JSON.stringify(closure)).slice(0, 16)}`;
  }

  /** What a URL leads to may import more from the same place. */
  #ofRemote(url: string): string {
    const { origin } = new URL(url);
    const hashes = Object.entries(this.#remote).filter(([each]) => each.startsWith(`${origin}/`));
    if (!hashes.some(([each]) => each === url)) return url;
    return sha256Hex(JSON.stringify(hashes.sort())).slice(0, 16);
  }

  /** The packages that a specifier stands for, as `npm:name@version`; all of the name where none fits best. */
  #keysOf(specifier: string): string[] {
    const { kind, name, range } = partsOf(specifier);
    const wanted = [range, shortRange(range)].map((each) => `${kind}:${name}@${each}`);
    const exact = wanted.find((each) => Object.hasOwn(this.#specifiers, each));
    const all = Object.keys(this.#specifiers).filter((each) => {
      const parts = partsOf(each);
      return parts.kind === kind && parts.name === name;
    });
    return (exact === undefined ? all : [exact])
      .map((each) => `${kind}:${name}@${this.#specifiers[each]}`).sort();
  }

  #closure(keys: readonly string[]): Set<string> {
    const found = new Map<string, string>();
    const pending = [...keys];
    for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
      if (found.has(key)) continue;
      const kind = key.startsWith("jsr:") ? "jsr" : "npm";
      const entry = recordOf(this.#packages[kind][key.slice(4)]);
      found.set(key, `${key} ${entry.integrity ?? ""}`);
      for (const list of [entry.dependencies, entry.optionalPeers, entry.optionalDependencies]) {
        if (Array.isArray(list)) {
          pending.push(...list.flatMap((each) => this.#dependency(kind, each)));
        }
      }
    }
    return new Set(found.values());
  }

  #dependency(kind: "npm" | "jsr", named: unknown): string[] {
    const text = String(named).replace(/^.+@npm:/, "");
    if (/^(?:npm|jsr):/.test(text)) return this.#keysOf(text);
    if (kind === "jsr") return this.#keysOf(`jsr:${text}`);
    if (Object.hasOwn(this.#packages.npm, text)) return [`npm:${text}`];
    return Object.keys(this.#packages.npm).filter((each) => each.startsWith(`${text}@`))
      .map((each) => `npm:${each}`);
  }
}

/** The parts of `npm:@scope/name@range/path`. */
function partsOf(specifier: string): { kind: string; name: string; range: string } {
  const [, kind = "", name = "", range = "*"] =
    /^(npm|jsr):\/?((?:@[^/@]+\/)?[^/@]+)(?:@([^/]+))?/.exec(specifier) ?? [];
  return { kind, name, range };
}

/** A package without the range and the path: `npm:@scope/name`. */
export function packageName(specifier: string): string {
  const { kind, name } = partsOf(specifier);
  return kind === "" ? specifier : `${kind}:${name}`;
}

/** What of a package is imported: `/path`. */
export function pathWithin(specifier: string): string {
  return /^(?:npm|jsr):\/?(?:@[^/@]+\/)?[^/@]+(?:@[^/]+)?(\/.*)?$/.exec(specifier)?.[1] ?? "";
}

// Deno writes ^1.0.0 as 1.
function shortRange(range: string): string {
  return range.replace(/^\^(\d+)(?:\.0)+$/, "$1");
}

// Versions of npm may name peers: `1.8.0_valibot@1.5.0`.
function nameEnd(key: string): number {
  const peers = key.indexOf("_", key.indexOf("@", 6));
  return peers < 0 ? key.length : peers;
}

function jsonOf(text: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return isPlainObject(value) ? value : {};
}
