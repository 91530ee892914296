import { buildCommand, type Command } from "@stricli/core";
import { dirname } from "@std/path/dirname";
import { join } from "@std/path/join";
import { ConfigError } from "../errors.ts";
import { permissionFlags } from "../permissions.ts";
import type { LabContext } from "./_process.ts";

interface Flags {
  readonly out: string;
  readonly public?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

const MODE = 0o600;

/** `lab keygen`: makes a key to sign entries by. */
export const keygenCommand: Command<LabContext> = buildCommand<Flags, [], LabContext>({
  func: keygen,
  parameters: {
    flags: {
      out: {
        kind: "parsed",
        parse: (input: string) => input,
        default: "lab.key",
        placeholder: "path",
        brief: "The file of the private key, which only you may read",
      },
      public: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Make nothing: print the public key of the file that is there",
      },
      force: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Replace a file that is there: its key is lost",
      },
      json: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Print JSON on standard output",
      },
    },
    aliases: { o: "out" },
  },
  docs: {
    brief: "Make a key to sign results by",
    customUsage: ["[flags]"],
    fullDescription:
      "Makes a private key (Ed25519), writes it to a file, and prints the public key: it is for those\n" +
      "who are to trust the results that are signed by the private one. Takes keys of openssl too:\n" +
      "lab keygen --public --out KEY prints what is public of them.",
  },
});

async function keygen(this: LabContext, flags: Flags): Promise<void> {
  if (flags.public && flags.force) {
    throw mistake("--public makes no key, so there is nothing for --force to replace");
  }
  const file = flags.out;
  const publicKey = flags.public ? await publicKeyIn(file) : await makeKey(file, flags.force);
  const { stdout, stderr } = this.process;
  if (flags.json) {
    stdout.write(`${JSON.stringify({ file, publicKey }, null, 2)}\n`);
    return;
  }
  stdout.write(`${publicKey}\n`);
  if (!flags.public) stderr.write(advice(file, publicKey));
}

async function makeKey(file: string, force = false): Promise<string> {
  const { generateKey } = await import("../signing/private_key.ts");
  const { privateKey, publicKey } = await generateKey();
  try {
    await (force ? replace(file, privateKey) : create(file, privateKey));
  } catch (error) {
    throw mistake(problemOf(file, error), error);
  }
  return publicKey;
}

/** Writes a file that is not there yet; a link in its place counts as there. */
async function create(file: string, text: string): Promise<void> {
  using opened = await Deno.open(file, { write: true, createNew: true, mode: MODE });
  try {
    await opened.write(new TextEncoder().encode(text)); // short enough to go at once
    await opened.sync();
  } catch (error) {
    await Deno.remove(file);
    throw error;
  }
}

/** Puts a file in place of another: at any time there is either, whole. */
async function replace(file: string, text: string): Promise<void> {
  const aside = join(dirname(file), `.lab-keygen-${crypto.randomUUID()}`);
  await create(aside, text);
  try {
    await Deno.rename(aside, file);
  } catch (error) {
    await Deno.remove(aside);
    throw error;
  }
}

async function publicKeyIn(file: string): Promise<string> {
  const [{ MOST_BYTES, readKeyFile }, { readPrivateKey }, { publicKeyText }] = await Promise.all([
    import("../signing/_key_file.ts"),
    import("../signing/private_key.ts"),
    import("../signing/public_key.ts"),
  ]);
  const found = await readKeyFile(file, MOST_BYTES.private);
  if ("problem" in found) throw mistake(found.problem);
  const read = await readPrivateKey(found.text);
  if ("problem" in read) throw mistake(`${file}: ${read.problem}`);
  if (found.exposure) console.warn(found.exposure);
  return publicKeyText(read.key.publicKey);
}

function advice(file: string, publicKey: string): string {
  return `
The private key is in ${file}. Keep it secret: out of version control, and of any folder that others
read. The line above is its public key. Your configuration, to sign by it:

  "signing": { "key": { "file": ${JSON.stringify(file)} } }

The configuration of those who are to trust your results:

  "signing": { "trust": [${JSON.stringify(publicKey)}] }
`;
}

function problemOf(file: string, error: unknown): string {
  if (error instanceof Deno.errors.AlreadyExists) {
    return `${file} is there already; name another file by --out, or replace its key, which is then ` +
      `lost, by --force`;
  }
  if (error instanceof Deno.errors.NotFound) return `there is no folder ${dirname(file)}`;
  if (error instanceof Deno.errors.NotCapable) {
    const [flag] = permissionFlags({ write: [dirname(file)] });
    return `no permission to write ${file}; run with ${flag}`;
  }
  return `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`;
}

function mistake(message: string, cause?: unknown): ConfigError {
  const options = cause === undefined ? undefined : { cause };
  return new ConfigError([{ path: "", message }], undefined, options);
}
