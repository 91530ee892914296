import { assertEquals } from "@std/assert";
import { join } from "@std/path/join";
import { toFileUrl } from "@std/path/to-file-url";
import { permissionFlags, union } from "../permissions.ts";

const here = (...names: string[]): string => join(Deno.cwd(), ...names);

Deno.test("permissions together grant what each of them grants", () => {
  assertEquals(
    union([
      { read: ["/a"], write: ["/a"], net: ["deno.com"] },
      { read: ["/b", "/a"], env: ["HOME"], net: true },
      { net: ["jsr.io"], run: false },
      {},
    ]),
    { read: ["/a", "/b"], write: ["/a"], net: true, env: ["HOME"] },
  );
  assertEquals(union([]), {});
});

Deno.test("what the program has anyway, or nothing has, is no permission to ask for", () => {
  assertEquals(union([{ read: "inherit", net: false }, { read: ["/a"] }, { env: "inherit" }]), {
    read: ["/a"],
  });
  assertEquals(permissionFlags({ read: "inherit", net: false, env: undefined, write: [] }), []);
});

Deno.test("permissions are flags of deno run, paths near the working directory relative to it", () => {
  assertEquals(
    permissionFlags({
      read: [here("results"), "/elsewhere", here()],
      write: [here("a", "b")],
      net: ["deno.com:443"],
      env: true,
      sys: ["hostname"],
      import: ["jsr.io:443"],
    }),
    [
      "--allow-read=results,/elsewhere,.",
      "--allow-write=a/b",
      "--allow-net=deno.com:443",
      "--allow-env",
      "--allow-sys=hostname",
      "--allow-import=jsr.io:443",
    ],
  );
});

Deno.test("file URLs are paths", () => {
  const granted = union([{
    read: [toFileUrl(here("a b"))],
    run: [toFileUrl(here("tool"))],
  }]);
  assertEquals(granted, { read: [here("a b")], run: [here("tool")] });
  assertEquals(permissionFlags({ read: [toFileUrl(here("a b"))] }), ["--allow-read=a b"]);
});

Deno.test("names that begin with two dots are not taken for the folder above", () => {
  assertEquals(permissionFlags({ read: [here("..results"), here("..")] }), [
    `--allow-read=..results,${here("..")}`,
  ]);
});

Deno.test("of a path with a comma, which no flag can express, the folder above is granted", async () => {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  try {
    const file = join(dir, "a,b", "c,d", "x.txt");
    const flags = permissionFlags({ read: [file] });
    assertEquals(flags, [`--allow-read=${dir}`]);
    assertEquals(permissionFlags({ read: [here("a,b")] }), ["--allow-read=."]);
    if (
      (await Deno.permissions.query({ name: "run", command: Deno.execPath() })).state !== "granted"
    ) {
      console.log("Not tried in a program of its own: that needs --allow-run");
      return;
    }
    await Deno.mkdir(join(file, ".."), { recursive: true });
    await Deno.writeTextFile(file, "read");
    const code = `console.log(Deno.readTextFileSync(${JSON.stringify(file)}))`;
    await Deno.writeTextFile(join(dir, "program.ts"), code);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...flags, join(dir, "program.ts")],
    }).output();
    assertEquals(new TextDecoder().decode(stdout).trim(), "read");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
