import type { ItemTarget, ModuleGraph, Target } from "./_module_graph.ts";

/** What evaluating a statement may do to what it does not declare. */
interface Effects {
  /** What may be changed, by key. */
  readonly touched: ReadonlySet<string>;
  /** The packages that are made use of, by name. */
  readonly packages: ReadonlySet<string>;
  /** Whether what all code sees may be changed. */
  readonly isGlobal: boolean;
  /** The modules that may be imported by that. */
  readonly modules: ReadonlySet<string>;
}

/**
 * What some declarations reach: all that they refer to, at any depth, and those statements at the top level of
 * modules that are evaluated with them which may change something of that. A statement counts when
 *
 * - it, or a function that it may call, uses in another way than by calling or reading it something that is
 *   reached and can be changed;
 * - it changes what all code sees: a global, a prototype, the environment;
 * - it makes use of a package that is reached, or, where nobody takes what it gives, of any package;
 * - it imports a module that has such a statement.
 *
 * So what merely logs, or makes a value that nobody of these uses, does not count.
 */
export class Reach {
  /** All that is reached, in an order that depends on the code alone. */
  readonly targets = new Map<string, Target>();
  /** The modules that are evaluated. */
  readonly modules = new Set<string>();
  readonly #graph: ModuleGraph;
  readonly #packages = new Set<string>();
  readonly #effects = new Map<string, Effects>();

  /** Follows the `roots`, declarations of the module of the URL. */
  constructor(graph: ModuleGraph, url: string, roots: readonly Target[]) {
    this.#graph = graph;
    this.#evaluate([url]);
    for (const root of roots) this.#follow(root);
    while (this.#addStatements()) { /* those may reach what makes others count */ }
  }

  #evaluate(urls: readonly string[]): void {
    for (const url of this.#graph.evaluated(urls)) {
      if (this.modules.has(url) || !this.#graph.has(url)) continue;
      this.modules.add(url);
      for (const target of this.#graph.packagesForEffects(url)) this.#follow(target);
    }
  }

  /** Adds what is reached, depth first. */
  #follow(root: Target): void {
    const pending = [root];
    for (let target = pending.pop(); target; target = pending.pop()) {
      if (target.kind === "library" || this.targets.has(target.key)) continue;
      this.targets.set(target.key, target);
      if (target.kind === "package") this.#packages.add(target.name);
      if (target.kind === "item") this.#evaluate(this.#graph.importedBy(target));
      pending.push(...this.#graph.edges(target).map((edge) => edge.target).reverse());
    }
  }

  /** Adds statements that count; gives whether there were any. */
  #addStatements(): boolean {
    const found: ItemTarget[] = [];
    for (const url of this.modules) {
      for (const target of this.#graph.items(url)) {
        if (this.targets.has(target.key)) continue;
        if (!target.item.isPure && this.#counts(target)) found.push(target);
      }
    }
    for (const target of found) this.#follow(target);
    return found.length > 0;
  }

  /**
   * The keys of what does more than give a value, and of values that are taken of what that changes, in the
   * order in which they are evaluated.
   */
  inOrder(): string[] {
    const all = [...this.modules].flatMap((url) => this.#graph.items(url))
      .filter(({ key }) => this.targets.has(key));
    const touched = new Set<string>();
    for (const target of all) {
      if (target.item.isPure) continue;
      for (const key of this.#effectsOf(target).touched) {
        const changed = this.targets.get(key);
        if (changed?.kind === "item" && !changed.item.isFixed) touched.add(key);
      }
    }
    return all.filter((target) => !target.item.isPure || this.#takesFrom(target, touched))
      .map(({ key }) => key);
  }

  /** Whether evaluating something reads any of the `touched`. */
  #takesFrom(root: ItemTarget, touched: ReadonlySet<string>): boolean {
    const seen = new Set<string>();
    const pending = [root];
    for (let target = pending.pop(); target; target = pending.pop()) {
      if (seen.has(target.key)) continue;
      seen.add(target.key);
      const { readAtOnce } = target.item;
      for (const { label, target: read } of this.#graph.edges(target)) {
        if (read.kind !== "item" || !readAtOnce.has(label.replace(/\..*$/, ""))) continue;
        if (touched.has(read.key)) return true;
        pending.push(read);
      }
    }
    return false;
  }

  #counts(statement: ItemTarget, seen: Set<string> = new Set()): boolean {
    const { touched, packages, isGlobal, modules } = this.#effectsOf(statement);
    if (isGlobal || (statement.item.isBare && packages.size > 0)) return true;
    const isReached = (key: string) => {
      const target = this.targets.get(key);
      return target !== undefined && !(target.kind === "item" && target.item.isFixed);
    };
    if ([...touched].some(isReached) || !packages.isDisjointFrom(this.#packages)) return true;
    return this.#graph.evaluated(modules).values().some((url) => {
      if (this.modules.has(url) || seen.has(url) || !this.#graph.has(url)) return false;
      seen.add(url);
      return this.#graph.packagesForEffects(url).length > 0 ||
        this.#graph.items(url).some((each) => !each.item.isPure && this.#counts(each, seen));
    });
  }

  #effectsOf(statement: ItemTarget): Effects {
    let effects = this.#effects.get(statement.key);
    if (effects === undefined) this.#effects.set(statement.key, effects = this.#follows(statement));
    return effects;
  }

  #follows(statement: ItemTarget): Effects {
    const [touched, packages, seen] = [new Set<string>(), new Set<string>(), new Set<string>()];
    const modules = new Set<string>();
    let isGlobal = false;
    const pending: Target[] = [statement];
    for (let target = pending.pop(); target; target = pending.pop()) {
      if (seen.has(target.key)) continue;
      seen.add(target.key);
      // What modules of the runtime do is done to the system, if anywhere.
      if (target.kind === "package" && !target.name.startsWith("node:")) packages.add(target.name);
      if (target.kind !== "item") continue;
      isGlobal ||= target.item.changesGlobals;
      for (const url of this.#graph.importedBy(target)) modules.add(url);
      for (const edge of this.#graph.edges(target)) {
        if (edge.isTouched) touched.add(edge.target.key);
        // A task is run by a Lab, not where it is defined.
        if (edge.target.kind !== "item" || !edge.target.item.isTask) pending.push(edge.target);
      }
    }
    return { touched, packages, isGlobal, modules };
  }
}

/** The declarations that a task type is defined by; all of the module's where that is not to be seen. */
export function rootsOf(graph: ModuleGraph, url: string, taskName: string): readonly Target[] {
  const items = graph.items(url);
  const defined = items.filter(({ item }) => item.taskName === taskName);
  if (defined.length > 0) return defined;
  // A function of the user's own may define types: by the name that it is given.
  if (items.some(({ item }) => item.isTask && !item.taskName)) {
    return items;
  }
  const literal = JSON.stringify(taskName);
  const naming = items.filter((target) =>
    target.item.taskName === undefined && target.item.form.includes(literal) &&
    reachesTask(graph, target)
  );
  // What only may be called gets the rest of a definition from whoever calls it.
  return naming.length === 1 && !naming[0]!.item.isPure ? naming : items;
}

/** Whether something may define a task type. */
function reachesTask(graph: ModuleGraph, root: Target): boolean {
  const seen = new Set<string>();
  const pending = [root];
  for (let target = pending.pop(); target; target = pending.pop()) {
    if (target.kind === "library" && /^(?:task|\*)$/.test(target.member ?? "*")) return true;
    if (seen.has(target.key)) continue;
    seen.add(target.key);
    for (const edge of graph.edges(target)) {
      if (edge.target.kind !== "item" || !edge.target.item.isTask) pending.push(edge.target);
    }
  }
  return false;
}
