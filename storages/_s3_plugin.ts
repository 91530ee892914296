import * as v from "valibot";
import type { Plugin } from "../plugin.ts";
import { BUCKET, REGION, SECRET } from "./_s3_place.ts";
import { S3Storage, type S3StorageOptions } from "./s3.ts";
import type { Storage } from "./storage.ts";

/** A text that is not shown where it is wrong: it may be, or hold, a secret. */
const HIDDEN = "(what was received is not shown)";
const TEXT = v.pipe(
  v.string(`Expected a text ${HIDDEN}`),
  v.regex(SECRET, `Expected a text without blanks and line ends ${HIDDEN}`),
);

const CREDENTIALS = v.union(
  [
    v.strictObject({
      profile: v.pipe(
        v.string(),
        v.nonEmpty("Expected the name of a profile"),
        v.description("The name of a profile in ~/.aws/config or ~/.aws/credentials"),
      ),
    }),
    v.strictObject({
      accessKeyId: v.pipe(
        TEXT,
        v.description('The access key, best as { "env": "NAME" }'),
      ),
      secretAccessKey: v.pipe(
        TEXT,
        v.description('The secret that belongs to it, best as { "env": "NAME" }'),
      ),
      sessionToken: v.optional(
        v.pipe(TEXT, v.description("The token that belongs to both, if they expire")),
      ),
    }),
  ],
  `Expected { "profile": … } or { "accessKeyId": …, "secretAccessKey": …, "sessionToken"?: … } ${HIDDEN}`,
);

/** Makes an {@link S3Storage}. */
export const s3Plugin: Plugin<Storage, S3StorageOptions> = {
  name: "s3",
  summary:
    "A bucket of Amazon S3, or of a server that speaks like it: for results that a team shares",
  options: v.strictObject({
    bucket: v.pipe(
      v.string(),
      v.regex(BUCKET, "Expected the name of a bucket"),
      v.description("The bucket; it must be there"),
    ),
    prefix: v.optional(
      v.pipe(
        v.string(),
        v.description("What the names of all objects begin with, e.g. team/results"),
      ),
      "",
    ),
    endpoint: v.optional(
      v.pipe(
        v.string(`Expected a URL ${HIDDEN}`),
        v.regex(/^https?:\/\/[^@?#]+$/, `Expected an http: or https: URL without "@" ${HIDDEN}`),
        v.description("The URL of the server, where it is not Amazon's"),
      ),
    ),
    region: v.optional(
      v.pipe(
        v.string(),
        v.regex(REGION, "Expected a region such as eu-central-1"),
        v.description("The region of the bucket; what AWS_REGION or the profile says if left out"),
      ),
    ),
    credentials: v.optional(CREDENTIALS),
    forcePathStyle: v.optional(
      v.pipe(
        v.boolean(),
        v.description(
          "Whether the bucket stands in the path of a URL, not in the name of its host; true if " +
            "left out where an endpoint is given",
        ),
      ),
    ),
    claimTtl: v.optional(
      v.pipe(
        v.number(),
        v.minValue(1),
        v.maxValue(86_400),
        v.description(
          "How many seconds a claim on an entry holds without a sign of life of who computes it",
        ),
      ),
      10,
    ),
  }),
  create: (options) => new S3Storage(options),
  // A storage with keys has no `spec`; another thread makes it from the same configuration.
  module: new URL("../builtins.ts", import.meta.url).href,
};
