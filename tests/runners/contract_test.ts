import { AsyncRunner, SerialRunner, WorkersRunner } from "@labtech/lab/runners";
import { runnerContract } from "@labtech/lab/testing";

runnerContract({ name: "SerialRunner", make: () => new SerialRunner() });
runnerContract({ name: "AsyncRunner", make: () => new AsyncRunner() });
runnerContract({ name: "WorkersRunner", make: () => new WorkersRunner() });
