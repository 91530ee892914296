import { sha256Hex } from "../digest.ts";
import { LabError } from "../lab_error.ts";
import { importsIn } from "../runners/_modules.ts";
import type { CodeItem } from "./_code_item.ts";
import { type Binding, type CodeModule, codeModule, opaqueModule } from "./_code_module.ts";
import { jsxRuntime } from "./_jsx_runtime.ts";
import { packageName } from "./_lockfile.ts";
import type { NameUse } from "./_free_names.ts";
import type { ModuleParser } from "./_parser.ts";
import { type Place, placeOf, type SpecifierOptions } from "./_specifiers.ts";
import type { SourceFiles } from "./_source_files.ts";
import type { Node } from "./_syntax.ts";

/** A declaration or statement, or what is not taken apart: a package, a file of data. */
export type Target = ItemTarget | PackageTarget | FileTarget | LibraryTarget;

interface TargetBase {
  /** What it is known by: equal for the same thing. */
  readonly key: string;
  /** What of it is meant, where it is not taken apart: the name of an export. */
  readonly member?: string;
}

/** A declaration or statement. */
export interface ItemTarget extends TargetBase {
  readonly kind: "item";
  readonly url: string;
  readonly item: CodeItem;
}

/** A module of a package. */
export interface PackageTarget extends TargetBase {
  readonly kind: "package";
  readonly specifier: string;
  /** The package: `npm:zod`. */
  readonly name: string;
}

/** A file that is imported as data. */
export interface FileTarget extends TargetBase {
  readonly kind: "file";
  readonly url: string;
  readonly digest: string;
  /** What it is made into: the `type` of the import attributes. */
  readonly type: string | undefined;
}

/** This library. */
export interface LibraryTarget extends TargetBase {
  readonly kind: "library";
}

/** What an item refers to. */
export interface Edge {
  /** The name by which it does. */
  readonly label: string;
  readonly target: Target;
  /** Whether it may change what the name stands for. */
  readonly isTouched: boolean;
}

interface GraphOptions {
  readonly files: SourceFiles;
  readonly parser: ModuleParser;
  /** The module of the task type whose code is followed. */
  readonly module: string;
  readonly resolve: (specifier: string) => string;
}

const IS_CODE = /\.[cm]?[jt]sx?$/;
const decoder = new TextDecoder();

/** The modules that are imported from one, as far as they are looked at, and what names in them stand for. */
export class ModuleGraph {
  readonly #options: GraphOptions;
  readonly #specifiers: SpecifierOptions;
  readonly #edges = new Map<string, readonly Edge[]>();
  readonly #places = new Map<string, Place>();
  readonly #items = new Map<string, readonly ItemTarget[]>();

  constructor(options: GraphOptions) {
    this.#options = options;
    const { module, resolve } = options;
    this.#specifiers = {
      ...{ module, resolve },
      configOf: (folder) => this.#configOf(folder),
      packageAt: (folder) => this.#configAt(new URL("package.json", folder).href),
    };
  }

  /** A module, taken apart. */
  module(url: string): CodeModule {
    const module = this.#moduleIfAny(url);
    if (module !== undefined) return module;
    throw new LabError(
      `codeVersion "auto" reads the code that tasks can reach, and finds no module ${url}, from which ` +
        `${this.#options.module} imports what its tasks use`,
    );
  }

  #moduleIfAny(url: string): CodeModule | undefined {
    const { files, parser } = this.#options;
    return files.get(url, "code", (bytes) => {
      const source = decoder.decode(bytes).replaceAll("\r\n", "\n");
      const parsed = parser.parse(source, url);
      if (parsed === undefined) {
        const runtime = jsxRuntime(source, url, (folder) => this.#configOf(folder));
        return opaqueModule(source, [...importsIn(source), ...(runtime ? [runtime] : [])]);
      }
      const isLibrary = (specifier: string) => this.#place(specifier, url).kind === "library";
      return codeModule({ ...parsed, isLibrary });
    });
  }

  /** A declaration or statement of a module. */
  item(url: string, index: number): ItemTarget {
    return this.items(url)[index]!;
  }

  /** All that the module of a URL is made of. */
  items(url: string): readonly ItemTarget[] {
    let items = this.#items.get(url);
    if (items === undefined) {
      items = this.module(url).items.map((item, index) => (
        { kind: "item", key: `${url}\n${index}`, url, item }
      ));
      this.#items.set(url, items);
    }
    return items;
  }

  /** The modules that are evaluated when some are imported, in the order in which that happens. */
  evaluated(urls: Iterable<string>): Set<string> {
    const done = new Set<string>();
    const begun = new Set<string>();
    const path = [...urls].reverse();
    for (let url = path.at(-1); url !== undefined; url = path.at(-1)) {
      if (begun.has(url)) {
        path.pop();
        done.add(url);
        continue;
      }
      begun.add(url);
      const imported = this.#importedBy(url);
      for (const each of imported.reverse()) if (!begun.has(each)) path.push(each);
    }
    return done;
  }

  // What was imported for types alone need not even be there.
  #importedBy(url: string): string[] {
    const specifiers = this.#moduleIfAny(url)?.imports.keys() ?? [];
    return [...specifiers].flatMap((specifier) => {
      const place = this.#place(specifier, url);
      return place.kind === "local" && IS_CODE.test(place.url) ? [place.url] : [];
    });
  }

  /** Whether there is a module. */
  has(url: string): boolean {
    return this.#moduleIfAny(url) !== undefined;
  }

  /** The packages that a module imports for what they do, not for what they give. */
  packagesForEffects(url: string): PackageTarget[] {
    return [...this.module(url).imports].flatMap(([specifier, isForEffects]) => {
      const place = isForEffects ? this.#place(specifier, url) : { kind: "none" } as const;
      return place.kind === "package" ? [packageTarget(place.specifier, "")] : [];
    });
  }

  /** The local modules that an item imports when it runs. */
  importedBy({ url, item }: ItemTarget): string[] {
    return [...item.free.imports.values()].flatMap(({ specifier, type }) => {
      const place = this.#place(specifier, url);
      return place.kind === "local" && type === undefined && IS_CODE.test(place.url)
        ? [place.url]
        : [];
    });
  }

  /** What an item refers to, in the order of names. */
  edges(target: Target): readonly Edge[] {
    if (target.kind !== "item") return [];
    let edges = this.#edges.get(target.key);
    if (edges === undefined) this.#edges.set(target.key, edges = this.#edgesOf(target));
    return edges;
  }

  #edgesOf({ key, url, item }: ItemTarget): Edge[] {
    const { bindings } = this.module(url);
    const edges: Edge[] = [];
    const add = (label: string, targets: readonly Target[], isTouched: boolean) => {
      for (const target of targets) {
        if (target.key !== key) edges.push({ label, target, isTouched });
      }
    };
    const { uses, imports, seesAll } = item.free;
    for (const [name, use] of uses) {
      const binding = bindings.get(name);
      if (binding !== undefined) this.#follow(name, binding, { url, use, add });
    }
    if (seesAll) {
      for (const [name, binding] of bindings) add(name, this.#targets(url, binding), true);
    }
    for (const { specifier, type } of imports.values()) {
      const place = this.#place(specifier, url);
      const targets = place.kind === "local" && type !== undefined
        ? [this.#file(place.url, "*", type)]
        : this.#whole(place, "*");
      add(`import ${specifier}`, targets, true);
    }
    return edges.sort((a, b) => a.label < b.label ? -1 : a.label > b.label ? 1 : 0);
  }

  #follow(
    name: string,
    binding: Binding,
    { url, use, add }: {
      readonly url: string;
      readonly use: NameUse;
      readonly add: (label: string, targets: readonly Target[], isTouched: boolean) => void;
    },
  ): void {
    const place = binding.kind === "import" && binding.name === "*" && binding.type === undefined
      ? this.#place(binding.specifier, url)
      : undefined;
    // Of a namespace only those members count that are named.
    if (place?.kind !== "local" || use.whole || !IS_CODE.test(place.url)) {
      return add(name, this.#targets(url, binding), use.touched);
    }
    for (const [member, isTouched] of use.members) {
      add(`${name}.${member}`, this.#exported(place.url, member), isTouched);
    }
  }

  #targets(url: string, binding: Binding): Target[] {
    if (binding.kind === "item") return binding.indexes.map((index) => this.item(url, index));
    const place = this.#place(binding.specifier, url);
    if (place.kind !== "local") return this.#whole(place, binding.name);
    if (binding.type !== undefined || !IS_CODE.test(place.url)) {
      return [this.#file(place.url, binding.name, binding.type)];
    }
    return binding.name === "*" ? this.#whole(place, "*") : this.#exported(place.url, binding.name);
  }

  /** What an export of a module stands for; none where there is no such export. */
  #exported(url: string, name: string, seen: Set<string> = new Set()): Target[] {
    if (seen.has(url)) return [];
    seen.add(url);
    const { exports, stars, isOpaque } = this.module(url);
    if (isOpaque) return this.items(url).map((target) => ({ ...target, member: name }));
    const binding = exports.get(name);
    if (binding !== undefined) return this.#targets(url, binding);
    if (name === "default") return [];
    // Which names a package exports is not known; those of local modules are.
    const places = stars.map((specifier) => this.#place(specifier, url));
    const local = places.flatMap((place) =>
      place.kind === "local" ? this.#exported(place.url, name, seen) : []
    );
    return local.length > 0
      ? local
      : places.flatMap((place) =>
        place.kind === "package" ? [packageTarget(place.specifier, name)] : []
      );
  }

  /** All exports of a module; of what is not taken apart, that which is meant. */
  #whole(place: Place, member: string, seen: Set<string> = new Set()): Target[] {
    switch (place.kind) {
      case "none":
        return [];
      case "library":
        return [{ kind: "library", key: "library", member }];
      case "package":
        return [packageTarget(place.specifier, member)];
    }
    const { url } = place;
    if (seen.has(url)) return [];
    seen.add(url);
    if (!IS_CODE.test(url)) return [this.#file(url, member)];
    const { exports, stars, isOpaque } = this.module(url);
    if (isOpaque) return [...this.items(url)];
    const names = [...exports.keys()].sort();
    return [
      ...names.flatMap((name) => this.#targets(url, exports.get(name)!)),
      ...stars.flatMap((specifier) => this.#whole(this.#place(specifier, url), member, seen)),
    ];
  }

  /** A file that is imported as data: JSON by what it says, all else by its bytes. */
  #file(url: string, member: string, type?: string): FileTarget {
    const isJson = type === "json" || (type === undefined && /\.jsonc?$/.test(url));
    const digest = this.#options.files.get(url, "data", (bytes) => ({
      bytes: sha256Hex(bytes).slice(0, 16),
      json: jsonDigest(decoder.decode(bytes)),
    }));
    if (digest === undefined) throw new LabError(`codeVersion "auto" finds no file ${url}`);
    const chosen = isJson ? digest.json ?? digest.bytes : digest.bytes;
    return { kind: "file", key: `${url}\n${type ?? ""}`, url, digest: chosen, member, type };
  }

  #place(specifier: string, from: string): Place {
    const key = `${specifier}\n${from}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      this.#places.set(key, place = placeOf(specifier, from, this.#specifiers));
    }
    return place;
  }

  #configOf(folder: string): Node | undefined {
    return this.#configAt(new URL("deno.json", folder).href) ??
      this.#configAt(new URL("deno.jsonc", folder).href);
  }

  #configAt(url: string): Node | undefined {
    const { files, parser } = this.#options;
    return files.get(url, "config", (bytes) => ({
      node: parser.parseExpression(decoder.decode(bytes)),
    }))?.node;
  }
}

function packageTarget(specifier: string, member: string): PackageTarget {
  return { kind: "package", key: specifier, specifier, name: packageName(specifier), member };
}

// Numbers that JSON can read and does not write: -0, and those that are too large.
const UNWRITTEN = /-0|e\+?\d{3}/i;

/** `undefined` where what the text says is not all said by what is written of it. */
function jsonDigest(text: string): string | undefined {
  try {
    if (UNWRITTEN.test(text) && holdsUnwritten(text)) return undefined;
    return sha256Hex(JSON.stringify(JSON.parse(text))).slice(0, 16);
  } catch {
    return undefined;
  }
}

function holdsUnwritten(text: string): boolean {
  let found = false;
  JSON.parse(text, (_, value) => {
    found ||= Object.is(value, -0) || value === Infinity || value === -Infinity;
  });
  return found;
}
