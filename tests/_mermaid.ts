/**
 * Parses the class diagrams and flowcharts that standard input holds as a JSON array with Mermaid's own parser, and
 * writes what it found as JSON. A program of its own, since Mermaid wants the globals of a browser.
 */

interface Mermaid {
  parse(text: string): Promise<unknown>;
  mermaidAPI: { getDiagramFromText(text: string): Promise<{ db: ClassDb | FlowDb }> };
}

interface ClassDb {
  getDirection(): string;
  getClasses(): Map<string, { label: string; members: { text: string }[]; methods: unknown[] }>;
  getRelations(): {
    id1: string;
    id2: string;
    title: string;
    relationTitle2: string;
  }[];
}

interface FlowDb {
  getDirection(): string;
  getVertices(): Map<string, { text: string; classes: string[] }>;
  getEdges(): { start: string; end: string }[];
  getClasses(): Map<string, { styles: string[] }>;
}

// Not literal, so that those who do not run this need not download them.
const specifiers = ["npm:linkedom@0.18.12", "npm:mermaid@12.3.0"];
const { parseHTML } = await import(specifiers[0]!);
const { window } = parseHTML("<html><body></body></html>");
const { document, DocumentFragment, DOMParser, Element, HTMLFormElement } = window;
const { HTMLTemplateElement, NamedNodeMap, Node, NodeFilter } = window;
Object.assign(globalThis, { window, document, DocumentFragment, DOMParser, Element });
Object.assign(globalThis, { HTMLFormElement, HTMLTemplateElement, NamedNodeMap, Node, NodeFilter });
const { default: mermaid } = await import(specifiers[1]!) as { default: Mermaid };

const found = [];
for (const text of await new Response(Deno.stdin.readable).json() as string[]) {
  await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  if ("getVertices" in db) {
    found.push({
      direction: db.getDirection(),
      nodes: [...db.getVertices()].map(([id, { text, classes }]) => ({ id, text, classes })),
      edges: db.getEdges().map(({ start, end }) => [start, end]),
      styled: [...db.getClasses().keys()],
    });
    continue;
  }
  found.push({
    direction: db.getDirection(),
    classes: [...db.getClasses()].map(([id, { label, members, methods }]) => ({
      id,
      label,
      members: members.map((member) => member.text),
      methods: methods.length,
    })),
    relations: db.getRelations().map(({ id1, id2, title, relationTitle2 }) => (
      { id1, id2, title, many: relationTitle2 === "many" }
    )),
  });
}
console.log(JSON.stringify(found));
