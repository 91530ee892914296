import {
  type Application,
  ArgumentScannerError,
  buildApplication,
  buildRouteMap,
  formatMessageForArgumentScannerError,
  text_en as english,
} from "@stricli/core";
import { LabtechError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { acceptCommand } from "./accept.ts";
import { auditCommand } from "./audit.ts";
import { completionsCommand } from "./completions.ts";
import { diagramCommand } from "./diagram.ts";
import { exitCodeFor } from "./_exit_codes.ts";
import { errorText } from "./_failures.ts";
import { explainCommand } from "./explain.ts";
import { keygenCommand } from "./keygen.ts";
import { gcCommand } from "./gc.ts";
import { lsCommand } from "./ls.ts";
import { outdatedCommand } from "./outdated.ts";
import { queueRoutes } from "./queue.ts";
import { permissionsCommand } from "./permissions.ts";
import { pluginsCommand } from "./plugins.ts";
import type { LabContext } from "./_process.ts";
import { rmCommand } from "./rm.ts";
import { runCommand } from "./run.ts";
import { runsCommand } from "./runs.ts";
import { showCommand } from "./show.ts";
import { verifyCommand } from "./verify.ts";
import { workerCommand } from "./worker.ts";

const root = buildRouteMap<string, LabContext>({
  routes: {
    run: runCommand,
    ls: lsCommand,
    show: showCommand,
    runs: runsCommand,
    explain: explainCommand,
    diagram: diagramCommand,
    rm: rmCommand,
    outdated: outdatedCommand,
    gc: gcCommand,
    verify: verifyCommand,
    accept: acceptCommand,
    audit: auditCommand,
    keygen: keygenCommand,
    worker: workerCommand,
    queue: queueRoutes,
    permissions: permissionsCommand,
    plugins: pluginsCommand,
    completions: completionsCommand,
  },
  docs: {
    brief: "Run tasks, and look after their results",
    fullDescription:
      "Runs tasks, and looks after their results. lab <command> --help tells more.\n" +
      'The configuration is the key "labtech" of the nearest deno.json or deno.jsonc.',
  },
});

/** What was done wrongly is told without a stack; a fault of the program itself with one. */
function complaint(error: unknown): string {
  const asked = Deno.args.includes("--verbose") || Deno.args.includes("-v");
  return errorText(error, { verbose: asked || !(error instanceof LabtechError) });
}

function typingMistake(error: unknown): string {
  if (!(error instanceof ArgumentScannerError)) return complaint(error);
  return formatMessageForArgumentScannerError(error, {
    FlagNotFoundError: ({ input, corrections }) => {
      const near = corrections.map((name) => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`));
      const [first] = near;
      return `There is no flag --${input}${
        first === undefined ? "" : `; did you mean --${first}?`
      }`;
    },
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: name, input, exception }) => {
      const reason = exception instanceof Error ? exception.message : String(exception);
      return `Wrong value ${JSON.stringify(input)} for ${name}: ${reason}`;
    },
    UnsatisfiedPositionalError: ({ placeholder }) => `Expected a ${placeholder}; --help tells more`,
  });
}

/**
 * The command line as a whole.
 *
 * It is parsed by `@stricli/core`: no dependency, 4 ms to import (commander takes 40, citty 20, optique
 * 60), flags typed by what the command takes, "did you mean", and completions that may look into the
 * storage. Its own completion package knows bash only, and `@bomb.sh/tab` runs what stands on the command
 * line through `eval`; so the scripts for the shells are our own.
 */
export const application: Application<LabContext> = buildApplication(root, {
  name: "lab",
  versionInfo: { currentVersion: VERSION },
  scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
  documentation: { disableAnsiColor: true, onlyRequiredInUsageLine: true },
  localization: {
    text: {
      ...english,
      formatException: complaint,
      exceptionWhileParsingArguments: typingMistake,
      exceptionWhileRunningCommand: complaint,
      exceptionWhileLoadingCommandContext: complaint,
      exceptionWhileLoadingCommandFunction: complaint,
    } as typeof english,
  },
  determineExitCode: exitCodeFor,
});
