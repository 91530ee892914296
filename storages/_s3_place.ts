import { describe } from "../describe.ts";
import { StorageError } from "../errors.ts";
import type { S3Credentials, S3StorageOptions } from "./s3.ts";
import { checkKey } from "./names.ts";

/** Where the entries of an S3 storage lie, and how it is reached. */
export interface S3Place {
  /** The bucket. */
  readonly bucket: string;
  /** What the names of all objects begin with: empty, or with a slash at its end. */
  readonly prefix: string;
  /** The server, where it is not Amazon's. */
  readonly endpoint?: string;
  /** The region; left out where the credential chain is to find it. */
  readonly region?: string;
  /** Who calls; left out for the credential chain. */
  readonly credentials?: S3Credentials;
  /** Whether the bucket stands in the path of a URL, not in its host. */
  readonly forcePathStyle: boolean;
  /** For how long a claim holds that is not renewed, in ms. */
  readonly claimTtl: number;
}

/** Where a generation of an entry has its data. */
export interface Generation {
  /** The key of the entry. */
  readonly key: string;
  /** Which of all entries that ever were written it is. */
  readonly generation: string;
}

/**
 * Names of buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; older
 * ones, and those of other servers, may have capitals and `_` too.
 */
export const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;
/** Names of regions. */
export const REGION = /^[A-Za-z0-9-]{1,60}$/;
const PREFIX = /^(?:[A-Za-z0-9_.=+@-]+\/)*$/;
/** Names have 1024 bytes at most, of which a key, a generation and a file name may take 360. */
const PREFIX_LENGTH = 600;
/** What a credential may be: it goes into a header. */
export const SECRET = /^[\x21-\x7e]+$/;
/** For how long claims hold, in seconds: each second less is a call more, every second, for each task that runs. */
const CLAIM_TTL = 10;
const GENERATION = /^[0-9a-f]{32}$/;

/**
 * Checks what a storage is made from.
 *
 * @throws {StorageError} When a part of it is malformed. No credential is ever shown.
 */
export function s3Place(options: S3StorageOptions): S3Place {
  const { bucket, prefix = "", region, claimTtl = CLAIM_TTL } = options;
  if (typeof bucket !== "string" || !BUCKET.test(bucket)) {
    throw new StorageError(`Expected the name of a bucket, got ${describe(bucket)}`);
  }
  if (region !== undefined && !(typeof region === "string" && REGION.test(region))) {
    throw new StorageError(`Expected a region such as "eu-central-1", got ${describe(region)}`);
  }
  const endpoint = options.endpoint === undefined ? undefined : checkedEndpoint(options.endpoint);
  const credentials = options.credentials === undefined
    ? undefined
    : checkedCredentials(options.credentials);
  const { forcePathStyle = endpoint !== undefined && !isAmazon(endpoint) } = options;
  return {
    bucket,
    prefix: checkedPrefix(prefix),
    endpoint,
    // A program that has its credentials from elsewhere would not think of the environment here.
    region: region ?? (isExplicit(credentials) ? "us-east-1" : undefined),
    credentials,
    forcePathStyle,
    claimTtl: checkedClaimTtl(claimTtl),
  };
}

/** Whether the credentials stand here, and are not looked up. */
export function isExplicit(
  credentials: S3Credentials | undefined,
): credentials is Exclude<S3Credentials, { readonly profile: string }> {
  return credentials !== undefined && !("profile" in credentials);
}

/** Where an object, or all that begins so, lies, for a person. */
export function locationOf({ bucket }: S3Place, name: string): string {
  return `s3://${bucket}/${name}`;
}

/** What the names of all records begin with; the key follows. */
export function recordsOf({ prefix }: S3Place): string {
  return `${prefix}entries/`;
}

/** The name of the record of a key. */
export function recordOf(place: S3Place, key: string): string {
  return recordsOf(place) + key;
}

/** What the names of all data objects begin with. */
export function dataOf({ prefix }: S3Place): string {
  return `${prefix}data/`;
}

/** What the names of the data objects of one generation begin with. */
export function dataOfGeneration(place: S3Place, { key, generation }: Generation): string {
  return `${dataOf(place)}${key}/${generation}/`;
}

/** What the names of the records that were put aside begin with. */
export function asidesOf({ prefix }: S3Place): string {
  return `${prefix}aside/`;
}

/** The name of a record that was put aside. */
export function asideOf(place: S3Place, { key, generation }: Generation): string {
  return `${asidesOf(place)}${key}/${generation}`;
}

/** What the names of all claims begin with. */
export function claimsOf({ prefix }: S3Place): string {
  return `${prefix}claims/`;
}

/** The name of the claim on a key. */
export function claimOf(place: S3Place, key: string): string {
  return claimsOf(place) + key;
}

/** Gives a name for a generation that no other has: 128 random bits. */
export function newGeneration(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** Whether a text can be the name of a generation. */
export function isGeneration(text: unknown): text is string {
  return typeof text === "string" && GENERATION.test(text);
}

/** Gives the generation in `KEY/GENERATION…`, and what follows; `undefined` where there is none. */
export function generationIn(path: string): (Generation & { readonly rest: string }) | undefined {
  const [key = "", generation, ...rest] = path.split("/");
  return isKey(key) && isGeneration(generation)
    ? { key, generation, rest: rest.join("/") }
    : undefined;
}

/** Whether a text is a key. */
export function isKey(text: string): boolean {
  try {
    checkKey(text);
    return true;
  } catch {
    return false;
  }
}

function checkedPrefix(prefix: string): string {
  const whole = typeof prefix !== "string" || prefix === "" || prefix.endsWith("/")
    ? prefix
    : `${prefix}/`;
  const parts = typeof whole === "string" ? whole.split("/") : [];
  const isFit = typeof whole === "string" && whole.length <= PREFIX_LENGTH && PREFIX.test(whole) &&
    !parts.some((part) => part === "." || part === "..");
  if (isFit) return whole;
  throw new StorageError(
    `Expected a prefix such as "team/results": letters, digits, _ . = + @ - and single slashes ` +
      `inside, at most ${PREFIX_LENGTH} characters; got ${describe(prefix)}`,
  );
}

function checkedClaimTtl(seconds: number): number {
  if (typeof seconds === "number" && seconds >= 1 && seconds <= 86_400) return 1000 * seconds;
  throw new StorageError(`Expected claimTtl of 1 to 86400 seconds, got ${describe(seconds)}`);
}

function checkedEndpoint(endpoint: string | URL): string {
  const url = URL.parse(String(endpoint));
  // What stands before an "@" may be a password, so that the text is not shown.
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new StorageError(
      "Expected an endpoint such as https://s3.example.com: an http: or https: URL without user " +
        "or password (those are given as credentials)",
    );
  }
  if (url.search || url.hash) {
    throw new StorageError(`Expected an endpoint without "?" and "#", got ${url.origin}…`);
  }
  return url.href.replace(/\/$/, "");
}

function checkedCredentials(credentials: S3Credentials): S3Credentials {
  const { profile, accessKeyId, secretAccessKey, sessionToken } = credentials as unknown as Record<
    string,
    unknown
  >;
  if (profile !== undefined) {
    if (typeof profile === "string" && profile !== "" && accessKeyId === undefined) {
      return { profile };
    }
  } else if (
    isSecret(accessKeyId) && isSecret(secretAccessKey) &&
    (sessionToken === undefined || isSecret(sessionToken))
  ) {
    return sessionToken === undefined
      ? { accessKeyId, secretAccessKey }
      : { accessKeyId, secretAccessKey, sessionToken };
  }
  throw new StorageError(
    "Expected credentials of { profile } or { accessKeyId, secretAccessKey, sessionToken? }, all of " +
      "them texts without blanks and line ends; what was given is not shown",
  );
}

function isSecret(text: unknown): text is string {
  return typeof text === "string" && SECRET.test(text);
}

function isAmazon(endpoint: string): boolean {
  return /\.amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname);
}
