import { storageContract } from "../../testing/mod.ts";
import { NullStorage } from "../../storages/mod.ts";
storageContract({ name: "NullStorage", keeps: false, make: () => new NullStorage() });
