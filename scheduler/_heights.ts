import { LabtechError } from "../errors.ts";
import type { Node } from "./_node.ts";

/**
 * Measures the longest chain of tasks that waits for each.
 *
 * @throws {LabtechError} When tasks depend on themselves in a circle.
 */
export function measureHeights(added: readonly Node[]): void {
  // Dependents before dependencies: whoever is reached last is known to be above nobody else.
  const members = new Set(added);
  const above = new Map<Node, number>();
  for (const node of added) {
    for (const dependency of node.dependencies) {
      if (members.has(dependency)) above.set(dependency, (above.get(dependency) ?? 0) + 1);
    }
  }
  const free = added.filter((node) => !above.has(node));
  let measured = 0;
  for (let node = free.pop(); node; node = free.pop()) {
    measured++;
    for (const dependency of node.dependencies) {
      if (!members.has(dependency)) continue;
      dependency.height = Math.max(dependency.height, node.height + 1);
      const left = above.get(dependency)! - 1;
      above.set(dependency, left);
      if (left === 0) free.push(dependency);
    }
  }
  if (measured < added.length) {
    const { id } = memberOfCircle((node) => (above.get(node) ?? 0) > 0, added);
    throw new LabtechError(`The task ${id} depends on itself, by way of the tasks in its params`);
  }
}

// What is stuck may only be below a circle; from dependent to dependent one gets into it.
function memberOfCircle(isStuck: (node: Node) => boolean, added: readonly Node[]): Node {
  const seen = new Set<Node>();
  let node = added.find(isStuck)!;
  while (!seen.has(node)) {
    seen.add(node);
    node = node.dependents.find(isStuck)!;
  }
  return node;
}
