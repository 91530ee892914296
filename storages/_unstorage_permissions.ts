import { traitsOf } from "./_unstorage_drivers.ts";

/** What a driver's packages ask for when they are loaded and used, seen by running them. */
const DEMANDS: Readonly<Record<string, Deno.PermissionOptionsObject>> = {
  "azure-storage-blob": { env: true, sys: ["osRelease"] },
  "redis": { env: true },
  "upstash": { env: true },
};
/** Where drivers go that need not be told. */
const HOSTS: Readonly<Record<string, readonly string[]>> = {
  "cloudflare-kv-http": ["https://api.cloudflare.com"],
  "github": ["https://api.github.com", "https://raw.githubusercontent.com"],
  "redis": ["redis://localhost"],
};
/** The options that name another server, in the place of each of the above. */
const URL_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  "cloudflare-kv-http": ["apiURL"],
  "github": ["apiURL", "cdnURL"],
  "http": ["base"],
  "redis": ["url"],
  "s3": ["endpoint"],
  "upstash": ["url"],
};
const PORTS: Readonly<Record<string, number>> = {
  "http:": 80,
  "https:": 443,
  "redis:": 6379,
  "rediss:": 6379,
};

type Options = Readonly<Record<string, unknown>>;

/** Gives what a driver needs, as far as its name and options tell. */
export function permissionsOf(name: string, options: Options): Deno.PermissionOptionsObject {
  const { path } = traitsOf(name);
  const dir = path && options[path];
  if (typeof dir === "string") return { read: [dir], write: [dir] };
  const net = name === "azure-storage-blob" ? azureHosts(options) : hosts(name, options);
  return { ...(net.length > 0 && { net }), ...DEMANDS[name] };
}

function hosts(name: string, options: Options): string[] {
  const { host, port = 6379 } = options;
  if (name === "redis" && typeof host === "string") return [`${host}:${port}`];
  const defaults = HOSTS[name] ?? [];
  const urls = (URL_OPTIONS[name] ?? []).map((option, n) => options[option] ?? defaults[n]);
  return hostsOf(urls.length > 0 ? urls : defaults);
}

function azureHosts(options: Options): string[] {
  const { sasUrl, connectionString, accountName, endpointSuffix } = options;
  if (typeof sasUrl === "string") return hostsOf([sasUrl]);
  const fields = new Map(
    String(connectionString ?? "").split(";").map((field) => {
      const [, name = "", value = ""] = /^([^=]*)=(.*)$/.exec(field) ?? [];
      return [name, value];
    }),
  );
  const endpoint = fields.get("BlobEndpoint");
  if (endpoint) return hostsOf([endpoint]);
  const account = accountName ?? fields.get("AccountName");
  if (typeof account !== "string") return [];
  const suffix = fields.has("EndpointSuffix")
    ? `.blob.${fields.get("EndpointSuffix")}`
    : endpointSuffix ?? ".blob.core.windows.net";
  return hostsOf([`https://${account}${suffix}`]);
}

function hostsOf(urls: readonly unknown[]): string[] {
  const found = urls.flatMap((url) => {
    if (typeof url !== "string" || !URL.canParse(url)) return [];
    const { hostname, port, protocol } = new URL(url);
    const known = port || PORTS[protocol];
    return hostname && known ? [`${hostname}:${known}`] : [];
  });
  return [...new Set(found)];
}
