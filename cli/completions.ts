import { buildCommand, type Command } from "@stricli/core";
import type { LabContext } from "./_process.ts";
import { completionScripts, type Shell, SHELLS } from "./_shell.ts";

/** `lab completions`: prints what a shell needs in order to complete. */
export const completionsCommand: Command<LabContext> = buildCommand<
  Record<never, never>,
  [Shell],
  LabContext
>({
  func(_flags, shell): void {
    this.process.stdout.write(completionScripts[shell]);
  },
  parameters: {
    flags: {},
    positional: {
      kind: "tuple",
      parameters: [{
        parse: shellNamed,
        placeholder: "shell",
        brief: SHELLS.join(", "),
        proposeCompletions: (partial) => SHELLS.filter((shell) => shell.startsWith(partial)),
      }],
    },
  },
  docs: {
    brief: "Print completions for bash, zsh or fish",
    fullDescription:
      "Prints a script that makes a shell complete commands, flags, keys and names.\n" +
      '  bash: eval "$(lab completions bash)" in ~/.bashrc\n' +
      '  zsh:  eval "$(lab completions zsh)" in ~/.zshrc, after compinit\n' +
      "  fish: lab completions fish | source in ~/.config/fish/config.fish",
  },
});

function shellNamed(text: string): Shell {
  const shell = SHELLS.find((name) => name === text);
  if (shell === undefined) {
    throw new SyntaxError(`expected one of ${SHELLS.join(", ")}`);
  }
  return shell;
}
