import { isThere } from "./_nearest_lockfile.ts";

/** The modules that may have JSX. */
export const IS_JSX = /\.[jt]sx$/;
const CONFIGS = ["deno.json", "deno.jsonc"];

/** The configurations that may say what a module with JSX imports, of those that may be looked for. */
export function configsAbove(url: string): string[] {
  if (!IS_JSX.test(url)) return [];
  const found: string[] = [];
  for (let folder = new URL(".", url).href;;) {
    const config = CONFIGS.map((name) => folder + name).find(isThere);
    if (config !== undefined) found.push(config);
    const above = new URL("..", folder).href;
    if (above === folder) return found;
    folder = above;
  }
}
