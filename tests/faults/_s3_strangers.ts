/** Names what lies in a folder that the tests' S3 server keeps a bucket in, and is no part of an entry. */
export function strangersIn(bucket: string): string[] {
  const entries = filesIn(bucket, "entries/");
  const known = new Set(
    entries.flatMap((name) => dataOf(Deno.readTextFileSync(`${bucket}/${name}`))),
  );
  const data = filesIn(bucket, "").filter((name) => !name.startsWith("entries/"));
  const uploads = filesIn(bucket, ".sgwtmp/multipart/");
  return [...data.filter((name) => !known.has(name)), ...uploads];
}

/** The objects that a record names, in `data/KEY/GENERATION/`. */
function dataOf(record: string): string[] {
  const { key, generation, files } = JSON.parse(record.split("\n", 2)[1]!);
  return files.flatMap(({ object }: { object?: string }) =>
    object ? [`data/${key}/${generation}/${object}`] : []
  );
}

function filesIn(bucket: string, folder: string): string[] {
  try {
    return [...Deno.readDirSync(`${bucket}/${folder}`)].flatMap(({ name, isFile }) => {
      if (name === ".sgwtmp") return [];
      return isFile ? [folder + name] : filesIn(bucket, `${folder}${name}/`);
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
