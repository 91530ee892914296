import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Holders, isToken } from "../../storages/_holders.ts";
import { scratch } from "../e2e/_scratch.ts";

const NEEDED = ["read", "write", "net", "env", "run", "sys", "ffi"] as const;
const mayAll = NEEDED.every((name) => Deno.permissions.querySync({ name }).state === "granted");

/** Registers a test of what programs know of each other that may do everything, on Linux. */
function testOfProcesses(name: string, fn: () => Promise<void> | void): void {
  const runs = mayAll && Deno.build.os === "linux";
  Deno.test({
    name: runs ? name : `${name} (skipped: it needs all permissions, on Linux)`,
    ignore: !runs,
    fn,
  });
}

/** The token that another process of this machine would make. */
function tokenOf(pid: number): string {
  return new Holders().newToken().replace(/-\d+$/, `-${pid}`);
}

/** What a process is called now. */
function commandOf(pid: number): string {
  return Deno.readTextFileSync(`/proc/${pid}/comm`);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("tokens of claims differ, and are known as such", () => {
  const holders = new Holders();
  const tokens = Array.from({ length: 100 }, () => holders.newToken());
  assertEquals(new Set(tokens).size, 100);
  for (const token of tokens) assert(isToken(token), token);
});

Deno.test("what is no token is told from one", () => {
  const random = "0123456789abcdef".repeat(2);
  assert(isToken(random));
  assert(isToken(`${random}-0123456789abcdef-77`));
  const others = [
    ...["", random.slice(1), random.toUpperCase(), `${random}-0123456789abcdef`, `${random}-77`],
    ...[`${random}-0123456789abcdef-`, `${random}-0123456789abcdef-12345678901`, `${random}\n`],
    ...[`${random}-0123456789abcdef--1`, `${random}-0123456789abcdef-77-1`, 7, undefined, null],
  ];
  for (const other of others) assert(!isToken(other), `${other}`);
});

Deno.test("whoever is not known to be gone is not taken for dead: no name, another machine, no token", () => {
  const holders = new Holders();
  const random = "0123456789abcdef".repeat(2);
  // No process has this number; Linux counts to 2^22.
  for (const token of [random, `${random}-0123456789abcdef-4194305`, "", "../../etc/passwd"]) {
    assertEquals(holders.isGone(token), false, token);
  }
  assertEquals(holders.isGone(holders.newToken()), false);
});

Deno.test({
  name: "a program that may not look at the machine names nobody, and takes nobody for dead",
  permissions: { read: true },
  fn() {
    const holders = new Holders();
    assertMatch(holders.newToken(), /^[0-9a-f]{32}$/);
    assertEquals(holders.isGone(`${"0".repeat(32)}-${"0".repeat(16)}-4194305`), false);
  },
});

testOfProcesses("a token names the machine and the process", () => {
  const [one, other] = [new Holders().newToken(), new Holders().newToken()];
  assertMatch(one, new RegExp(`^[0-9a-f]{32}-[0-9a-f]{16}-${Deno.pid}$`));
  assertNotEquals(one, other);
  assertEquals(one.slice(32), other.slice(32));
});

testOfProcesses("a process is gone when it was killed, and not before", async () => {
  const process = new Deno.Command("sleep", { args: ["600"] }).spawn();
  const holders = new Holders();
  const token = tokenOf(process.pid);
  assertEquals(holders.isGone(token), false);
  process.kill("SIGSTOP");
  assertEquals(holders.isGone(token), false, "stopped is not gone");
  process.kill("SIGKILL");
  await process.status;
  assertEquals(holders.isGone(token), true);
});

testOfProcesses("a process is gone though its parent was not told yet", async () => {
  // `exec` puts another program in place of the shell, which then does not wait for its child.
  const parent = new Deno.Command("sh", {
    args: ["-c", "sleep 600 & echo $!; exec sleep 600"],
    stdout: "piped",
  }).spawn();
  const reader = parent.stdout.getReader();
  const pid = Number(new TextDecoder().decode((await reader.read()).value));
  try {
    // Before that the shell may yet bury its child.
    await until(() => commandOf(parent.pid) === "sleep\n");
    const token = tokenOf(pid);
    const holders = new Holders();
    assertEquals(holders.isGone(token), false);
    Deno.kill(pid, "SIGKILL");
    await until(() => /\) Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`)));
    assertEquals(holders.isGone(token), true);
  } finally {
    parent.kill("SIGKILL");
    await parent.status;
    await reader.cancel();
  }
});

testOfProcesses("a process is not gone whatever it is called", async () => {
  await using place = await scratch();
  const program = place.path("a) Z 1 (b");
  await Deno.copyFile("/bin/sleep", program);
  const process = new Deno.Command(program, { args: ["600"] }).spawn();
  try {
    await until(() => commandOf(process.pid) === "a) Z 1 (b\n");
    assertEquals(new Holders().isGone(tokenOf(process.pid)), false);
  } finally {
    process.kill("SIGKILL");
    await process.status;
  }
});
