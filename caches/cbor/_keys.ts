/**
 * The keys of objects as a tree: a node stands for the keys that an object has so far. Objects of
 * the same shape walk the same path, so that the next key is known by comparing its bytes, and that
 * it is no repetition was found out when the node was made.
 */
export class KeyNode {
  /** The nodes of the keys that came next so far, the one that came last first. */
  readonly next: KeyNode[] = [];

  constructor(
    /** The last key. */
    readonly key: string,
    /** The bytes of the last key, head included. */
    readonly bytes: Uint8Array,
    /** Whether plain assignment of the key might reach something inherited. */
    readonly inherited: boolean,
    /** The largest key so far that is an array index, or -1. */
    readonly lastIndex: number,
    /** Whether there is a key that is none. */
    readonly named: boolean,
    /** How many keys there are. */
    readonly depth: number,
    readonly parent: KeyNode | undefined,
  ) {}

  /** Whether the object has the key already. */
  has(key: string): boolean {
    // deno-lint-ignore no-this-alias
    let node: KeyNode | undefined = this;
    while (node !== undefined && node.depth > 0) {
      if (node.key === key) return true;
      node = node.parent;
    }
    return false;
  }
}

const MAX_NODES = 4096;
const MAX_DEPTH = 48;
const MAX_NEXT = 12;
const MAX_KEY_BYTES = 64;

const NO_BYTES = new Uint8Array(0);
let root = new KeyNode("", NO_BYTES, false, -1, false, 0, undefined);
let nodes = 0;

/** The node of an object without keys. The tree starts anew when it has grown too large. */
export function rootNode(): KeyNode {
  if (nodes >= MAX_NODES) {
    root = new KeyNode("", NO_BYTES, false, -1, false, 0, undefined);
    nodes = 0;
  }
  return root;
}

/** Finds the node of the key whose bytes stand at a place; `undefined` if there is none yet. */
export function follow(node: KeyNode, bytes: Uint8Array, at: number): KeyNode | undefined {
  const { next } = node;
  for (let i = 0; i < next.length; i++) {
    const candidate = next[i]!;
    if (!stands(candidate.bytes, bytes, at)) continue;
    if (i > 0) {
      next[i] = next[0]!;
      next[0] = candidate;
    }
    return candidate;
  }
  return undefined;
}

function stands(key: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[at + i]) return false;
  return true;
}

/** Adds a key that the object does not have yet; `undefined` where the tree should not grow. */
export function addKey(
  node: KeyNode,
  key: string,
  bytes: Uint8Array,
  index: number,
): KeyNode | undefined {
  if (nodes >= MAX_NODES || node.depth >= MAX_DEPTH || node.next.length >= MAX_NEXT) {
    return undefined;
  }
  if (bytes.length > MAX_KEY_BYTES) return undefined;
  nodes++;
  const added = new KeyNode(
    key,
    bytes.slice(),
    key in Object.prototype,
    index >= 0 ? index : node.lastIndex,
    node.named || index < 0,
    node.depth + 1,
    node,
  );
  node.next.unshift(added);
  return added;
}

/** The number of a key that is an array index, else -1. Such keys come first in every object. */
export function arrayIndex(key: string): number {
  const first = key.charCodeAt(0);
  if (!(first >= 0x30 && first <= 0x39) || key.length > 10) return -1;
  const index = Number(key);
  return Number.isInteger(index) && index < 2 ** 32 - 1 && String(index) === key ? index : -1;
}
