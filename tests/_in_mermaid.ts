/** Takes back the marks that Mermaid keeps in place of entity codes until it draws. */
export function decoded(text: string): string {
  return text.replaceAll("ﬂ°quot¶ß", '"')
    .replace(/ﬂ°°(\d+)¶ß/g, (_, code: string) => String.fromCodePoint(Number(code)));
}

/** What Mermaid's own parser finds in each of some diagrams; `undefined` where it cannot be downloaded. */
export async function parse<T>(texts: string[]): Promise<T[] | undefined> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-lock", "--no-prompt", "-q", "tests/_mermaid.ts"],
    cwd: new URL("..", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  await using child = command.spawn();
  const writer = child.stdin.getWriter();
  writer.write(new TextEncoder().encode(JSON.stringify(texts))).catch(() => {});
  writer.close().catch(() => {});
  const { success, stdout, stderr } = await child.output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  const reason = new TextDecoder().decode(stderr);
  if (!/download|registry|fetch|getting response/i.test(reason)) throw new Error(reason);
  console.log(`Not parsed, as Mermaid cannot be downloaded: ${reason}`);
  return undefined;
}
