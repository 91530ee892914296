import { StorageError } from "../errors.ts";
import { importPackage } from "./_packages.ts";
import { isAnswer, s3Failure } from "./_s3_failure.ts";
import { isExplicit, type S3Place } from "./_s3_place.ts";
import type { S3Answer, S3Body, S3Client, S3CommandClass, S3Sdk } from "./_s3_sdk.ts";
import type { Call } from "./storage.ts";

/** How often a call is tried where the network or the server fails; the client waits longer each time. */
const ATTEMPTS = 5;
/** How long it may take to connect, and how long a connection may be silent, in ms. */
const TIMEOUTS = { connectionTimeout: 10_000, socketTimeout: 60_000 };
/** What makes a connection serve one call. */
const UNSHARED = { keepAlive: false };

/** What a call is for, in an error, and what aborts it. */
export interface Doing extends Call {
  /** In words: `save "key"`. */
  readonly doing: string;
}

/** The state that an object must be in for a call to have its effect. */
export interface Condition {
  /** Its ETag; `null` where there must be none. */
  readonly match: string | null;
}

/** An object that was found, and what is in it. */
export interface FoundObject {
  readonly etag: string;
  readonly bytes: number;
  readonly since?: Date;
  readonly body: S3Body;
}

/** An object in a listing. */
export interface ListedObject {
  readonly name: string;
  readonly bytes: number;
  readonly since: Date;
}

/** The clients of one bucket. */
interface Loaded {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
  /** Makes a connection for each call. */
  readonly afresh: S3Client;
}

/** The calls on one bucket. What fails at the server or the network is a `StorageError`. */
export class S3Bucket {
  /** What the storage was made from. */
  readonly place: S3Place;
  #loaded?: Promise<Loaded>;
  #isDisposed = false;

  /** Speaks of a bucket; nothing is loaded before the first call. */
  constructor(place: S3Place) {
    this.place = place;
  }

  /** Opens an object from a byte on; `undefined` where there is none. */
  async get(name: string, doing: Doing, from = 0): Promise<FoundObject | undefined> {
    try {
      const range = from > 0 ? { Range: `bytes=${from}-` } : undefined;
      const answer = await this.send("GetObjectCommand", { Key: name, ...range }, doing);
      const { ETag, ContentLength = -1, LastModified, Body } = answer;
      return { etag: ETag!, bytes: ContentLength, since: LastModified, body: Body! };
    } catch (error) {
      if (isAnswer(error, "NoSuchKey")) return undefined;
      throw this.failure(doing, error);
    }
  }

  /** Whether there is an object. */
  async exists(name: string, doing: Doing): Promise<boolean> {
    try {
      await this.send("HeadObjectCommand", { Key: name }, doing);
      return true;
    } catch (error) {
      if (isAnswer(error, "NotFound", "NoSuchKey", 404)) return false;
      throw this.failure(doing, error);
    }
  }

  /** Writes an object whole. */
  async put(name: string, data: Uint8Array, doing: Doing): Promise<void> {
    try {
      await this.send("PutObjectCommand", { Key: name, Body: data }, doing);
    } catch (error) {
      throw this.failure(doing, error);
    }
  }

  /** Removes an object, which need not be there; with a condition, gives whether it held. */
  async delete(name: string, doing: Doing, condition?: Condition): Promise<boolean> {
    const match = condition?.match ? { IfMatch: condition.match } : undefined;
    try {
      await this.send("DeleteObjectCommand", { Key: name, ...match }, doing);
    } catch (error) {
      if (isAnswer(error, 412, 409)) return false;
      if (isAnswer(error, "NoSuchKey")) return true;
      // A server that knows no conditions here: who saves at this moment may lose, but nothing tears.
      if (match && isAnswer(error, 501)) return await this.delete(name, doing);
      throw this.failure(doing, error);
    }
    return true;
  }

  /** Gives the objects whose names begin so and come after another, in order: a page of up to 1000. */
  async list(
    prefix: string,
    doing: Doing,
    after?: string,
  ): Promise<{ readonly objects: readonly ListedObject[]; readonly isLast: boolean }> {
    try {
      const input = { Prefix: prefix, StartAfter: after };
      const { Contents = [], IsTruncated } = await this.send("ListObjectsV2Command", input, doing);
      const objects = Contents.map(({ Key = "", Size = 0, LastModified }) => ({
        name: Key,
        bytes: Size,
        since: LastModified ?? new Date(),
      }));
      return { objects, isLast: !IsTruncated || objects.length === 0 };
    } catch (error) {
      throw this.failure(doing, error);
    }
  }

  /** Gives all objects whose names begin so, in order. */
  async *listAll(prefix: string, doing: Doing): AsyncGenerator<ListedObject> {
    let after: string | undefined;
    for (;;) {
      const { objects, isLast } = await this.list(prefix, doing, after);
      for (const object of objects) {
        yield object;
        doing.signal?.throwIfAborted();
      }
      if (isLast) return;
      after = objects.at(-1)!.name;
    }
  }

  /** Sends any call, and gives the answer, or throws the error of the client; the signal's reason if it aborts. */
  async send(
    command: Exclude<keyof S3Sdk, "S3Client">,
    input: Readonly<Record<string, unknown>>,
    doing: Doing,
  ): Promise<S3Answer> {
    return await this.#send(command, input, { ...doing, by: "client" });
  }

  /**
   * As {@linkcode send}, by a connection of its own. Over one that was used before, Deno 2.9.6 sends a
   * call again where the answer is lost, and tells nobody: then what the server refuses may be what it
   * has done already. Over a new one each time that a call is sent is an attempt that is counted.
   */
  async sendAfresh(
    command: Exclude<keyof S3Sdk, "S3Client">,
    input: Readonly<Record<string, unknown>>,
    doing: Doing,
  ): Promise<S3Answer> {
    return await this.#send(command, input, { ...doing, by: "afresh" });
  }

  /** Gives what an error means to the user of the storage. */
  failure({ doing, signal }: Doing, error: unknown): unknown {
    return signal?.aborted && error === signal.reason ? error : s3Failure(this.place, doing, error);
  }

  /** Closes the connections, for good. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    const loaded = await this.#loaded?.catch(() => undefined);
    loaded?.client.destroy();
    loaded?.afresh.destroy();
  }

  async #send(
    command: Exclude<keyof S3Sdk, "S3Client">,
    input: Readonly<Record<string, unknown>>,
    { signal, by }: Doing & { readonly by: "client" | "afresh" },
  ): Promise<S3Answer> {
    signal?.throwIfAborted();
    const loaded = await (this.#loaded ??= this.#load());
    if (this.#isDisposed) throw new StorageError("The storage was disposed; make another one");
    const Command: S3CommandClass = loaded.sdk[command];
    try {
      const all = { Bucket: this.place.bucket, ...input };
      return await loaded[by].send(new Command(all), { abortSignal: signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }

  async #load(): Promise<Loaded> {
    try {
      const sdk = await importPackage<S3Sdk>("s3");
      const config = configOf(this.place);
      const client = new sdk.S3Client(config);
      const afresh = new sdk.S3Client({
        ...config,
        // Those that were looked up once.
        credentials: client.config.credentials,
        requestHandler: { ...TIMEOUTS, httpAgent: UNSHARED, httpsAgent: UNSHARED },
      });
      for (const each of [client, afresh]) {
        // It reads environment variables of AWS Lambda at each call.
        each.middlewareStack.remove("recursionDetectionMiddleware");
      }
      return { sdk, client, afresh };
    } catch (error) {
      this.#loaded = undefined;
      throw error;
    }
  }
}

/**
 * What the client is made from. All that it would look up in the environment and in shared files is
 * given, but for credentials and region where those are to be looked up: so that a program without them
 * needs no permission to read either.
 */
function configOf(place: S3Place): Readonly<Record<string, unknown>> {
  const { endpoint, region, credentials, forcePathStyle } = place;
  const identity = isExplicit(credentials)
    ? { credentials, profile: "none" }
    : { profile: credentials?.profile };
  return {
    ...identity,
    ...(endpoint === undefined ? undefined : { endpoint }),
    ...(region === undefined ? undefined : { region }),
    forcePathStyle,
    maxAttempts: ATTEMPTS,
    retryMode: "standard",
    requestHandler: TIMEOUTS,
    // Bodies are signed by their SHA-256. Checksums on top, as trailers, are what older servers refuse.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    defaultsMode: "standard",
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    useArnRegion: false,
    disableMultiregionAccessPoints: true,
    disableS3ExpressSessionAuth: true,
    disableClockSkewCorrection: () => Promise.resolve(false),
    authSchemePreference: () => Promise.resolve([]),
    sigv4aSigningRegionSet: () => Promise.resolve(undefined),
    userAgentAppId: () => Promise.resolve(undefined),
    defaultUserAgentProvider: () => Promise.resolve([["labtech"]]),
  };
}
