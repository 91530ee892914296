import { storageContract } from "../../testing/mod.ts";
import { MemoryStorage } from "../../storages/mod.ts";
storageContract({ name: "MemoryStorage", make: () => new MemoryStorage() });
