import { describe } from "../describe.ts";
import type { DriverTraits } from "./_unstorage_drivers.ts";
import type { UnstorageDriver } from "./_unstorage_driver.ts";

/** Options whose value no message may show. */
const SECRET = /key|token|secret|pass|credential|connection|sas|auth|header|url|cluster/i;

/** Where the items of a storage lie: a driver and its options. */
export class UnstoragePlace {
  /** The name of the driver. */
  readonly name: string;
  /** Its options; none where it was made elsewhere. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The driver, where it was made elsewhere. */
  readonly given: UnstorageDriver | undefined;
  /** What is to be known of it. */
  readonly traits: DriverTraits;
  /** What the program needs to use it, as far as that is known. */
  readonly permissions: Deno.PermissionOptionsObject;
  readonly #secrets: readonly string[];

  /** Speaks of a driver. */
  constructor(
    { name, options, given, traits, permissions }: {
      name: string;
      options: Record<string, unknown>;
      given?: UnstorageDriver;
      traits: DriverTraits;
      permissions: Deno.PermissionOptionsObject;
    },
  ) {
    this.name = name;
    this.options = options;
    this.given = given;
    this.traits = traits;
    this.permissions = permissions;
    this.#secrets = secretsIn(options).sort((a, b) => b.length - a.length);
  }

  /** What a message calls the storage. */
  get title(): string {
    const { path } = this.traits;
    const where = path && this.options[path];
    return typeof where === "string" ? `"${where}"` : `of the driver "${this.name}"`;
  }

  /** Whether the user wants nothing written, or the driver cannot. */
  get isReadOnly(): boolean {
    return this.traits.replaces === "never" || this.options.readOnly === true;
  }

  /** Gives an error without secrets: itself, or, where its text has one, another without cause. */
  without(error: unknown): Error {
    const known = error instanceof Error ? error : new Error(describe(error));
    // Errors of HTTP packages have the request in them, headers and all.
    const all = Deno.inspect(known, {
      depth: 8,
      showHidden: true,
      getters: true,
      strAbbreviateSize: 1e5,
    });
    if (this.#hide(all + known.message).isClean) return known;
    const clean = new Error(this.#hide(known.message).text);
    clean.name = known.name;
    clean.stack = undefined;
    return clean;
  }

  #hide(text: string): { readonly text: string; readonly isClean: boolean } {
    let hidden = text;
    for (const secret of this.#secrets) hidden = hidden.replaceAll(secret, "…");
    return { text: hidden, isClean: hidden === text };
  }
}

/** The texts that may be secret, and what a URL or connection string holds of them. */
function secretsIn(value: unknown, name = "", isSecret = false): string[] {
  const secret = isSecret || SECRET.test(name);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, part]) => secretsIn(part, key, secret));
  }
  if (typeof value !== "string" || !secret || value.length < 4) return [];
  const user = /^[a-z][a-z0-9+.-]*:\/\/[^/@]*?:?([^/@:]+)@/i.exec(value)?.[1] ?? "";
  const fields = [...value.matchAll(/(?:key|sig|signature|token|password)=([^;&]+)/gi)]
    .map((match) => match[1]!);
  // The host of a URL without password is what a person needs to know.
  const whole = /^[a-z]+:\/\/[^@?]*$/i.test(value) ? [] : [value];
  return [...whole, user, ...fields].filter(({ length }) => length >= 4);
}
