/**
 * The part of `@aws-sdk/client-s3` that is used here. Its own types cannot be imported: who keeps
 * results elsewhere would download the package for them.
 *
 * @module
 */

/** A call, ready to be sent. */
export type S3Command = { readonly input: object };

/** A class of calls. */
export type S3CommandClass = new (input: Readonly<Record<string, unknown>>) => S3Command;

/** What the package exports. */
export interface S3Sdk {
  readonly S3Client: new (config: Readonly<Record<string, unknown>>) => S3Client;
  readonly GetObjectCommand: S3CommandClass;
  readonly HeadObjectCommand: S3CommandClass;
  readonly PutObjectCommand: S3CommandClass;
  readonly DeleteObjectCommand: S3CommandClass;
  readonly ListObjectsV2Command: S3CommandClass;
  readonly CreateMultipartUploadCommand: S3CommandClass;
  readonly UploadPartCommand: S3CommandClass;
  readonly CompleteMultipartUploadCommand: S3CommandClass;
  readonly AbortMultipartUploadCommand: S3CommandClass;
  readonly ListMultipartUploadsCommand: S3CommandClass;
  readonly ListPartsCommand: S3CommandClass;
}

/** The client. */
export interface S3Client {
  readonly config: { readonly credentials: unknown };
  readonly middlewareStack: { remove(name: string): boolean };
  send(command: S3Command, options: { readonly abortSignal?: AbortSignal }): Promise<S3Answer>;
  destroy(): void;
}

/** The members of answers that are used; each answer has some. */
export interface S3Answer {
  readonly $metadata: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly ETag?: string;
  readonly ContentLength?: number;
  readonly LastModified?: Date;
  readonly Body?: S3Body;
  readonly UploadId?: string;
  readonly IsTruncated?: boolean;
  readonly Contents?: readonly S3Listed[];
  readonly Uploads?: readonly {
    readonly Key?: string;
    readonly UploadId?: string;
    readonly Initiated?: Date;
  }[];
  readonly NextKeyMarker?: string;
  readonly NextUploadIdMarker?: string;
  readonly Parts?: readonly S3Listed[];
  readonly NextPartNumberMarker?: string;
}

/** An object or part in a listing. */
export interface S3Listed {
  readonly Key?: string;
  readonly Size?: number;
  readonly LastModified?: Date;
}

/** What an object holds, on its way. */
export interface S3Body {
  transformToByteArray(): Promise<Uint8Array<ArrayBuffer>>;
  transformToWebStream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** An error as the client throws it. */
export interface S3Error extends Error {
  readonly code?: string;
  readonly $metadata?: S3Answer["$metadata"];
}
