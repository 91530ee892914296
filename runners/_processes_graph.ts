import { dirname } from "@std/path/dirname";
import { fromFileUrl } from "@std/path/from-file-url";
import { RunnerError } from "../errors.ts";
import { likenessFlags } from "./_processes_config.ts";

/** The part of what `deno info --json` writes that is used here. */
interface Info {
  readonly modules: readonly { readonly specifier: string; readonly error?: string }[];
}

/**
 * The paths of all local modules that some modules import, by way of Deno, which may read them where the
 * program may not.
 *
 * @throws {RunnerError} When Deno cannot tell.
 */
export async function graphOf(urls: readonly string[]): Promise<string[]> {
  const config = likenessFlags({}).filter((flag) => !flag.startsWith("--v8-flags"));
  const infos = await Promise.all(
    urls.filter((url) => url.startsWith("file:")).map((url) => infoOf(url, config)),
  );
  const found = infos.flatMap(({ modules }) => modules)
    .filter(({ specifier, error }) => specifier.startsWith("file:") && error === undefined)
    .map(({ specifier }) => fromFileUrl(specifier));
  return [...new Set(found)].sort();
}

async function infoOf(url: string, config: readonly string[]): Promise<Info> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--quiet", "--json", ...config, url],
    cwd: dirname(fromFileUrl(url)), // where Deno looks for the configuration, upwards
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (success) return JSON.parse(decoder.decode(stdout));
  throw new RunnerError(
    `Deno cannot tell what ${url} imports: ${
      decoder.decode(stderr).trim()
    }; pass --allow-read for it`,
  );
}
