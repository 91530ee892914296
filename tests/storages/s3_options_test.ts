import { assert, assertEquals, assertFalse, assertInstanceOf, assertThrows } from "@std/assert";
import "../../builtins.ts";
import { ConfigError, StorageError } from "../../errors.ts";
import { storages } from "../../registry.ts";
import { S3Storage, type S3StorageOptions } from "../../storages/s3.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const CREDENTIALS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: SECRET,
  sessionToken: "T0ken==",
};
const SECRETS = Object.values(CREDENTIALS);

function assertHides(shown: string): void {
  for (const secret of SECRETS) assertFalse(shown.includes(secret), shown);
}

Deno.test("a prefix ends with one slash, and is empty where none is given", () => {
  const prefixOf = (prefix?: string) => new S3Storage({ bucket: "our-results", prefix }).prefix;
  assertEquals(prefixOf(), "");
  assertEquals(prefixOf(""), "");
  assertEquals(prefixOf("team"), "team/");
  assertEquals(prefixOf("team/2026.1/"), "team/2026.1/");
});

Deno.test("what cannot be the place of a storage is refused", () => {
  const unfit: Partial<Record<keyof S3StorageOptions, unknown[]>> = {
    bucket: [undefined, null, "", "a", "a/b", "-ab", "a b", 1, {}],
    prefix: ["/", "a//b", "../a", "a/./b", "a b", "é", null, "a\0", "x".repeat(700), 1],
    region: ["", "eu central", "../", 1, null],
    claimTtl: [0, 0.5, -1, NaN, Infinity, "5", null],
    endpoint: [
      "",
      "localhost:9000",
      "ftp://a",
      "https://user:pass@a",
      "https://a?b",
      "https://a#b",
    ],
  };
  for (const [option, values] of Object.entries(unfit)) {
    for (const value of values) {
      const options = { bucket: "our-results", [option]: value } as unknown as S3StorageOptions;
      assertThrows(() => new S3Storage(options), StorageError, "Expected", `${option}: ${value}`);
    }
  }
});

Deno.test("malformed credentials are refused, and not shown", () => {
  const unfit = [
    null,
    SECRET,
    {},
    { accessKeyId: "AKIDEXAMPLE" },
    { secretAccessKey: SECRET },
    { accessKeyId: "AKIDEXAMPLE", secretAccessKey: `${SECRET}\n` },
    { ...CREDENTIALS, sessionToken: 1 },
    { profile: "" },
    { profile: "work", accessKeyId: "AKIDEXAMPLE" },
  ];
  for (const credentials of unfit as S3StorageOptions["credentials"][]) {
    const options = { bucket: "our-results", credentials };
    const error = assertThrows(() => new S3Storage(options));
    assertHides(Deno.inspect(error));
    if (credentials !== null) {
      const spec = { type: "s3", ...options };
      assertHides(Deno.inspect(assertThrows(() => storages.create(spec), ConfigError)));
    }
  }
  const endpoint = `https://AKIDEXAMPLE:${SECRET}@s3.example.com`;
  for (
    const make of [
      () => new S3Storage({ bucket: "abc", endpoint }),
      () => storages.create({ type: "s3", bucket: "abc", endpoint }),
    ]
  ) {
    assertHides(Deno.inspect(assertThrows(make)));
  }
});

Deno.test("a storage shows no secret, however it is looked at", () => {
  const storage = new S3Storage({ bucket: "our-results", credentials: CREDENTIALS });
  for (
    const shown of [
      Deno.inspect(storage, { depth: 99, showHidden: true, getters: true }),
      String(storage),
      JSON.stringify(storage),
      JSON.stringify(storage.spec) ?? "",
      JSON.stringify(storage.permissions),
      Deno.inspect(storages.create({ type: "s3", bucket: "abc", credentials: CREDENTIALS })),
    ]
  ) assertHides(shown);
});

Deno.test("tells how to make it again, unless keys were given", () => {
  const specOf = (options: Omit<S3StorageOptions, "bucket">) =>
    new S3Storage({ bucket: "our-results", ...options }).spec;
  assertEquals<unknown>(specOf({}), {
    type: "s3",
    bucket: "our-results",
    prefix: "",
    forcePathStyle: false,
    claimTtl: 10,
  });
  const place = { prefix: "a/", endpoint: "https://s3.example.com", region: "eu-central-1" };
  const options = { ...place, claimTtl: 30 };
  const credentials = { profile: "work" };
  const spec = specOf({ ...options, credentials })!;
  assertEquals<unknown>(spec, {
    type: "s3",
    bucket: "our-results",
    ...options,
    credentials,
    forcePathStyle: true,
  });
  const again = storages.create(spec);
  assertInstanceOf(again, S3Storage);
  assertEquals(again.spec, spec);
  assertEquals(specOf({ credentials: CREDENTIALS }), undefined);
});

Deno.test("another thread makes a storage with keys from the configuration that it came from", () => {
  const spec = { type: "s3", bucket: "our-results", credentials: CREDENTIALS };
  assertEquals(storages.originOf(storages.create(spec))?.spec, spec);
});

Deno.test("asks for the host that is called, and for no more where keys are given", () => {
  const netOf = (options: Partial<S3StorageOptions>) => {
    const storage = new S3Storage({ bucket: "our", credentials: CREDENTIALS, ...options });
    const { net, env, ...others } = storage.permissions;
    assertEquals(others, {});
    assertEquals((env as string[]).length, 3);
    return net;
  };
  assertEquals(netOf({}), ["our.s3.us-east-1.amazonaws.com:443"]);
  assertEquals(netOf({ region: "cn-north-1" }), ["our.s3.cn-north-1.amazonaws.com.cn:443"]);
  assertEquals(netOf({ bucket: "o.ur", region: "eu-west-1" }), ["s3.eu-west-1.amazonaws.com:443"]);
  assertEquals(netOf({ forcePathStyle: true }), ["s3.us-east-1.amazonaws.com:443"]);
  assertEquals(netOf({ endpoint: "http://127.0.0.1:9000" }), ["127.0.0.1:9000"]);
  assertEquals(netOf({ endpoint: "http://localhost" }), ["localhost:80"]);
  const endpoint = "https://s3.example.com";
  assertEquals(netOf({ endpoint, forcePathStyle: false }), ["our.s3.example.com:443"]);
});

Deno.test("asks for the environment and the shared files where credentials are looked up", () => {
  for (const credentials of [undefined, { profile: "work" }]) {
    const storage = new S3Storage({ bucket: "our", region: "eu-west-1", credentials });
    const { net, env } = storage.permissions as { net: string[]; env: string[] };
    assert(net.includes("our.s3.eu-west-1.amazonaws.com:443"));
    assert(net.includes("169.254.169.254:80"));
    assert(env.includes("AWS_*") && env.includes("HOME"));
  }
  const { net } = new S3Storage({ bucket: "our" }).permissions as { net: string[] };
  assert(net.includes("*.amazonaws.com:443"));
});
