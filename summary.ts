import { TaskNode } from "./params.ts";

const LENGTH = 200;
const LEVELS = 3;

/** A task in words: `Scaled(by=2, square=Square(base=42))`, cut at 200 characters and three levels. */
export function summarize(task: TaskNode): string {
  const text = new Writer().task(task);
  // The cut may go through a character of two code units.
  return (text.length > LENGTH ? `${text.slice(0, LENGTH - 1)}…` : text).toWellFormed();
}

// Keys are as free as texts are; those that would be misread are quoted.
function keyText(key: string): string {
  return /^[^\s\p{C}"'()[\]{}=:,]+$/u.test(key) ? key : JSON.stringify(key.slice(0, LENGTH));
}

// Stops as soon as enough is written, so that a graph of a million shared tasks costs nothing.
class Writer {
  #text = "";

  task(task: TaskNode, level = 0): string {
    this.#text += task.taskName;
    this.#items("()", level, Object.entries(task.params), ([key, entry]) => {
      this.#text += `${keyText(key)}=`;
      this.#value(entry, level + 1);
    });
    return this.#text;
  }

  #value(value: unknown, level: number): void {
    if (typeof value === "object" && value !== null) this.#object(value, level);
    else if (typeof value === "string") this.#text += JSON.stringify(value.slice(0, LENGTH));
    else if (typeof value === "bigint") this.#text += `${value}n`;
    else this.#text += Object.is(value, -0) ? "-0" : String(value);
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
