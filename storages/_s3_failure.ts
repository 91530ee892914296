import { StorageError } from "../errors.ts";
import { permissionFlags } from "../permissions.ts";
import { s3Permissions } from "./_s3_permissions.ts";
import { locationOf, type S3Place } from "./_s3_place.ts";
import type { S3Error } from "./_s3_sdk.ts";

/** What to do about an error, by the name or code that S3, the client or the system gives it. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /^NoSuchBucket$/,
    "there is no such bucket; make it, or check its name, the endpoint and region",
  ],
  [
    /^(InvalidAccessKeyId|XAdminUserNotFound|SignatureDoesNotMatch|InvalidToken|ExpiredToken|TokenRefreshRequired|InvalidClientTokenId)$/,
    "the server refuses the credentials; check the access key, the secret and the session token, " +
    "and whether they have expired",
  ],
  [
    /^(CredentialsProviderError|TokenProviderError|UnrecognizedClientException)$/,
    "there are no credentials; give `credentials`, name a profile, or set AWS_ACCESS_KEY_ID and " +
    "AWS_SECRET_ACCESS_KEY",
  ],
  [
    /^(AccessDenied|AllAccessDisabled|Forbidden|403|AccountProblem)$/,
    "the server forbids it; the credentials need s3:GetObject, s3:PutObject, s3:DeleteObject, " +
    "s3:ListBucket, s3:ListBucketMultipartUploads, s3:ListMultipartUploadParts and " +
    "s3:AbortMultipartUpload",
  ],
  [
    /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException|301)$/,
    "the bucket is in another region; give its `region`",
  ],
  [/^RequestTimeTooSkewed$/, "the clock of this machine is wrong; set it"],
  [/^(SlowDown|ServiceUnavailable|InternalError|50\d|429)$/, "the server is busy; try again later"],
  [
    /^(E[A-Z]{4,}|TimeoutError|NetworkingError|Error|TypeError)$/,
    "check the endpoint and the network, then try again",
  ],
];

/** Gives what a failed call means to the user of a storage, with what to do. */
export function s3Failure(place: S3Place, doing: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StorageError) return error;
  const { name, message, code, $metadata } = error as S3Error;
  const target = `the storage "${locationOf(place, place.prefix)}"${
    place.endpoint ? ` at ${place.endpoint}` : ""
  }`;
  const cause = causeOf(place, error);
  if (error instanceof Deno.errors.NotCapable || /^Requires \w+ access/.test(message)) {
    const flags = permissionFlags(s3Permissions(place));
    const text = `Cannot ${doing}: the program may not use ${target}; run with ${flags.join(" ")}`;
    return new StorageError(text, { cause });
  }
  const status = $metadata?.httpStatusCode;
  const remedy = REMEDIES.find(([names]) =>
    [name, code, String(status)].some((given) => given !== undefined && names.test(given))
  )?.[1];
  const said = [name === "Error" ? code : name, hidden(place, message)].filter(Boolean).join(": ");
  const text = `Cannot ${doing} in ${target}: ${said}`;
  return new StorageError(remedy ? `${text}; ${remedy}` : text, { cause });
}

/** Whether a call was refused for what it is, so that it had no effect, and never will. */
export function isRefusal(error: unknown): boolean {
  const { $metadata } = error as S3Error;
  const { httpStatusCode: status = 0, attempts = 1 } = $metadata ?? {};
  return status >= 400 && status < 500 && status !== 408 && attempts === 1;
}

/** Whether an error of the server has one of these names or statuses. */
export function isAnswer(error: unknown, ...answers: readonly (string | number)[]): boolean {
  const { name, $metadata } = error as S3Error;
  return answers.includes(name) || answers.includes($metadata?.httpStatusCode ?? -1);
}

/**
 * What is passed on as the cause. The client's own errors carry the answer of the server, where it may
 * have put the headers of the request, a session token among them.
 */
function causeOf(place: S3Place, error: Error): Error {
  const { name, message, stack, code, $metadata } = error as S3Error;
  const cause = new Error(hidden(place, message));
  const status = $metadata?.httpStatusCode;
  const about = { name, code, status, stack: stack && hidden(place, stack) };
  for (const [key, value] of Object.entries(about)) {
    if (value !== undefined) Object.defineProperty(cause, key, { value, configurable: true });
  }
  return cause;
}

function hidden({ credentials }: S3Place, text: string): string {
  const secrets = Object.values(credentials ?? {}).filter((value) => value !== undefined);
  return secrets.reduce((shown: string, secret: string) => shown.replaceAll(secret, "***"), text);
}
