import { describe, isPlainObject, showPath } from "../describe.ts";
import type { ConfigMistake } from "../errors.ts";
import { checkOptions } from "../options.ts";
import type { StandardSchema } from "../plugin.ts";
import { signingMistakes } from "../signing/options.ts";
import { didYouMean } from "../suggest.ts";
import { configSchema, labSchema, progressSchema } from "./schema.ts";

/** A setting, and where it stands. */
export interface Setting {
  /** What stands there. */
  readonly value: unknown;
  /** E.g. `labtech.storage`. */
  readonly path: string;
}

/** The settings in force. */
export interface Settings {
  /** All but plugins. */
  readonly byKey: ReadonlyMap<string, Setting>;
  /** The plugins, those of the base first. */
  readonly plugins: readonly Setting[];
}

/** What paths in mistakes begin with; where the configuration is not the value of that key, it is cut off in the end. */
export const ROOT = "labtech";

/** Checks what can be checked without any plugin, in all named labs. */
export function checkStructure(
  value: Readonly<Record<string, unknown>>,
  mistakes: ConfigMistake[],
): void {
  if (isPlainObject(value.labs)) {
    for (const [name, lab] of Object.entries(value.labs)) {
      checkPart(labSchema, lab, showPath(ROOT, ["labs", name]), mistakes);
    }
  }
  checkPart(configSchema, value, ROOT, mistakes);
}

function checkPart(
  schema: StandardSchema,
  part: unknown,
  path: string,
  mistakes: ConfigMistake[],
): void {
  // Schemas take arrays and instances of classes for objects.
  const refused = (value: unknown, path: string): boolean => {
    if (typeof value !== "object" || value === null || isPlainObject(value)) return false;
    mistakes.push({ path, message: `Expected an object, got ${describe(value)}` });
    return true;
  };
  if (refused(part, path) || !isPlainObject(part)) return;
  const odd = ["context", "progress", "labs"].map((key) => ({ key, path: `${path}.${key}` }))
    .filter(({ key, path }) => refused(part[key], path));
  if (isPlainObject(part.progress)) {
    checkOptions(progressSchema, part.progress, `${path}.progress`, mistakes);
  }
  const signing = `${path}.signing`;
  if (part.signing !== undefined) mistakes.push(...signingMistakes(part.signing, signing, "json"));
  const found: ConfigMistake[] = [];
  checkOptions(schema, part, path, found);
  // Of what is beneath, what its own check says is clearer.
  mistakes.push(
    ...found.filter((mistake) =>
      isSound(mistake.path, mistakes) && !isBeneath(mistake.path, signing) &&
      !odd.some(({ path }) => isBeneath(mistake.path, path))
    ),
  );
}

/** Whether nothing was found wrong at a path or beneath it. */
export function isSound(path: string, mistakes: readonly ConfigMistake[]): boolean {
  return !mistakes.some((mistake) => isBeneath(mistake.path, path));
}

/** Whether a path is another one, or beneath it. */
export function isBeneath(path: string, above: string): boolean {
  return path.startsWith(above) && [undefined, ".", "["].includes(path[above.length]);
}

/** The settings of the base, those of the named lab in their place. */
export function settingsOf(
  value: Readonly<Record<string, unknown>>,
  lab: string | undefined,
  mistakes: ConfigMistake[],
): Settings {
  const byKey = new Map<string, Setting>();
  const plugins: Setting[] = [];
  const add = (settings: Readonly<Record<string, unknown>>, path: string) => {
    for (const [key, value] of Object.entries(settings)) {
      if (key === "plugins") {
        if (Array.isArray(value)) {
          plugins.push(...value.map((value, i) => ({ value, path: `${path}.plugins[${i}]` })));
        }
      } else if (value !== undefined) byKey.set(key, { value, path: showPath(path, [key]) });
    }
  };
  const { labs, $schema: _, ...base } = value;
  add(base, ROOT);
  if (lab !== undefined) {
    const named = isPlainObject(labs) ? labs : {};
    const settings = Object.hasOwn(named, lab) ? named[lab] : undefined;
    if (isPlainObject(settings)) add(settings, showPath(ROOT, ["labs", lab]));
    else if (settings === undefined) {
      mistakes.push({ path: `${ROOT}.labs`, message: unknownLab(lab, Object.keys(named)) });
    }
  }
  return { byKey, plugins };
}

function unknownLab(lab: string, known: readonly string[]): string {
  const suggestion = didYouMean(lab, known);
  const names = known.map((name) => JSON.stringify(name)).join(", ") || "none";
  return `unknown lab ${describe(lab)}${suggestion || ";"} known are ${names}`;
}
