import { StorageError } from "../errors.ts";
import { permissionFlags } from "../permissions.ts";
import type { UnstoragePlace } from "./_unstorage_place.ts";

/** What a failure often means, by what drivers say. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /\b(403|401)\b|auth|forbidden|denied|credential|NOPERM/i,
    "look at the credentials in its options",
  ],
  [/\b(405|501)\b/, "the server takes no changes: use it for reading only"],
  [/Missing required option|missing accountName/i, "add the option"],
  [/ECONNREFUSED|ENOTFOUND|ETIMEDOUT|MaxRetries|no response|fetch failed/i, "is the server there?"],
];

/** Gives what a failed call means to the user of a driver, with what to do. Without secrets. */
export function unstorageFailure(place: UnstoragePlace, doing: string, error: unknown): unknown {
  if (error instanceof StorageError) return error;
  const cause = place.without(error);
  const lacks = cause instanceof Deno.errors.NotCapable ? cause : lackingPermission(place);
  if (lacks) {
    const flags = permissionFlags(place.permissions).map((flag) =>
      /^[\w./\\:,=~-]*$/.test(flag) ? flag : `"${flag}"`
    );
    const text = `Cannot ${doing}: the program may not use the storage ${place.title}`;
    const advice = flags.length > 0 ? flags.join(" ") : "the flags that its driver needs";
    return new StorageError(`${text}; run with ${advice}`, { cause: lacks });
  }
  const message = messageOf(cause);
  const remedy = REMEDIES.find(([pattern]) => pattern.test(message))?.[1];
  const text = `Cannot ${doing} in the storage ${place.title}: ${message}`;
  return new StorageError(remedy ? `${text}; ${remedy}` : text, { cause });
}

/** The error for a change where nothing can be changed. */
export function readOnly(place: UnstoragePlace, doing: string): StorageError {
  const why = place.options.readOnly === true
    ? "its option readOnly is set"
    : `the driver "${place.name}" only reads`;
  return new StorageError(
    `Cannot ${doing} in the storage ${place.title}: ${why}; use it for results that are there, or ` +
      "as the far side of a tiered storage that writes near",
  );
}

/** Some packages give no text, but the number of an HTTP status, or a code. */
function messageOf(error: Error): string {
  if (error.message) return error.message.replace(/\.$/, "");
  const { statusCode, code } = error as { readonly statusCode?: unknown; readonly code?: unknown };
  const detail = typeof statusCode === "number" ? `HTTP status ${statusCode}` : code;
  return detail ? `${error.name}, ${detail}` : error.name;
}

/** Drivers of files swallow what a missing permission throws, and stumble over something else. */
function lackingPermission({ traits, permissions }: UnstoragePlace): Error | undefined {
  if (traits.path === undefined || !Array.isArray(permissions.read)) return undefined;
  const [path] = permissions.read as readonly string[];
  const query = { name: "read", path } as const;
  if (Deno.permissions.querySync(query).state === "granted") return undefined;
  return new Deno.errors.NotCapable(`Requires read access to "${path}"`);
}
