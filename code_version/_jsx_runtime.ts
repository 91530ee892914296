import { configsAbove, IS_JSX } from "./_jsx_configs.ts";
import { keyOf, type Node, nodesIn, textOf } from "./_syntax.ts";

const PRAGMA = /@jsxImportSource\s+(\S+)/;

/**
 * What a module with JSX imports without saying so: by its own comment, or the `jsxImportSource` of the nearest
 * configuration that has one. `undefined` where nothing says it.
 */
export function jsxRuntime(
  source: string,
  url: string,
  configOf: (folder: string) => Node | undefined,
): string | undefined {
  if (!IS_JSX.test(url)) return undefined;
  const from = PRAGMA.exec(source)?.[1] ?? configured(url, configOf);
  return from && `${from}/jsx-runtime`;
}

function configured(
  url: string,
  configOf: (folder: string) => Node | undefined,
): string | undefined {
  for (const config of configsAbove(url)) {
    const options = valueOf(configOf(new URL(".", config).href), "compilerOptions");
    const found = textOf(valueOf(options, "jsxImportSource"));
    if (found !== undefined) return found;
  }
}

function valueOf(node: Node | undefined, key: string): Node | undefined {
  const property = nodesIn(node?.properties).find((property) => keyOf(property) === key);
  return property?.value as Node | undefined;
}
