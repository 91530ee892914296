/**
 * Lints the documentation of every export that `deno.json` names.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };

const root = new URL("..", import.meta.url);
const entries = Object.values<string>(config.exports).filter((path) => path.endsWith(".ts"));
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", ...entries],
  cwd: root,
}).spawn().status;
Deno.exit(code);
