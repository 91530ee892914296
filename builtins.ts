import {
  bytesPlugin,
  jsonPlugin,
  nullPlugin as nullCache,
  structuredPlugin,
  v8Plugin,
} from "./caches/_plugins.ts";
import { caches, runners, storages } from "./registry.ts";
import { bullmqPlugin } from "./runners/_bullmq_plugin.ts";
import { asyncPlugin, processesPlugin, serialPlugin, workersPlugin } from "./runners/_plugins.ts";
import {
  localPlugin,
  memoryPlugin,
  nullPlugin as nullStorage,
  redisPlugin,
  sqlitePlugin,
} from "./storages/_plugins.ts";
import { s3Plugin } from "./storages/_s3_plugin.ts";
import { tieredPlugin } from "./storages/_tiered_plugin.ts";
import { unstoragePlugin } from "./storages/_unstorage_plugin.ts";

// Importing this module registers what the library brings along.
for (const plugin of [structuredPlugin, jsonPlugin, bytesPlugin, v8Plugin, nullCache]) {
  caches.register(plugin);
  caches.noteBuiltin(plugin);
}
for (
  const plugin of [localPlugin, sqlitePlugin, s3Plugin, redisPlugin, memoryPlugin, nullStorage]
) {
  storages.register(plugin);
  storages.noteBuiltin(plugin);
}
storages.register(tieredPlugin);
storages.noteBuiltin(tieredPlugin);
storages.register(unstoragePlugin);
storages.noteBuiltin(unstoragePlugin);
for (const plugin of [serialPlugin, asyncPlugin, workersPlugin, processesPlugin, bullmqPlugin]) {
  runners.register(plugin);
}
