import type { Doing, ListedObject, S3Bucket } from "./_s3_bucket.ts";
import { findClaim } from "./_s3_claims.ts";
import { findRecord } from "./_s3_found.ts";
import { abortUpload, findUploads, partsOf, type PendingUpload } from "./_s3_pending.ts";
import {
  asideOf,
  asidesOf,
  claimsOf,
  dataOf,
  dataOfGeneration,
  type Generation,
  generationIn,
  isKey,
  locationOf,
  recordsOf,
} from "./_s3_place.ts";
import type { Call, Leftover, LeftoverOptions } from "./storage.ts";

const DAY = 86_400_000;
/** How many times as long as it holds a claim is left alone, as the clocks of machines differ. */
const MISSED = 6;

/** All that lies in the bucket of one generation of an entry. */
interface Remains extends Generation {
  readonly objects: ListedObject[];
  readonly uploads: PendingUpload[];
}

/**
 * Gives what is no entry, by one listing of all objects: records that were put aside, with their data;
 * data that no record names, and uploads that are not complete, where nothing came for the time of
 * grace; claims that were not renewed for as long; and what has no name of ours. One more call is made for each entry with data of that age.
 */
export async function* findLeftovers(
  bucket: S3Bucket,
  { grace = DAY, signal }: LeftoverOptions,
): AsyncGenerator<Leftover> {
  const doing = { doing: "look for leftovers", signal };
  const { place } = bucket;
  const remains = new Map<string, Remains>();
  const remainsOf = ({ key, generation }: Generation) => {
    const id = dataOfGeneration(place, { key, generation });
    const known = remains.get(id) ?? { key, generation, objects: [], uploads: [] };
    remains.set(id, known);
    return known;
  };
  // Uploads first: one that is completed meanwhile is seen twice, not missed.
  for await (const upload of findUploads(bucket, dataOf(place), doing)) {
    const of = generationIn(upload.name.slice(dataOf(place).length));
    if (of) remainsOf(of).uploads.push(upload);
  }
  const claims: ListedObject[] = [];
  const asides: (Generation & { readonly record: ListedObject })[] = [];
  for await (const object of bucket.listAll(place.prefix, doing)) {
    const under = (start: string) =>
      object.name.startsWith(start) && object.name.slice(start.length);
    const aside = generationIn(under(asidesOf(place)) || "");
    const data = generationIn(under(dataOf(place)) || "");
    if (aside?.rest === "") asides.push({ ...aside, record: object });
    else if (data?.rest) remainsOf(data).objects.push(object);
    else if (isKey(under(claimsOf(place)) || "")) claims.push(object);
    else if (!isKey(under(recordsOf(place)) || "")) yield foreign(bucket, object);
  }
  for (const object of claims) {
    const leftover = await judgeClaim(bucket, object, { grace, ...doing });
    if (leftover) yield leftover;
  }
  for (const { record, ...of } of asides) {
    const { objects } = remainsOf(of);
    remains.delete(dataOfGeneration(place, of));
    yield aside(bucket, of, [record, ...objects]);
  }
  for (const each of remains.values()) {
    const leftover = await judge(bucket, each, { grace, ...doing });
    if (leftover) yield leftover;
  }
}

/** Gives the remains of a generation, unless a live writer may need them, or they are an entry's. */
async function judge(
  bucket: S3Bucket,
  { key, generation, objects, uploads }: Remains,
  { grace, ...doing }: Doing & { readonly grace: number },
): Promise<Leftover | undefined> {
  const isOld = (since: Date) => Date.now() - since.getTime() >= grace;
  if (!objects.every(({ since }) => isOld(since))) return undefined;
  let bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
  let since = latest(objects);
  for (const upload of uploads) {
    if (!isOld(upload.begun)) return undefined;
    const parts = await partsOf(bucket, upload, doing);
    if (!parts) continue;
    if (!isOld(parts.since)) return undefined;
    bytes += parts.bytes;
    if (!since || parts.since > since) since = parts.since;
  }
  const found = await findRecord(bucket, key, doing);
  const isEntry = found?.record?.generation === generation;
  if (isEntry && uploads.length === 0) return undefined;
  const isReplaced = uploads.length === 0 && since && found?.since && found.since >= since;
  return {
    place: locationOf(bucket.place, dataOfGeneration(bucket.place, { key, generation })),
    kind: isReplaced ? "replaced" : "draft",
    bytes,
    since,
    remove: (options) => remove(bucket, { key, generation, objects, uploads }, options),
  };
}

/** Gives a claim that nobody renewed for long, which is that of a program that died. */
async function judgeClaim(
  bucket: S3Bucket,
  { name, bytes, since }: ListedObject,
  { grace, ...doing }: Doing & { readonly grace: number },
): Promise<Leftover | undefined> {
  const { place } = bucket;
  if (Date.now() - since.getTime() < Math.max(grace, MISSED * place.claimTtl)) return undefined;
  const key = name.slice(claimsOf(place).length);
  const found = await findClaim(bucket, key, doing);
  if (!found) return undefined;
  return {
    ...{ place: locationOf(place, name), kind: "draft", bytes, since },
    // One that was renewed since is another one by its ETag.
    remove: (options) =>
      bucket.delete(name, { doing: `remove the claim on "${key}"`, signal: options?.signal }, {
        match: found.etag,
      }),
  };
}

/** Removes the remains of a generation, unless it became an entry, or something came since. */
async function remove(bucket: S3Bucket, remains: Remains, options?: Call): Promise<boolean> {
  const { key, objects, uploads } = remains;
  const doing = { doing: `remove leftovers of "${key}"`, signal: options?.signal };
  const prefix = dataOfGeneration(bucket.place, remains);
  const known = new Map(objects.map(({ name, since }) => [name, since.getTime()]));
  for await (const { name, since } of bucket.listAll(prefix, doing)) {
    if (known.get(name) !== since.getTime()) return false;
  }
  const isEntry = await isCurrent(bucket, remains, doing);
  for (const upload of uploads) await abortUpload(bucket, upload, doing);
  if (!isEntry) { for (const { name } of objects) await bucket.delete(name, doing); }
  return !isEntry || uploads.length > 0;
}

/** A record that was put aside, and its data, as one. */
function aside(
  bucket: S3Bucket,
  of: Generation,
  objects: readonly ListedObject[],
): Leftover {
  const { place } = bucket;
  return {
    place: locationOf(place, asideOf(place, of)),
    kind: "aside",
    bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
    since: latest(objects),
    async remove(options) {
      const doing = { doing: `remove "${of.key}", which was set aside`, signal: options?.signal };
      // Who put it aside may have died before the record was removed.
      const isEntry = await isCurrent(bucket, of, doing);
      const [record, ...data] = objects;
      if (!isEntry) { for (const { name } of data) await bucket.delete(name, doing); }
      return await bucket.delete(record!.name, doing);
    },
  };
}

function foreign(bucket: S3Bucket, { name, bytes, since }: ListedObject): Leftover {
  const place = locationOf(bucket.place, name);
  const remove = (options?: Call) =>
    bucket.delete(name, { doing: `remove "${place}"`, signal: options?.signal });
  return { place, kind: "foreign", bytes, since, remove };
}

async function isCurrent(bucket: S3Bucket, of: Generation, doing: Doing): Promise<boolean> {
  const found = await findRecord(bucket, of.key, doing);
  return found?.record?.generation === of.generation;
}

function latest(objects: readonly ListedObject[]): Date | undefined {
  const times = objects.map(({ since }) => since.getTime());
  return times.length > 0 ? new Date(Math.max(...times)) : undefined;
}
