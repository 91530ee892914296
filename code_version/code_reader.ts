import { fromFileUrl } from "@std/path/from-file-url";
import { toFileUrl } from "@std/path/to-file-url";
import { sha256Hex } from "../digest.ts";
import { LabError } from "../lab_error.ts";
import { modulesOf } from "../runners/_modules.ts";
import type { Call } from "../storages/storage.ts";
import type { TaskTypeInfo } from "../task.ts";
import { autoVersion } from "./auto.ts";
import { sourceAt, type TaskCode } from "./task_code.ts";

/** Reads the code that tasks can reach. */
export class CodeReader {
  /** What the version of a type is made of, as the files are now. */
  async read(type: TaskTypeInfo, { signal }: Call): Promise<TaskCode> {
    const { module } = type;
    if (module === undefined) throw new LabError(`${type.taskName} has no module`);
    const parts = new Map<string, string>();
    const own = fromFileUrl(new URL("..", import.meta.url));
    const files = modulesOf([module]).filter((path) =>
      !path.startsWith(own) || path === fromFileUrl(module)
    );
    for (const path of files) {
      const text = await Deno.readTextFile(path, { signal });
      parts.set(path, sha256Hex(text).slice(0, 16));
    }
    const digest = sha256Hex(JSON.stringify([...parts.values()]));
    return {
      version: autoVersion(digest.slice(0, 40)),
      parts,
      sources: files.map((path) => sourceAt(toFileUrl(path).href)),
    };
  }
}
