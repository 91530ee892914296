import { TaskNode } from "./params.ts";

const LENGTH = 200;
const LEVELS = 3;

/** How much is told of tasks in the params of others. */
interface Detail {
  /** How many characters of texts. */
  readonly texts: number;
  /** How many tasks within each other, the outermost included; of those within, the name alone. */
  readonly tasks: number;
}

// Tasks of a sweep have much in common, mostly in what they nest: it must not crowd out what tells them apart.
const DETAILS: readonly Detail[] = [
  { texts: LENGTH, tasks: LEVELS + 1 },
  { texts: 12, tasks: LEVELS + 1 },
  { texts: 12, tasks: 2 },
];

/**
 * A task in words: `Scaled(by=2, square=Square(base=42))`, cut at 200 characters and three levels. Where that
 * is too little, less is told of nested tasks.
 */
export function summarize(task: TaskNode): string {
  let text = "";
  for (const detail of DETAILS) {
    text = new Writer(detail).task(task);
    if (text.length <= LENGTH) return text.toWellFormed();
  }
  // The cut may go through a character of two code units.
  return `${text.slice(0, LENGTH - 1)}…`.toWellFormed();
}

// Keys are as free as texts are; those that would be misread are quoted.
function keyText(key: string): string {
  return /^[^\s\p{C}"'()[\]{}=:,]+$/u.test(key) ? key : JSON.stringify(key.slice(0, LENGTH));
}

// Stops as soon as enough is written, so that a graph of a million shared tasks costs nothing.
class Writer {
  readonly #detail: Detail;
  #text = "";
  /** How many tasks are being written, within each other. */
  #tasks = 0;

  constructor(detail: Detail) {
    this.#detail = detail;
  }

  task(task: TaskNode, level = 0): string {
    this.#text += task.taskName;
    if (this.#tasks >= this.#detail.tasks) {
      this.#text += Object.keys(task.params).length > 0 ? "(…)" : "()";
      return this.#text;
    }
    this.#tasks++;
    this.#items("()", level, Object.entries(task.params), ([key, entry]) => {
      this.#text += `${keyText(key)}=`;
      this.#value(entry, level + 1);
    });
    this.#tasks--;
    return this.#text;
  }

  #value(value: unknown, level: number): void {
    if (typeof value === "object" && value !== null) this.#object(value, level);
    else if (typeof value === "string") this.#string(value);
    else if (typeof value === "bigint") this.#text += `${value}n`;
    else this.#text += Object.is(value, -0) ? "-0" : String(value);
  }

  #string(value: string): void {
    const most = this.#tasks > 1 ? this.#detail.texts : LENGTH;
    const isCut = value.length > most && most < LENGTH;
    this.#text += JSON.stringify(isCut ? `${value.slice(0, most)}…` : value.slice(0, LENGTH));
  }

  #object(value: object, level: number): void {
    if (value instanceof TaskNode) this.task(value, level);
    else if (value instanceof Date) {
      this.#text += Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    } else if (Array.isArray(value)) {
      this.#items("[]", level, value, (entry) => this.#value(entry, level + 1));
    } else {
      this.#items("{}", level, Object.entries(value), ([key, entry]) => {
        this.#text += `${keyText(key)}: `;
        this.#value(entry, level + 1);
      });
    }
  }

  #items<T>(braces: string, level: number, items: readonly T[], write: (item: T) => void): void {
    this.#text += braces[0];
    if (level >= LEVELS && items.length > 0) this.#text += "…";
    else {
      for (const [i, item] of items.entries()) {
        if (this.#text.length > LENGTH) return;
        if (i > 0) this.#text += ", ";
        write(item);
      }
    }
    this.#text += braces[1];
  }
}
