/** Drivers that only read: what others wrote can be read by them, and nothing can be changed. */
import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { UnstorageStorage } from "../../storages/unstorage.ts";
import {
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { scratch } from "./_scratch.ts";
import { weakDriver } from "./_unstorage_drivers.ts";

const MIB = 2 ** 20;
const FILES = { "a.txt": "a", "metadata.json": '{"ä": 1}' };
const LARGE = { "large.bin": noise(9 * MIB), "text.txt": "x".repeat(100_000) };

function testWithNet(name: string, fn: () => Promise<void>): void {
  const granted = Deno.permissions.querySync({ name: "net" }).state === "granted";
  const title = granted ? name : `${name} (skipped: it needs --allow-net)`;
  Deno.test({ name: title, ignore: !granted, fn });
}

/** Serves until the end of the block; gives the address. */
function serve(
  answer: (request: Request, path: string) => Response | Promise<Response>,
): AsyncDisposable & { readonly url: string } {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    return answer(request, decodeURIComponent(new URL(request.url).pathname));
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

testWithNet("entries are read from any web server that has the items as files", async () => {
  const { driver, items } = weakDriver();
  await using written = new UnstorageStorage({ driver });
  await save(written, "Key", FILES);
  await save(written, "large", LARGE);
  await using server = serve(({ method }, path) => {
    if (method !== "GET" && method !== "HEAD") return new Response(null, { status: 405 });
    const item = items.get(path.replace("/shared/", "").replaceAll("/", ":"));
    return item ? new Response(item as Uint8Array<ArrayBuffer>) : new Response("", { status: 404 });
  });
  await using storage = new UnstorageStorage({ driver: "http", base: `${server.url}/shared` });
  assertEquals(await textsOf(storage, "Key"), FILES);
  const entry = await openThere(storage, "large");
  assertEquals(await entry.read("large.bin"), LARGE["large.bin"]);
  assertEquals(await new Response(await entry.stream("text.txt")).text(), LARGE["text.txt"]);
  assertEquals(await storage.open("key"), undefined);
  assertEquals(await storage.existsMany(["Key", "key", "large"]), new Set(["Key", "large"]));
  assertEquals(await storage.delete("key"), false);
  assertMatch(String(await rejection(keysOf(storage))), /Cannot list the entries .*404/);
  for (
    const change of [
      () => save(storage, "new", FILES),
      () => save(storage, "Key", FILES),
      () => storage.delete("Key"),
    ]
  ) {
    const error = await rejection(change());
    assertInstanceOf(error, StorageError);
    assertMatch(error.message, /405.*takes no changes: use it for reading only/);
  }
  assertEquals(await textsOf(storage, "Key"), FILES);
});

/** Answers as GitHub does of a branch that holds this directory. */
function gitHubOf(dir: string): (request: Request, path: string) => Promise<Response> {
  return async (_, path) => {
    if (path.startsWith("/raw/team/results/main/kept/")) {
      const bytes = await Deno.readFile(dir + path.slice("/raw/team/results/main/kept".length));
      const type = bytes.includes(0) ? "application/octet-stream" : "text/plain; charset=utf-8";
      return new Response(bytes, { headers: { "content-type": type } });
    }
    if (path !== "/api/repos/team/results/git/trees/main") return new Response("", { status: 404 });
    const tree = [{ type: "tree", path: "kept" }, { type: "blob", path: "README.md" }]
      .concat((await filesIn(dir)).map((file) => ({ type: "blob", path: `kept/${file}` })));
    return Response.json({ tree });
  };
}

async function filesIn(dir: string, above = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (isDirectory) files.push(...await filesIn(`${dir}/${name}`, `${above}${name}/`));
    else files.push(above + name);
  }
  return files;
}

testWithNet(
  "what the driver fs wrote is read from a GitHub repository that it was pushed to",
  async () => {
    await using place = await scratch();
    {
      await using written = new UnstorageStorage({ driver: "fs", base: place.dir });
      await save(written, "Key", { "a.txt": "old" });
      await save(written, "Key", FILES);
      await save(written, "large", LARGE);
    }
    await using server = serve(gitHubOf(place.dir));
    await using storage = new UnstorageStorage({
      driver: "github",
      repo: "team/results",
      dir: "/kept",
      apiURL: `${server.url}/api`,
      cdnURL: `${server.url}/raw`,
    });
    assertEquals(await keysOf(storage), ["Key", "large"]);
    assertEquals(await textsOf(storage, "Key"), FILES);
    assertEquals(await (await openThere(storage, "large")).read("large.bin"), LARGE["large.bin"]);
    assertEquals(await storage.open("key"), undefined);
    assertEquals(await storage.delete("key"), false);
    for (
      const change of [
        () => storage.create("new"),
        () => storage.delete("Key"),
        () => storage.setAside("Key"),
      ]
    ) {
      const error = await rejection(change());
      assertInstanceOf(error, StorageError);
      assertMatch(
        error.message,
        /the driver "github" only reads; use it for results that are there/,
      );
    }
  },
);

for (
  const [what, options] of [
    ["that has no call to write", {
      driver: weakDriver({ without: ["setItem", "setItemRaw"] }).driver,
    }],
    ["that is set to read only", { driver: "fs", base: "results", readOnly: true }],
  ] as const
) {
  Deno.test(`a driver ${what} refuses a save, and does not lose it in silence`, async () => {
    await using storage = new UnstorageStorage(options);
    const error = await rejection(save(storage, "key", FILES));
    assertInstanceOf(error, StorageError);
    assertMatch(error.message, /only reads|its option readOnly is set/);
  });
}
