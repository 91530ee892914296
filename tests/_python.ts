/** How long a virtual environment may take until the tests do without it, in ms. */
const PATIENCE = 25_000;
const ABOUT = "import sys; assert sys.version_info >= (3, 11), sys.version; print(sys.executable)";
const PACKAGES = ["cbor2>=6", "numpy", "zstandard"];

/** Why Python cannot be run at all; `undefined` when it may be. */
export function whyNoPython(): string | undefined {
  for (const descriptor of [{ name: "run" }, { name: "run", command: "python3" }] as const) {
    const { state } = Deno.permissions.querySync(descriptor);
    if (state !== "granted") return "it needs --allow-run, also of python3";
  }
  return undefined;
}

/** What became of a program. */
interface Ended {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, or interrupts it when the signal aborts. */
export async function runPython(
  python: string,
  args: readonly string[],
  { cwd, signal }: { readonly cwd?: string; readonly signal?: AbortSignal } = {},
): Promise<Ended> {
  const command = new Deno.Command(python, {
    args: [...args],
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const process = command.spawn();
  // Of all signals, pip hands on this one alone to the process that it does its work in.
  const interrupt = () => {
    try {
      process.kill("SIGINT");
    } catch {
      // It has just ended.
    }
  };
  signal?.addEventListener("abort", interrupt);
  try {
    const { success, stdout, stderr } = await process.output();
    const decoder = new TextDecoder();
    return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}

/**
 * Makes a virtual environment with packages, those that `docs/python.md` asks for if left out. Gives its
 * interpreter, or the reason why there is none: no Python of 3.11 or later, no pip, no network, no
 * patience.
 */
export async function virtualEnvironment(
  dir: string,
  packages: readonly string[] = PACKAGES,
): Promise<{ readonly python: string } | { readonly reason: string }> {
  const signal = AbortSignal.timeout(PATIENCE);
  const python = `${dir}/${Deno.build.os === "windows" ? "Scripts/python.exe" : "bin/python"}`;
  const install = ["install", "--quiet", "--no-input", "--no-compile", "--only-binary=:all:"];
  const net = ["--disable-pip-version-check", "--retries=1", "--timeout=5"];
  try {
    let ended = await runPython("python3", ["-c", ABOUT], { signal });
    // Itself, not a script that stands for it: that would not hand on an interrupt.
    const original = ended.stdout.trim();
    // The pip that is there installs into the environment: one of its own would take seconds.
    for (
      const args of [
        ["-m", "venv", "--without-pip", dir],
        ["-m", "pip", "--python", python, ...install, ...net, ...packages],
      ]
    ) {
      if (ended.success && !signal.aborted) ended = await runPython(original, args, { signal });
    }
    if (signal.aborted) return { reason: `no environment within ${PATIENCE / 1000} s` };
    if (!ended.success) return { reason: ended.stderr.trim().split("\n").at(-1)! };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { reason: "there is no python3" };
    throw error;
  }
  return { python };
}
